"""A log read in order, for what is sent: the records with their bytes, and the account of all lines."""

from collections.abc import Iterable, Iterator

from ses_cli.batch import Checks, Located, Piece
from ses_cli.cli.options import Reading
from ses_cli.events import Problem
from ses_cli.ledger import Ledger
from ses_cli.pipeline import Reader
from ses_cli.render.data import rejects
from ses_cli.render.output import Output
from ses_cli.selection import Selection

Row = tuple[str, Located]
RawRow = tuple[str, int, int, bytes]  # source, line, offset, bytes without the line end


class Stream:
    """Numbered pieces, checked. A None among them, "nothing just now", is handed on."""

    def __init__(self, pieces: Iterable[Piece | None], reading: Reading, selection: Selection, output: Output) -> None:
        checks = Checks(reading.max_line, reading.strict, selection=selection)
        self.reader = Reader(checks, (lambda lines: output.write(rejects(lines))) if reading.rejects else None)
        self._pieces = pieces

    @property
    def ledger(self) -> Ledger:
        """The account of all lines."""
        return self.reader.ledger

    @property
    def first(self) -> list[Problem]:
        """What is wrong with the first invalid lines."""
        return self.reader.first

    def rows(self) -> Iterator[Row | None]:
        """The selected records, each with the name of its source."""
        for batch in self.reader.batches(self._pieces):
            if batch is None:
                yield None
                continue
            for located in batch.located():
                yield batch.piece.source, located

    def raw_rows(self) -> Iterator[RawRow | None]:
        """Every line that is not blank."""
        for batch in self.reader.batches(self._pieces):
            if batch is None:
                yield None
            else:
                yield from _raw(batch.piece)


def _raw(piece: Piece) -> Iterator[RawRow]:
    offset = piece.offset
    for row, line in enumerate(piece.data.removesuffix(b"\n").split(b"\n") if not piece.overlong else ()):
        if line.strip(b" \t\r"):
            yield piece.source, piece.line + row, offset, line.removesuffix(b"\r")
        offset += len(line) + 1
