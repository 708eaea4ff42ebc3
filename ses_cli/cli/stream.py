"""A log read in order, for what is sent: the records with their bytes, and the account of all lines."""

from collections.abc import Iterable, Iterator

from ses_cli.batch import Batch, Located, Piece
from ses_cli.cli.options import Reading
from ses_cli.events import Problem
from ses_cli.ledger import Ledger
from ses_cli.render.data import rejects
from ses_cli.render.output import Output
from ses_cli.scan import FIRST
from ses_cli.schema import Checker
from ses_cli.selection import Selection, Selector

Row = tuple[str, Located]
RawRow = tuple[str, int, int, bytes]  # source, line, offset, bytes without the line end


class Stream:
    """Numbered pieces, checked. A None among them, "nothing just now", is handed on."""

    def __init__(self, pieces: Iterable[Piece | None], reading: Reading, selection: Selection, rejects: Output) -> None:
        self.ledger = Ledger()
        self.first: list[Problem] = []
        self._pieces = pieces
        self._reading = reading
        self._checker = Checker(reading.max_line, reading.strict)
        self._selector = Selector(selection)
        self._rejects = rejects

    def rows(self) -> Iterator[Row | None]:
        """The selected records, each with the name of its source."""
        for batch in self._batches():
            if batch is None:
                yield None
                continue
            for located in batch.located():
                yield batch.piece.source, located

    def raw_rows(self) -> Iterator[RawRow | None]:
        """Every line that is not blank."""
        for batch in self._batches():
            if batch is None:
                yield None
            else:
                yield from _raw(batch.piece)

    def _batches(self) -> Iterator[Batch | None]:
        for piece in self._pieces:
            if piece is None:
                yield None
                continue
            batch = self._checker.check(piece)
            self._enter(batch)
            yield batch

    def _enter(self, batch: Batch) -> None:
        filtered, duplicates = self._selector.narrow(batch)
        self.ledger.add(batch, filtered, duplicates, self._reading.strict)
        self.first += [invalid.problems[0] for invalid in batch.invalid[: FIRST - len(self.first)]]
        if self._reading.rejects:
            self._rejects.write(rejects(batch.invalid))


def _raw(piece: Piece) -> Iterator[RawRow]:
    offset = piece.offset
    for row, line in enumerate(piece.data.removesuffix(b"\n").split(b"\n") if not piece.overlong else ()):
        if line.strip(b" \t\r"):
            yield piece.source, piece.line + row, offset, line.removesuffix(b"\r")
        offset += len(line) + 1
