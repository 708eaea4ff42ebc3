"""How much of a log is still to be read."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from ses_cli.follow.follower import Follower
from ses_cli.follow.generations import Identity, generations
from ses_cli.follow.logfile import LogFile
from ses_cli.sources.read import PIECE

_MOST = 32 << 20  # bytes that are looked at in one call: some ten milliseconds


class LinesBehind(NamedTuple):
    """Lines of a log behind the place up to which it was read."""

    lines: int
    is_all: bool = True  # else there are more


class Backlog:
    """Counts the lines that a follower has before it, each file only as far as it has grown since the last time."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._counted: dict[Identity, tuple[int, int]] = {}  # bytes of a file, and the lines in them

    def count(self) -> LinesBehind:
        """As of now. A long one takes several calls, and is not all until then. Compressed files are not counted."""
        identity, offset, line = self._follower.position
        self._counted.setdefault(identity, (offset, line - 1))
        total, is_all, left = 1 - line, True, _MOST
        counted: dict[Identity, tuple[int, int]] = {}
        for file in self._files(identity):
            with file:
                if file.codec:
                    is_all = False
                    continue
                at, lines = self._counted.get(file.identity, (0, 0))
                if at > file.size:
                    at = lines = 0
                while left > 0 and (chunk := file.read_at(at, PIECE)):
                    at, lines, left = at + len(chunk), lines + chunk.count(b"\n"), left - len(chunk)
                is_all = is_all and at >= file.size
                counted[file.identity] = at, lines
                total += lines
        self._counted = counted
        return LinesBehind(max(total, 0), is_all)

    def _files(self, identity: Identity) -> Iterator[LogFile]:
        """The file that is read, and all later ones."""
        with suppress(OSError):
            found = generations(self._follower.path.resolve())
            at = next((at for at, one in enumerate(found) if one.identity == identity), max(len(found) - 1, 0))
            for generation in found[at:]:
                with suppress(FileNotFoundError):
                    yield LogFile.open(generation.path)
