"""The native engine: see `ses_cli/native/src`. Importing this fails where it was not built."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ses_cli.batch import DEFAULT_CHECKS, Batch, Checks, Piece
from ses_cli.identity import domain_name
from ses_cli.native import _engine
from ses_cli.native.batch import NativeBatch

if TYPE_CHECKING:
    from ses_cli.sources import Source


class NativeEngine:
    """See `ses_cli.batch.Engine`."""

    name = "native"
    piece_size = 512 << 10  # the work in Python around it is small, and its columns stay in the processor's cache
    is_threaded = True

    def __init__(self, checks: Checks = DEFAULT_CHECKS) -> None:
        self._checks = checks
        self._engine = _engine.Engine(checks.max_line, checks.strict, checks.explain, checks.selection, domain_name)

    def check(self, piece: Piece) -> Batch:
        if piece.overlong:
            from ses_cli.schema import PythonEngine  # start-up: there are few such lines

            return PythonEngine(self._checks).check(piece)
        return NativeBatch(piece, self._engine.scan(piece.data), self._checks)

    def seen(self, is_local: bool = False) -> _engine.Seen:
        return _engine.Seen(is_local)

    def read(self, source: Source, start: int, end: int, line: Callable[[], int]) -> Iterator[tuple[Batch, int]]:
        """The batches of the lines of a plain file that begin in [start, end), each with where it ends.

        It ends early where a closer look is due: at a line that is very long or has no end, at an error. `line` tells
        the number of the next batch's first line.
        """
        log = _open(source)
        offset = None if log is None else log.line_start(start)
        while log is not None and offset is not None and offset < end:
            found = self._engine.read(log, offset, end, self.piece_size)
            if found is None:
                return
            columns, after = found
            yield NativeBatch(Piece(source.name, offset, b"", line()), columns, self._checks), after
            offset = after


def _open(source: Source) -> _engine.Log | None:
    """A log that the engine reads, None where that cannot be, or it is not the file it was."""
    if source.is_object:
        return None
    try:
        log = _engine.Log(source.path)
    except (OSError, AttributeError):
        return None
    return log if log.identity == source.identity else None
