"""The engine in Python: every line of a piece a record, a problem or blank."""

from collections.abc import Sequence
from itertools import accumulate

from ses_cli.batch import BOM, DEFAULT_CHECKS, OVERLONG_HEAD, Checks, Invalid, Piece
from ses_cli.events import Problem
from ses_cli.identity import Seen
from ses_cli.schema.batch import PythonBatch
from ses_cli.schema.clean import Clean
from ses_cli.schema.document import Flaw, is_object, parse
from ses_cli.schema.line import is_blank, too_long, validate
from ses_cli.schema.odd import read

_RUN = 16  # lines that are tried at least
_WORTH = 24  # clean lines for which finding out where they end takes no longer than looking at each
_MOST_DOUBT = 64  # lines that are looked at before the short cut is tried again
_Row = tuple[int, bytes]  # in the piece; without the line end


class PythonEngine:
    """See `ses_cli.batch.Engine`. It learns which undocumented keys a log has."""

    name = "python"
    piece_size = 96 << 10  # a larger piece falls out of the processor's cache, and its memory goes back to the system
    is_threaded = False

    def __init__(self, checks: Checks = DEFAULT_CHECKS) -> None:
        self._checks = checks
        self._tests = checks.selection.tests()
        self._tells_warnings = checks.strict or checks.explain
        self._clean = Clean(takes_warnings=not self._tells_warnings)  # else they need their lines
        self._doubt = 1  # lines to be looked at before the short cut is tried again: more where it was of no use
        self._starts: list[int] = []  # offsets of the lines of the piece at hand

    def seen(self, is_local: bool = False) -> Seen:
        return Seen()

    def check(self, piece: Piece) -> PythonBatch:
        batch = PythonBatch(piece)
        self._starts = []
        if piece.overlong:
            batch.lines = 1
            self._reject(batch, 0, piece.data, [too_long(piece.overlong, self._checks.max_line)])
        elif self._doubt > 1 or len(piece.data) > self._checks.max_line:
            self._each_run(batch, _RUN)
        elif isinstance(found := self._clean.decode(piece.data), int):
            self._each_run(batch, max(found, _RUN))
        else:
            batch.block, batch.records, batch.warnings = found, found.records, found.warnings
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
        held = self._held(batch, lines)
        at, doubted, since = 0, self._doubt if self._doubt > 1 else 0, 0
        places: list[int] = []
        while at < len(held):
            looked = held[at : at + doubted]
            found = [row for row, raw in looked if self._look(batch, row, raw, row == unended)]
            if found and found[0] == looked[0][0]:
                self._learn(looked[0][1])
            places += found
            at += doubted
            block = held[at : at + run]
            if not block:
                break
            clean = self._take(batch, block)
            places += [row for row, _ in block[:clean]]
            at += clean
            since += clean  # clean lines since the last that was not
            if clean == len(block):
                self._doubt, doubted = 1, 0
            else:
                self._doubt = doubted = 1 if since >= _WORTH else min(2 * self._doubt, _MOST_DOUBT)
                since = 0
            run = max(2 * clean, _RUN)
        batch.places = places
        batch.invalid.sort(key=lambda invalid: invalid.problems[0].line)

    def _take(self, batch: PythonBatch, block: Sequence[_Row]) -> int:
        """Adds the records of the clean lines that a block begins with; how many there are."""
        found = self._clean.decode(b"\n".join([raw for _, raw in block]))
        if isinstance(found, int) and found:
            found = self._clean.decode(b"\n".join([raw for _, raw in block[:found]]))
        if isinstance(found, int):
            return 0
        batch.records += found.records
        batch.warnings.update(found.warnings)
        return len(found.records)

    def _learn(self, raw: bytes) -> None:
        """Takes note of the line that the short cut failed at."""
        value = parse(raw.removeprefix(BOM), unfinished=False)
        if is_object(value):
            self._clean.learn(value)

    def _held(self, batch: PythonBatch, lines: list[bytes]) -> list[_Row]:
        """The lines that hold something; those that are too long are rejected on the way."""
        longest = self._checks.max_line
        if b"\r" not in batch.piece.data:
            plain = [(row, line) for row, line in enumerate(lines) if line.startswith(b"{") and len(line) <= longest]
            if len(plain) == len(lines):
                return plain
        held = []
        for row, line in enumerate(lines):
            raw = line.removesuffix(b"\r")
            if len(line) > longest:
                self._reject(batch, row, raw[: min(longest, OVERLONG_HEAD)], [too_long(len(line), longest)])
            elif is_blank(raw):
                batch.blank += 1
            else:
                held.append((row, raw))
        return held

    def _look(self, batch: PythonBatch, row: int, raw: bytes, unended: bool) -> bool:
        """Looks closely at a line: whether it is a record."""
        odd = read(raw)
        if odd is None or (odd[1] and self._tells_warnings):
            return self._define(batch, row, raw, unended)
        record, codes = odd
        batch.records.append(record)
        for code in codes:
            batch.warnings[code] += 1
        return True

    def _define(self, batch: PythonBatch, row: int, raw: bytes, unended: bool) -> bool:
        """Asks the definition whether a line is a record."""
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
        return True

    def _reject(self, batch: PythonBatch, row: int, raw: bytes, found: list[Flaw]) -> None:
        batch.invalid.append(Invalid(self._problems(batch.piece, row, found), raw))
        for flaw in found:
            batch.problems[flaw.code] += 1

    def _problems(self, piece: Piece, row: int, found: list[Flaw]) -> list[Problem]:
        if not self._starts:
            sizes = [len(line) + 1 for line in piece.data.split(b"\n")]
            self._starts = list(accumulate(sizes, initial=piece.offset))
        return [Problem(piece.source, piece.line + row, self._starts[row], *flaw) for flaw in found]
