"""A log that is followed from where a reader left it, whatever was rotated away since."""

import time
from collections.abc import Iterator
from typing import Protocol

from ses_cli.batch import Piece
from ses_cli.errors import SourceError
from ses_cli.follow.tail import POLL, Tail, Tell, Turn
from ses_cli.sources.find import Source
from ses_cli.sources.series import first_line


class Heir(Protocol):
    """Who is told which file it is that is read, before its pieces come."""

    def begin(self, first: bytes, is_new: bool, /) -> None:
        """The next one begins with this line. `is_new`: it was emptied, whatever it holds again."""

    def cut(self, lines: int, /) -> None:
        """Of the one that is read, so many lines are left, and others will follow."""


class Tailed:
    """The pieces of all generations of a log under its one name, for ever; None when nothing more has come.

    Iterating raises SourceError.
    """

    def __init__(self, source: Source, max_line: int, heir: Heir | None, tell: Tell, after: str) -> None:
        """`after`: the stamp of the rotated file behind which to begin, "" where there is none."""
        self.errors: list[SourceError] = []
        self.done = 0  # bytes handed out
        self.is_waiting = False
        self._source = source
        self._max_line = max_line
        self._heir = heir
        self._tell = tell
        self._after = after
        self._new: Turn | None = None

    def __iter__(self) -> Iterator[Piece | None]:
        with Tail(self._source.path, self._max_line, self._turn, after=self._after) as tail:
            while True:
                for piece in tail.pieces():
                    self.is_waiting = False
                    if self._new and self._heir:
                        self._heir.begin(first_line(piece), self._new.kind == "truncated")
                    self._new = None
                    self.done += len(piece.data)
                    yield piece._replace(source=self._source.name)
                self.is_waiting = True
                again = time.monotonic() + POLL  # it may be asked far more often than a log grows
                yield None
                while time.monotonic() < again:
                    yield None

    def _turn(self, turn: Turn) -> None:
        if turn.kind in ("opened", "rotated", "truncated"):
            self._new = turn
        if turn.kind == "cut-back" and self._heir:
            self._heir.cut(turn.line - 1)
        if turn.kind != "opened":
            self._tell(turn)
