"""A piece of a source becomes a batch: every line a record, a problem or blank."""

from collections.abc import Iterator
from itertools import accumulate, islice

import orjson

from ses_cli.batch import BOM, OVERLONG_HEAD, Batch, Invalid, Piece
from ses_cli.events import ERRORS, Problem
from ses_cli.schema.clean import Clean
from ses_cli.schema.document import Flaw, parse
from ses_cli.schema.record import exact, flaws, is_record, normalise

DEFAULT_MAX_LINE = 1 << 20
_BLOCK = 16  # records that are looked at one by one when one of them is not clean
_Row = tuple[int, bytes, dict[str, object]]


class Checker:
    """Checks pieces. `strict` makes errors of warnings, `explain` keeps the warnings in full."""

    def __init__(self, max_line: int = DEFAULT_MAX_LINE, strict: bool = False, explain: bool = False) -> None:
        self.max_line = max_line
        self._strict = strict
        self._explain = explain
        self._clean = Clean(takes_warnings=not strict and not explain)  # else they need their lines
        self._starts: list[int] = []  # offsets of the lines of the piece at hand

    def check(self, piece: Piece) -> Batch:
        """Every line of a piece, judged."""
        self._starts = [piece.offset]
        if piece.overlong:
            batch = Batch(piece, lines=1)
            self._reject(batch, 0, piece.data, [self._too_long(piece.overlong)], None)
            return batch
        batch = Batch(piece)
        if not self._all_clean(batch):
            self._each_line(batch)
        return batch

    def _all_clean(self, batch: Batch) -> bool:
        """Tries all lines of a piece at once, as an array with a 0 for each line end.

        A line end inside an object makes it invalid, so with 2n - 1 elements each of n lines held exactly one; unless
        it stood in a nested array, which a clean record does not have.
        """
        text = batch.piece.data.removesuffix(b"\n")
        array = text.replace(b"\n", b",\n0,")
        lines = (len(array) - len(text)) // 3 + 1
        if len(text) > self.max_line:
            return False
        try:
            elements: list[dict[str, object]] = orjson.loads(b"[" + array + b"]")
        except orjson.JSONDecodeError:
            return False
        if len(elements) != 2 * lines - 1 or not self._take(batch, elements[::2]):
            return False
        batch.lines = lines
        batch.rows = range(lines)
        return True

    def _take(self, batch: Batch, block: list[dict[str, object]]) -> bool:
        """Adds a whole block of records, unless one of them asks for a closer look."""
        taken = self._clean.take(block)
        if taken is None:
            return False
        batch.records += taken[0]
        batch.warnings.update(taken[1])
        return True

    def _each_line(self, batch: Batch) -> None:
        lines = batch.piece.data.split(b"\n")
        unfinished = bool(lines[-1])
        if not unfinished:
            lines.pop()
        batch.lines = len(lines)
        self._starts = list(accumulate((len(line) + 1 for line in lines), initial=batch.piece.offset))
        rows: list[int] = []
        parsed = self._parsed(batch, lines, unfinished)
        while block := list(islice(parsed, _BLOCK)):
            marked = any(raw.startswith(BOM) for _, raw, _ in block)
            if not marked and self._take(batch, [record for _, _, record in block]):
                rows += [row for row, _, _ in block]
            else:
                rows += [row for row, raw, record in block if self._judge(batch, row, raw, record)]
        batch.rows = rows
        batch.invalid.sort(key=lambda invalid: invalid.problems[0].line)

    def _parsed(self, batch: Batch, lines: list[bytes], unfinished: bool) -> Iterator[_Row]:
        """The objects, each with its row and bytes; what is none is rejected or counted as blank on the way."""
        for row, line in enumerate(lines):
            raw = line.removesuffix(b"\r")
            text = raw.removeprefix(BOM)
            if len(line) > self.max_line:
                head = raw[: min(self.max_line, OVERLONG_HEAD)]
                self._reject(batch, row, head, [self._too_long(len(line))], None)
            elif not text.strip(b" \t\r"):
                batch.blank += 1
            elif isinstance(record := parse(text, unfinished and row == len(lines) - 1), Flaw):
                self._reject(batch, row, raw, [*_marks(raw), record], None)
            else:
                yield row, raw, record

    def _judge(self, batch: Batch, row: int, raw: bytes, record: dict[str, object]) -> bool:
        found = [*_marks(raw), *flaws(record), *exact(record, raw)]
        if any(self._is_error(flaw) for flaw in found):
            self._reject(batch, row, raw, found, record)
            return False
        normalise(record)
        if is_record(record):
            batch.records.append(record)
        batch.warnings.update(flaw.code for flaw in found)
        if self._explain:
            batch.drift += self._problems(batch.piece, row, found)
        return True

    def _reject(self, batch: Batch, row: int, raw: bytes, found: list[Flaw], value: dict[str, object] | None) -> None:
        batch.invalid.append(Invalid(self._problems(batch.piece, row, found), raw, value))

    def _problems(self, piece: Piece, row: int, found: list[Flaw]) -> list[Problem]:
        return [Problem(piece.source, piece.line + row, self._starts[row], *flaw) for flaw in found]

    def _is_error(self, flaw: Flaw) -> bool:
        return self._strict or flaw.code in ERRORS

    def _too_long(self, length: int) -> Flaw:
        message = f"expected at most {self.max_line} bytes, got {length}"
        return Flaw("too-long", "", message, "raise --max-line if this is a callback")


def _marks(raw: bytes) -> list[Flaw]:
    return [Flaw("byte-order-mark", "", "a byte order mark was skipped")] if raw.startswith(BOM) else []
