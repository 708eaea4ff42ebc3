"""A log read in order, for what is sent: the records with their bytes, and the account of all lines."""

from collections.abc import Iterable, Iterator
from itertools import chain

from ses_cli.batch import Batch, Located, Piece
from ses_cli.cli.options import Reading
from ses_cli.errors import SourceError
from ses_cli.events import Problem
from ses_cli.ledger import Ledger
from ses_cli.render.data import rejects
from ses_cli.render.output import Output
from ses_cli.scan import FIRST
from ses_cli.schema import Checker
from ses_cli.selection import Selection, Selector
from ses_cli.sources import Source, Span, read

Row = tuple[str, Located]
RawRow = tuple[str, int, int, bytes]  # source, line, offset, bytes without the line end


class Stream:
    """Sources one after another. What could not be read is kept in `errors`; the others are still read."""

    def __init__(self, sources: Iterable[Source], reading: Reading, selection: Selection, rejects: Output) -> None:
        self.ledger = Ledger()
        self.first: list[Problem] = []
        self.errors: list[SourceError] = []
        self.done = 0  # bytes of the sources, as they lie on disk, that were handed out
        self._sources = sources
        self._reading = reading
        self._checker = Checker(reading.max_line, reading.strict)
        self._selector = Selector(selection)
        self._rejects = rejects
        self._begun: dict[str, Iterator[Piece]] = {}

    def first_line(self, source: Source) -> bytes:
        """The first line of a source, by which a journal knows it again; it is read all the same, even from a pipe."""
        pieces = read(Span(source), self._reading.max_line)
        try:
            first = next(pieces, None)
        except SourceError as error:
            self._begun[source.name] = _raising(error)
            return b""
        if first is None:
            return b""
        self._begun[source.name] = chain([first], pieces)
        return first.data.split(b"\n", 1)[0].removesuffix(b"\r")

    def rows(self) -> Iterator[Row]:
        """The selected records, each with the name of its source."""
        for batch in self._batches():
            for located in batch.located():
                yield batch.piece.source, located

    def raw_rows(self) -> Iterator[RawRow]:
        """Every line that is not blank."""
        for batch in self._batches():
            yield from _raw(batch.piece)

    def _batches(self) -> Iterator[Batch]:
        for source in self._sources:
            line, before = 1, self.done
            try:
                for piece in self._begun.pop(source.name, None) or read(Span(source), self._reading.max_line):
                    batch = self._checker.check(piece._replace(line=line))
                    line += batch.lines
                    self._enter(batch)
                    yield batch
                    self.done = before + piece.taken
            except SourceError as error:
                self.errors.append(error)
            self.done = before + (source.size or 0)

    def _enter(self, batch: Batch) -> None:
        filtered, duplicates = self._selector.narrow(batch)
        self.ledger.add(batch, filtered, duplicates, self._reading.strict)
        self.first += [invalid.problems[0] for invalid in batch.invalid[: FIRST - len(self.first)]]
        if self._reading.rejects:
            self._rejects.write(rejects(batch.invalid))


def _raising(error: SourceError) -> Iterator[Piece]:
    raise error
    yield  # a generator, which raises when it is read


def _raw(piece: Piece) -> Iterator[RawRow]:
    offset = piece.offset
    for row, line in enumerate(piece.data.removesuffix(b"\n").split(b"\n") if not piece.overlong else ()):
        if line.strip(b" \t\r"):
            yield piece.source, piece.line + row, offset, line.removesuffix(b"\r")
        offset += len(line) + 1
