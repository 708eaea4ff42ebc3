"""Sources one after another: numbered pieces, and how far they are read."""

from collections.abc import Iterable, Iterator
from itertools import chain

from ses_cli.batch import Piece
from ses_cli.errors import SourceError
from ses_cli.sources.read import PIECE, Span, read
from ses_cli.sources.source import Source
from ses_cli.sources.unblocked import unblocked


class Series:
    """The lines of all sources. What could not be read is kept in `errors`; the others are still read.

    With `unblocking`, a pipe that stands still gives None, "nothing just now".
    """

    def __init__(
        self, sources: Iterable[Source], max_line: int, unblocking: bool = False, piece_size: int = PIECE
    ) -> None:
        self.errors: list[SourceError] = []
        self.done = 0  # bytes of the sources, as they lie on disk, that were handed out
        self._sources = sources
        self._max_line = max_line
        self._unblocking = unblocking
        self._piece_size = piece_size
        self._begun: dict[str, Iterator[Piece]] = {}

    def first_line(self, source: Source) -> bytes:
        """The first line of a source, without its end; it is read all the same, even from a pipe."""
        pieces = read(Span(source), self._max_line, self._piece_size)
        try:
            first = next(pieces, None)
        except SourceError as error:
            self._begun[source.name] = _raising(error)
            return b""
        if source.size is None:  # it cannot be opened twice; of files, hundreds must not stay open
            self._begun[source.name] = chain([first] if first else [], pieces)
        return first_line(first) if first else b""

    def __iter__(self) -> Iterator[Piece | None]:
        for source in self._sources:
            before = self.done
            try:
                for piece in self._pieces(source):
                    yield piece
                    if piece is not None:
                        self.done = before + piece.bytes_read
            except SourceError as error:
                self.errors.append(error)
            self.done = before + (source.size or 0)

    def _pieces(self, source: Source) -> Iterator[Piece | None]:
        begun = self._begun.pop(source.name, None)
        pieces = begun or read(Span(source), self._max_line, self._piece_size)
        return unblocked(pieces) if self._unblocking and source.size is None else pieces


def first_line(piece: Piece) -> bytes:
    """The first line of a piece, without its end."""
    return piece.data.split(b"\n", 1)[0].removesuffix(b"\r")


def _raising(error: SourceError) -> Iterator[Piece]:
    raise error
    yield  # a generator, which raises when it is read
