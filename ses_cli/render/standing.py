"""How a replay stands, on standard error: a bar on a terminal, else a line every ten seconds."""

import os
import sys
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ses_cli.render import messages
from ses_cli.render.live import size

_PERIOD = 10.0  # seconds between two lines where there is no terminal
_AROUND = len("━━━━━━━━━━ 100 %  h:mm:ss")  # columns beside what is said, with the least of a bar
_ECHO = len("^C") + 1  # columns left free for what the terminal itself writes: in the next line it would stay
_EXPENDABLE = ("skipped", "p99", "flight", "retries", "rate", "failed")  # where there is no room, the first goes first


class Now(Protocol):
    """How a run stands. Times are seconds."""

    @property
    def seconds(self) -> float: ...
    @property
    def delivered(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def skipped(self) -> int: ...
    @property
    def retries(self) -> int: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def held(self) -> float: ...
    @property
    def p99(self) -> float | None: ...
    @property
    def cause(self) -> str: ...


class Standing:
    """Has no thread: news draw it."""

    def __init__(self, total: int | None) -> None:
        self._total = total  # bytes of the log, None where not known
        self._is_live = bool(sys.stderr) and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._next = 0.0 if self._is_live else _PERIOD
        self._told = (0, 0, 0)
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def note(self, text: str) -> None:
        """Say something above the bar."""
        self.clear()
        messages.note(text)

    def clear(self) -> None:
        """Take the bar away, until it is shown again."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def show(self, now: Now, done: int, is_waiting: bool) -> None:
        """Tell how it stands, `done` bytes of the log taken, and whether it waits for more of it."""
        if now.seconds < self._next:
            return
        if not self._is_live:
            self._next = now.seconds + _PERIOD
            told = (now.delivered, now.failed, now.retries)
            if not is_waiting or told != self._told:  # a log that is followed may stand still for days
                messages.plain(", ".join(_parts(now, is_waiting).values()))
            self._told = told
            return
        width = max(size(sys.stderr.buffer)[0] - _ECHO, 1)
        if self._bar is None:
            self._bar = _bar(self._total, width)
        self._bar.console.width = width  # it may have changed
        room = width - (0 if self._total is None else _AROUND)
        self._bar.update(TaskID(0), completed=done, said=fitting(_parts(now, is_waiting), room), refresh=True)


def fitting(parts: dict[str, str], room: int) -> str:
    """What there is room for, in columns, and what is being waited for in any case."""
    kept = dict(parts)
    for name in _EXPENDABLE:
        if len("  ".join(kept.values())) <= room:
            break
        kept.pop(name, None)
    return "  ".join(kept.values())


def _bar(total: int | None, width: int) -> Bar:
    """A line with the share of the log that is taken, what is said, and the time left."""
    columns: list[ProgressColumn] = [TextColumn("{task.fields[said]}", markup=False)]
    if total is not None:
        share = TextColumn("{task.percentage:>3.0f} %")
        columns = [BarColumn(bar_width=None), share, *columns, TimeRemainingColumn(compact=True)]
    console = Console(stderr=True, width=width, no_color=bool(os.environ.get("NO_COLOR")))
    bar = Bar(*columns, console=console, auto_refresh=False, transient=True, expand=True)
    bar.add_task("", total=total, said="")
    bar.start()
    return bar


def _parts(now: Now, is_waiting: bool) -> dict[str, str]:
    rate = now.delivered / now.seconds if now.seconds else 0.0
    parts = {"delivered": f"{now.delivered:,} delivered", "rate": f"{rate:,.0f}/s"}
    parts["flight"] = f"{now.in_flight} in flight"
    parts |= {"failed": f"{now.failed:,} failed"} if now.failed else {}
    parts |= {"retries": f"{now.retries:,} retries"} if now.retries else {}
    parts |= {"skipped": f"{now.skipped:,} skipped"} if now.skipped else {}
    parts |= {"p99": f"p99 {now.p99 * 1000:,.0f} ms"} if now.p99 is not None else {}
    if now.held:
        parts["waiting"] = f"retrying in {now.held:.0f} s" + (f" ({now.cause})" if now.cause else "")
    elif is_waiting and not now.in_flight:
        parts["waiting"] = "waiting for more"
    return parts
