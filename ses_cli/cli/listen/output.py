"""What `listen` prints while it runs."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import BinaryIO, Self

from ses_cli.capture.server_events import Failure, Listening, Note, Refused, Rejected, ServerEvent, Stored, Totals
from ses_cli.cli.listen.forward_status import ForwardStatus
from ses_cli.render.live import Picture, is_live, passing, size
from ses_cli.render.text import safe_lines

_MAX_WAITING = 1000  # lines that wait for a slow terminal; of more, only the number is shown
_INTERVAL = 0.1  # seconds between two writes
_CLOSE_TIMEOUT = 2.0  # seconds to print what is left


class EventPrinter:
    """Takes events from any thread, and prints them in a thread of its own: a slow terminal must not delay the server.

    A terminal gets a line for each callback, with the totals below; anything else gets one line a minute, if anything
    happened. Notes and errors are printed at once; with `quiet`, errors only.
    """

    def __init__(
        self, out: BinaryIO, greet: Callable[[Listening], list[str]], quiet: bool = False, period: float = 60.0
    ) -> None:
        self._out = out
        self._greet = greet
        self._quiet = quiet
        self._period = period
        self._picture = Picture(out) if is_live(out) and not quiet else None
        self._lock = threading.Lock()
        self._waiting: deque[ServerEvent | Totals] = deque()
        self._unshown = 0
        self._now, self._before = Totals(), Totals()
        self._forward: ForwardStatus | None = None
        self._shown, self._reported_forward = "", ""  # of it, at the last picture and in the last line
        self._reported = time.monotonic()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="printer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join(_CLOSE_TIMEOUT)

    def __call__(self, event: ServerEvent | ForwardStatus) -> None:
        """Takes an event; returns at once."""
        with self._lock:
            match event:
                case Stored():
                    self._now.stored += 1
                    self._now.events[event.record.event] += 1
                case Rejected():
                    self._now.rejected += 1
                case Refused():
                    self._now.refused[event.status] += 1
                case ForwardStatus():
                    self._forward = event
                    return
                case _:
                    self._waiting.append(event)
                    return
            if self._picture and len(self._waiting) < _MAX_WAITING:
                self._waiting.append(event)
            else:
                self._unshown += 1

    def stopped(self, totals: Totals) -> None:
        """Prints the totals, as the last line."""
        with self._lock:
            self._waiting.append(totals)

    def _run(self) -> None:
        try:
            while not self._closing.wait(_INTERVAL):
                self._print()
            self._print(is_last=True)
        except OSError:  # nobody reads this any more
            if self._picture:
                os.kill(os.getpid(), signal.SIGTERM)  # the terminal was closed

    def _print(self, is_last: bool = False) -> None:
        with self._lock:
            events, self._waiting = self._waiting, deque()
            unshown, self._unshown = self._unshown, 0
            totals, forward = account(self._now), "" if self._forward is None else str(self._forward)
        lines = [line for event in events for line in self._lines(event)]
        if self._picture:
            lines += [f"{unshown:,} more were too fast to be shown"] if unshown else []
            if lines or is_last or forward != self._shown:
                below = "\n".join(safe_lines(line) for line in (totals, forward) if line)
                self._picture.draw("" if is_last else below, "\n".join(lines), is_last)
                self._shown = forward
            return
        if not self._quiet and not is_last and time.monotonic() - self._reported >= self._period:
            lines += self._since()
        if lines:
            self._out.write("".join(f"{line}\n" for line in lines).encode(errors="replace"))
            self._out.flush()

    def _lines(self, event: ServerEvent | Totals) -> list[str]:
        columns = size(self._out)[0] if self._picture else 0
        match event:
            case Stored(at, record):
                parts = [record.email, record.bounce_type or "", record.reason or ""]
                return [passing(at, record.event, parts, columns)]
            case Rejected(at, problems):
                problem = problems[0]
                return [passing(at, "rejected", [problem.path, f"{problem.message} [{problem.code}]"], columns)]
            case Refused(at, status, why, client):
                return [passing(at, "refused", [client, f"{status} {why}"], columns)]
            case Failure(message):
                return [safe_lines(f"error: {message}")]
            case Note(message):
                return [] if self._quiet else [safe_lines(f"note: {message}")]
            case Totals():
                return [] if self._quiet else self._stopped(event)
            case _:
                return [] if self._quiet else list(map(safe_lines, self._greet(event)))

    def _stopped(self, totals: Totals) -> list[str]:
        lines = [f"stopped: {account(totals)}"]
        if self._forward is not None:
            status = self._forward
            waiting = f", {status.waiting} until listen runs again" if status.now.waiting else ""
            lines.append(f"forwarding: {status.totals}{waiting}")
        return lines

    def _since(self) -> list[str]:
        """One line for what came since the last such line, and one for how forwarding stands."""
        with self._lock:
            now, before, self._now = self._now, self._before, _copy(self._now)
        self._before = now
        self._reported = time.monotonic()
        new = Totals(
            now.stored - before.stored, now.rejected - before.rejected, now.events - before.events,
            now.refused - before.refused,
        )  # fmt: skip
        lines = [f"{account(new)}; {now.stored:,} in all"] if new != Totals() else []
        forward = "" if self._forward is None else str(self._forward)
        if forward != self._reported_forward:
            self._reported_forward = forward
            lines.append(safe_lines(forward))
        return lines


def account(totals: Totals) -> str:
    """Totals in a line."""
    events = ", ".join(f"{n:,} {event}" for event, n in totals.events.most_common())
    statuses = ", ".join(f"{n:,} with {status}" for status, n in sorted(totals.refused.items()))
    parts = [f"{totals.stored:,} stored" + (f" ({events})" if events else "")]
    parts += [f"{totals.rejected:,} invalid, in the rejects file"] if totals.rejected else []
    parts += [f"refused: {statuses}"] if statuses else []
    if totals.evicted:
        parts.append(f"{totals.evicted:,} connection{'s' if totals.evicted > 1 else ''} closed to make room")
    return "; ".join(parts)


def _copy(totals: Totals) -> Totals:
    return Totals(totals.stored, totals.rejected, totals.events.copy(), totals.refused.copy())
