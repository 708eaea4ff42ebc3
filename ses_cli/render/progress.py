"""Progress on standard error, where it is a terminal and the wait is worth it."""

import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_PATIENCE = 1.0  # seconds before anything is shown
_INTERVAL = 0.1  # seconds between two pictures


class Progress:
    """A bar with bytes, rate and time left. It has no thread, which a fork would not survive: news draw it."""

    def __init__(self, total: int | None) -> None:
        self._total = total  # bytes, None where not known
        self._done = 0
        self._started = self._drawn = time.monotonic()
        self._is_wanted = bool(sys.stderr) and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def advance(self, size: int) -> None:
        """`size` bytes more are done."""
        self._done += size
        now = time.monotonic()
        if self._is_wanted and now - self._started > _PATIENCE and now - self._drawn > _INTERVAL:
            self._drawn = now
            self._draw()

    def reach(self, done: int) -> None:
        """`done` bytes in all are done."""
        self.advance(done - self._done)

    def clear(self) -> None:
        """Takes the bar away, to make room for other output on the terminal."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _draw(self) -> None:
        if self._bar is None:
            self._bar = _bar()
            self._bar.add_task("", total=self._total, completed=0)
            self._bar.tasks[0].start_time = self._started
            self._bar.start()
        self._bar.update(self._bar.tasks[0].id, completed=self._done, refresh=True)


def _bar() -> "Bar":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(compact=True))
    colours = not os.environ.get("NO_COLOR")
    console = Console(stderr=True, no_color=not colours)
    return Bar(*columns, console=console, auto_refresh=False, transient=True, get_time=time.monotonic)
