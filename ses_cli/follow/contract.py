"""What a follower is told, and what it tells."""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, Protocol

from ses_cli.follow.logfile import LogFile

Kind = Literal["opened", "rotated", "truncated", "shortened", "gone", "missing", "unreadable"]


class LogChange(NamedTuple):
    """Something other than growth. The pieces that come next are of `source`."""

    kind: Kind
    source: str
    offset: int  # bytes, where reading goes on
    line: int  # number of the line that begins there
    detail: str = ""


OnChange = Callable[[LogChange], None]


class Tracker(Protocol):
    """Who is told which generation it is that is read, before its pieces come."""

    def begin(self, file: LogFile, is_new: bool, /) -> None:
        """This generation is read next. `is_new`: the file was emptied, whatever it holds again."""

    def shorten(self, file: LogFile, offset: int, line: int, /) -> None:
        """The generation that is read lost what stood from here on, and other lines will follow."""


class Start(NamedTuple):
    """Where to begin, instead of at the start of the log."""

    file: LogFile | None = None  # open
    offset: int = 0  # of a plain file: where a line begins
    line: int = 1  # and its number
    later: Iterable[LogFile] = ()  # open files that come after it, whatever stands between
