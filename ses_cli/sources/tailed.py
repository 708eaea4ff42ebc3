"""A log that is followed from where a reader left it, whatever was rotated away since."""

import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from ses_cli.batch import Piece
from ses_cli.errors import SourceError
from ses_cli.sources.find import Source, find
from ses_cli.sources.follow import POLL, Tail, Tell, Turn
from ses_cli.sources.rotated import rotated
from ses_cli.sources.series import Series, first_line


class Tailed:
    """The pieces of all generations of a log under its one name, for ever; None when nothing more has come.

    `begins` is told the first line of each generation before its pieces come, and whether it stands in a file that was
    emptied, and may hold again what was there before. Iterating raises SourceError.
    """

    def __init__(
        self,
        source: Source,
        max_line: int,
        begins: Callable[[bytes, bool], None],
        tell: Tell,
        after: str | None = None,
    ) -> None:
        """`after`: the stamp of the rotated file behind which to begin; None for the live file."""
        self.errors: list[SourceError] = []
        self.done = 0  # bytes handed out
        self.is_waiting = False
        self._source = source
        self._max_line = max_line
        self._begins = begins
        self._tell = tell
        self._after = after
        self._new: Turn | None = None

    def __iter__(self) -> Iterator[Piece | None]:
        with Tail(self._source.path, self._max_line, self._turn, after=self._after) as tail:
            while True:
                for piece in tail.pieces():
                    self.is_waiting = False
                    if self._new:
                        self._begins(first_line(piece), self._new.kind == "truncated")
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
        if turn.kind != "opened":
            self._tell(turn)


def resumed(source: Source, max_line: int, known: Collection[str], key: Callable[[bytes], str]) -> str | None:
    """Behind which rotated file to begin, None for the live file, where some generations of a log were read.

    They are known by a key of their first lines. SourceError where none of them is there any more.
    """
    path = Path(source.path).resolve()
    files = rotated(path)
    for file in files:
        if _key(file.path, max_line, key) in known:
            return max((other.stamp for other in files if other.stamp < file.stamp), default="")
    if not known or _key(path, max_line, key) in known:
        return None
    raise SourceError(
        f"{source.name}: another log than the one that was followed, which is not beside it",
        "name a new --journal, after a replay of what is left of the old log",
    )


def _key(path: Path, max_line: int, key: Callable[[bytes], str]) -> str | None:
    sources, _ = find([str(path)])
    line = Series(sources, max_line).first_line(sources[0]) if sources else b""
    return key(line) if line else None
