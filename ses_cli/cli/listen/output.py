"""What `listen` prints while it runs."""

import os
import signal
import threading
import time
from collections import deque
from typing import BinaryIO, Self

from ses_cli.capture.server_events import (
    Answered,
    ReceiverFailure,
    ReceiverTotals,
    Refused,
    Rejected,
    ServerEvent,
    Shipping,
    Stored,
    Synced,
)
from ses_cli.cli.listen.forward_status import ForwardStatus
from ses_cli.cli.listen.lines import Alongside, LineWriter, TextLines, account
from ses_cli.render.live import Picture, is_live, size
from ses_cli.render.text import safe_lines

_MAX_WAITING = 1000  # lines that wait for a slow terminal; of more, only the number is shown
_INTERVAL = 0.1  # seconds between two writes
_CLOSE_TIMEOUT = 2.0  # seconds to print what is left


class EventPrinter:
    """Takes events from any thread, and prints them in a thread of its own: a slow terminal must not delay the server.

    A terminal gets a line for each callback, with the totals below; anything else gets one line a minute, if anything
    happened. Notes and errors are printed at once; with `quiet`, errors only.
    """

    def __init__(self, out: BinaryIO, lines: LineWriter, quiet: bool = False, period: float = 60.0) -> None:
        self._out = out
        self._lines = lines
        self._quiet = quiet
        self._period = period
        self._picture = Picture(out) if is_live(out) and not quiet and isinstance(lines, TextLines) else None
        self._lock = threading.Lock()
        self._waiting: deque[ServerEvent | ReceiverTotals] = deque()
        self._unshown = 0
        self._now, self._before = ReceiverTotals(), ReceiverTotals()
        self._standing = Alongside()
        self._drawn, self._told = Alongside().texts, Alongside().texts  # of it, at the last picture, in the last line
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
                case ForwardStatus() | Shipping():
                    self._standing.see(event)
                    return
                case Answered() | Synced():
                    return
                case _:
                    self._waiting.append(event)
                    return
            if self._picture and len(self._waiting) < _MAX_WAITING:
                self._waiting.append(event)
            else:
                self._unshown += 1

    def stopped(self, totals: ReceiverTotals) -> None:
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
            totals, standing = account(self._now), self._standing.texts
        lines = [line for event in events for line in self._shown(event)]
        if self._picture:
            lines += [f"{unshown:,} more were too fast to be shown"] if unshown else []
            if lines or is_last or standing != self._drawn:
                below = "\n".join(safe_lines(line) for line in (totals, *standing))
                self._picture.draw("" if is_last else below, "\n".join(lines), is_last)
                self._drawn = standing
            return
        if not self._quiet and not is_last and time.monotonic() - self._reported >= self._period:
            lines += self._since()
        if lines:
            self._out.write("".join(f"{line}\n" for line in lines).encode(errors="replace"))
            self._out.flush()

    def _shown(self, event: ServerEvent | ReceiverTotals) -> list[str]:
        if self._quiet and not isinstance(event, ReceiverFailure):
            return []
        if isinstance(event, ReceiverTotals):
            return self._lines.stopped(event, self._standing)
        return self._lines.event(event, size(self._out)[0] if self._picture else 0)

    def _since(self) -> list[str]:
        """One line for what came since the last such line, and one for what stands otherwise than then."""
        with self._lock:
            now, before, self._now = self._now, self._before, _copy(self._now)
        self._before = now
        self._reported = time.monotonic()
        new = ReceiverTotals(
            now.stored - before.stored, now.rejected - before.rejected, now.events - before.events,
            now.refused - before.refused,
        )  # fmt: skip
        changed, self._told = self._standing.changed(self._told), self._standing.texts
        return self._lines.since(new if new != ReceiverTotals() else None, now.stored, changed)


def _copy(totals: ReceiverTotals) -> ReceiverTotals:
    return ReceiverTotals(totals.stored, totals.rejected, totals.events.copy(), totals.refused.copy())
