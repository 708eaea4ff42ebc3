"""The engine in Python: every line of a piece a record, a problem or blank."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from ses_cli.batch import DEFAULT_CHECKS, OVERLONG_HEAD, Checks, Invalid, Piece
from ses_cli.events import Problem
from ses_cli.identity import Seen
from ses_cli.schema.batch import PythonBatch
from ses_cli.schema.clean import Clean
from ses_cli.schema.document import Flaw
from ses_cli.schema.line import is_blank, too_long, validate

_RUN = 16  # lines that are tried at least
_MOST_DOUBT = 64  # lines that are looked at before the short cut is tried again
_Row = tuple[int, bytes]  # in the piece; without the line end


class PythonEngine:
    """See `ses_cli.batch.Engine`. It learns which undocumented keys a log has."""

    name = "python"
    piece_size = 64 << 10  # a larger piece falls out of the processor's cache, and its memory goes back to the system
    is_threaded = False

    def __init__(self, checks: Checks = DEFAULT_CHECKS) -> None:
        self._checks = checks
        self._tests = checks.selection.tests()
        self._clean = Clean(takes_warnings=not checks.strict and not checks.explain)  # else they need their lines
        self._doubt = 1  # lines to be looked at before the short cut is tried again: more where it was of no use
        self._starts: list[int] = []  # offsets of the lines of the piece at hand

    def seen(self) -> Seen:
        return Seen()

    def check(self, piece: Piece) -> PythonBatch:
        batch = PythonBatch(piece)
        self._starts = [piece.offset]
        text = piece.data.removesuffix(b"\n")
        if piece.overlong:
            batch.lines = 1
            self._reject(batch, 0, piece.data, [too_long(piece.overlong, self._checks.max_line)])
        elif self._doubt > 1 or len(text) > self._checks.max_line:
            self._each_run(batch, _RUN)
        elif isinstance(found := self._clean.decode(text), int):
            self._each_run(batch, max(found, _RUN))
        else:
            batch.records, batch.warnings = found
            batch.lines = len(batch.records)
            batch.places = range(batch.lines)
        if self._tests:
            batch.select(self._tests)
        return batch

    def _each_run(self, batch: PythonBatch, run: int) -> None:
        """Takes clean lines run by run, and looks closely at those between.

        A run is about as long as the one before. Where every line is of a sort that the short cut does not know, it is
        tried ever more rarely: what is tried for nothing stays a small part of the work.
        """
        lines = batch.piece.data.split(b"\n")
        unended = len(lines) - 1 if lines[-1] else -1  # the row of a last line that no newline ends
        if unended < 0:
            lines.pop()
        batch.lines = len(lines)
        self._starts = list(accumulate((len(line) + 1 for line in lines), initial=batch.piece.offset))
        held = list(self._held(batch, lines))
        at, doubted = 0, self._doubt if self._doubt > 1 else 0
        places: list[int] = []
        while at < len(held):
            for row, raw in held[at : at + doubted]:
                if self._look(batch, row, raw, row == unended):
                    places.append(row)
            at += doubted
            block = held[at : at + run]
            clean = self._take(batch, block)
            places += [row for row, _ in block[:clean]]
            at += clean
            self._doubt = 1 if clean else min(2 * self._doubt, _MOST_DOUBT)
            doubted = 0 if clean == len(block) else self._doubt
            run = max(2 * clean, _RUN)
        batch.places = places
        batch.invalid.sort(key=lambda invalid: invalid.problems[0].line)

    def _take(self, batch: PythonBatch, block: Sequence[_Row]) -> int:
        """Adds the records of the clean lines that a block begins with; how many there are."""
        found = self._clean.decode(b"\n".join([raw for _, raw in block])) if block else 0
        if isinstance(found, int) and found:
            found = self._clean.decode(b"\n".join([raw for _, raw in block[:found]]))
        if isinstance(found, int):
            return 0
        batch.records += found.records
        batch.warnings.update(found.warnings)
        return len(found.records)

    def _held(self, batch: PythonBatch, lines: list[bytes]) -> Iterator[_Row]:
        """The lines that hold something; those that are too long are rejected on the way."""
        longest = self._checks.max_line
        for row, line in enumerate(lines):
            raw = line.removesuffix(b"\r")
            if len(line) > longest:
                self._reject(batch, row, raw[: min(longest, OVERLONG_HEAD)], [too_long(len(line), longest)])
            elif is_blank(raw):
                batch.blank += 1
            else:
                yield row, raw

    def _look(self, batch: PythonBatch, row: int, raw: bytes, unended: bool) -> bool:
        """Looks closely at a line: whether it is a record."""
        line = validate(raw, unended)
        if not line.is_valid(self._checks.strict):
            self._reject(batch, row, raw, line.flaws)
            if line.value is not None:
                batch.objects.append((row, line.value))
            return False
        batch.records.append(line.record())
        batch.warnings.update([flaw.code for flaw in line.flaws])
        if self._checks.explain:
            batch.explained += self._problems(batch.piece, row, line.flaws)
        if line.value is not None:
            self._clean.learn(line.value)
        return True

    def _reject(self, batch: PythonBatch, row: int, raw: bytes, found: list[Flaw]) -> None:
        batch.invalid.append(Invalid(self._problems(batch.piece, row, found), raw))
        batch.problems.update([flaw.code for flaw in found])

    def _problems(self, piece: Piece, row: int, found: list[Flaw]) -> list[Problem]:
        return [Problem(piece.source, piece.line + row, self._starts[row], *flaw) for flaw in found]
