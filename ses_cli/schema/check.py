"""A piece of a source becomes a batch: every line a record, a problem or blank."""

from collections.abc import Iterator
from itertools import accumulate, islice

from ses_cli.batch import BOM, OVERLONG_HEAD, Batch, Invalid, Piece
from ses_cli.events import ERRORS, Problem
from ses_cli.schema.clean import Clean
from ses_cli.schema.document import Flaw, parse
from ses_cli.schema.record import callback, depths, flaws, normalise

DEFAULT_MAX_LINE = 1 << 20
_BLOCK = 16  # lines that are looked at one by one when one of them is not clean
_Row = tuple[int, bytes]  # in the piece; without the line end


class Checker:
    """Checks pieces. `strict` makes errors of warnings, `explain` keeps the warnings in full."""

    def __init__(self, max_line: int = DEFAULT_MAX_LINE, strict: bool = False, explain: bool = False) -> None:
        self.max_line = max_line
        self._strict = strict
        self._explain = explain
        self._clean = Clean(takes_warnings=not strict and not explain)  # else they need their lines
        self._starts: list[int] = []  # offsets of the lines of the piece at hand

    def check(self, piece: Piece) -> Batch:
        """Every line of a piece, judged: all at once, else block by block, else one by one."""
        self._starts = [piece.offset]
        if piece.overlong:
            batch = Batch(piece, lines=1)
            self._reject(batch, 0, piece.data, [self._too_long(piece.overlong)], None)
            return batch
        batch = Batch(piece)
        text = piece.data.removesuffix(b"\n")
        if len(text) <= self.max_line and self._take(batch, text):
            batch.lines = len(batch.records)
            batch.rows = range(batch.lines)
        else:
            self._each_block(batch)
        return batch

    def _take(self, batch: Batch, text: bytes) -> bool:
        """Adds the records of lines, unless one of them asks for a closer look."""
        taken = self._clean.take(text)
        if taken is None:
            return False
        batch.records += taken[0]
        batch.warnings.update(taken[1])
        return True

    def _each_block(self, batch: Batch) -> None:
        lines = batch.piece.data.split(b"\n")
        unended = len(lines) - 1 if lines[-1] else -1  # the row of a last line that no newline ends
        if unended < 0:
            lines.pop()
        batch.lines = len(lines)
        self._starts = list(accumulate((len(line) + 1 for line in lines), initial=batch.piece.offset))
        rows: list[int] = []
        held = self._held(batch, lines)
        while block := list(islice(held, _BLOCK)):
            if self._take(batch, b"\n".join([raw for _, raw in block])):
                rows += [row for row, _ in block]
            else:
                rows += [row for row, raw in block if self._look(batch, row, raw, row == unended)]
        batch.rows = rows
        batch.invalid.sort(key=lambda invalid: invalid.problems[0].line)

    def _held(self, batch: Batch, lines: list[bytes]) -> Iterator[_Row]:
        """The lines that hold something; those that are too long are rejected on the way."""
        for row, line in enumerate(lines):
            raw = line.removesuffix(b"\r")
            if len(line) > self.max_line:
                head = raw[: min(self.max_line, OVERLONG_HEAD)]
                self._reject(batch, row, head, [self._too_long(len(line))], None)
            elif not raw.removeprefix(BOM).strip(b" \t\r"):
                batch.blank += 1
            else:
                yield row, raw

    def _look(self, batch: Batch, row: int, raw: bytes, unended: bool) -> bool:
        """Looks closely at a line: whether it is a record."""
        marks = [Flaw("byte-order-mark", "", "a byte order mark was skipped")] if raw.startswith(BOM) else []
        record = parse(raw.removeprefix(BOM), unended)
        if isinstance(record, Flaw):
            self._reject(batch, row, raw, [*marks, record], None)
            return False
        found = [*marks, *flaws(record), *depths(record)]
        if any(self._strict or flaw.code in ERRORS for flaw in found):
            self._reject(batch, row, raw, found, record)
            return False
        normalise(record)
        batch.records.append(callback(record))
        batch.warnings.update(flaw.code for flaw in found)
        if self._explain:
            batch.drift += self._problems(batch.piece, row, found)
        self._clean.learn(record)
        return True

    def _reject(self, batch: Batch, row: int, raw: bytes, found: list[Flaw], value: dict[str, object] | None) -> None:
        batch.invalid.append(Invalid(self._problems(batch.piece, row, found), raw, value))

    def _problems(self, piece: Piece, row: int, found: list[Flaw]) -> list[Problem]:
        return [Problem(piece.source, piece.line + row, self._starts[row], *flaw) for flaw in found]

    def _too_long(self, length: int) -> Flaw:
        message = f"expected at most {self.max_line} bytes, got {length}"
        return Flaw("too-long", "", message, "raise --max-line if this is a callback")
