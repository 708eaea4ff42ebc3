"""How far a run is, on standard error: a bar with a few words beside it, where that is a terminal."""

import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ses_cli.leftovers import forget_leftover, register_leftover
from ses_cli.render import messages

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_PATIENCE = 1.0  # seconds before the progress of reading is shown
_INTERVAL = 0.1  # seconds between two pictures of it
_AROUND = len("━━━━━━━━━━ 100 %  h:mm:ss")  # columns beside the words, with the least of a bar
_ECHO = len("^C") + 1  # columns left free for what the terminal itself writes: in the next line it would stay


class Display:
    """The share of the log that is done, words, and the time left. It has no thread, which a fork would not survive."""

    def __init__(self, total: int | None) -> None:
        self._total = total  # bytes of the log, None where not known
        self._bar: Bar | None = None
        self._started = time.monotonic()
        self.is_live = bool(sys.stderr) and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def note(self, text: str) -> None:
        """Says something above the bar."""
        self.clear()
        messages.note(text)

    def clear(self) -> None:
        """Takes the bar away, until it is drawn again, to make room for other output on the terminal."""
        if self._bar:
            self._bar.stop()
            self._bar = None
            forget_leftover(_erase)

    def draw(self, done: int, parts: dict[str, str], expendable: tuple[str, ...] = ()) -> None:
        """Shows that `done` bytes are done, and as many of the parts as there is room for."""
        from ses_cli.render.live import size  # start-up: most runs end before anything is shown

        width = max(size(sys.stderr.buffer)[0] - _ECHO, 1)
        if self._bar is None:
            register_leftover(_erase)
            self._bar = _bar(self._total, width, self._started)
        self._bar.console.width = width  # it may have changed
        said = fitting(parts, width - (0 if self._total is None else _AROUND), expendable)
        self._bar.update(self._bar.tasks[0].id, completed=done, said=said, refresh=True)


class Progress(Display):
    """How far logs are read: told once it takes a while."""

    def __init__(self, total: int | None) -> None:
        super().__init__(total)
        self._done = 0
        self._drawn = self._started

    def advance(self, size: int) -> None:
        """`size` bytes more are done."""
        self._done += size
        now = time.monotonic()
        if self.is_live and now - self._started > _PATIENCE and now - self._drawn > _INTERVAL:
            self._drawn = now
            parts = {"done": _size(self._done), "rate": f"{_size(self._done / (now - self._started))}/s"}
            self.draw(self._done, parts, ("rate", "done"))

    def reach(self, done: int) -> None:
        """`done` bytes in all are done."""
        self.advance(done - self._done)


def fitting(parts: dict[str, str], room: int, expendable: tuple[str, ...]) -> str:
    """What there is room for, in columns: of what is expendable, the first goes first."""
    kept = dict(parts)
    for name in expendable:
        if len("  ".join(kept.values())) <= room:
            break
        kept.pop(name, None)
    return "  ".join(kept.values())


def _erase() -> None:
    """Takes away a bar and shows the cursor again, whatever the bar was about to do."""
    os.write(2, b"\r\x1b[K\x1b[?25h")


def _size(count: float) -> str:
    """Bytes, in words: `12.3 MB`."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"


def _bar(total: int | None, width: int, started: float) -> "Bar":
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns: list[ProgressColumn] = [TextColumn("{task.fields[said]}", markup=False)]
    if total is not None:
        share = TextColumn("{task.percentage:>3.0f} %")
        columns = [BarColumn(bar_width=None), share, *columns, TimeRemainingColumn(compact=True)]
    console = Console(stderr=True, width=width, no_color=bool(os.environ.get("NO_COLOR")))
    bar = Bar(*columns, console=console, auto_refresh=False, transient=True, expand=True, get_time=time.monotonic)
    bar.add_task("", total=total, said="")
    bar.tasks[0].start_time = started
    bar.start()
    return bar
