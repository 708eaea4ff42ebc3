"""The batch of the native engine: columns that answer questions, and records only of what is asked for."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import overload

from msgspec.json import Decoder

from ses_cli.batch import BOM, OVERLONG_HEAD, Checks, Counts, Fields, Invalid, Key, Lane, Located, Piece, Row, Seen
from ses_cli.callback import Callback
from ses_cli.events import Problem
from ses_cli.identity import marks, recipient
from ses_cli.native import _engine
from ses_cli.schema.document import Flaw
from ses_cli.schema.line import Line, too_long, validate

_Place = tuple[int, int, int]  # row, start and end in the piece
_DECODER = Decoder(list[Callback])
_row: Callable[[tuple[object, ...]], Row] = partial(tuple.__new__, Row)


class NativeBatch:
    """See `ses_cli.batch.Batch`."""

    def __init__(self, piece: Piece, lines: _engine.Lines, checks: Checks) -> None:
        self.piece = piece
        self._lines = lines
        self._checks = checks
        self.lines: int = lines.lines
        self.blank: int = lines.blank
        self._settle()
        lines.select()
        self.filtered: int = lines.filtered
        self.warnings: Counter[str] = Counter(lines.warnings())
        self.problems: Counter[str] = Counter(lines.problems())
        self.invalid: Sequence[Invalid] = _InvalidLines(self) if self.problems else ()

    def _settle(self) -> None:
        """Asks the definition about every line that is not clear beyond doubt."""
        for place in self._lines.unsure():
            line = self._validate(place)
            codes = [flaw.code for flaw in line.flaws]
            if line.is_valid(self._checks.strict):
                record = line.record()
                values = [getattr(record, name) for name in Callback.__struct_fields__]
                self._lines.accept(place[0], values, codes, self._checks.explain)
            else:
                self._lines.reject(place[0], codes)

    def _raw(self, place: _Place) -> bytes:
        return self.piece.data[place[1] : place[2]]

    def _validate(self, place: _Place) -> Line:
        _, start, end = place
        return validate(self.piece.data[start:end], self.piece.data.find(b"\n", end) < 0)

    def reasons(self, place: _Place) -> Invalid:
        """An invalid line with all its problems."""
        limit, raw = self._checks.max_line, self._raw(place)
        end = self.piece.data.find(b"\n", place[2])
        length = (len(self.piece.data) if end < 0 else end) - place[1]
        if length > limit:
            return Invalid(self._problems(place, [too_long(length, limit)]), raw[: min(limit, OVERLONG_HEAD)])
        return Invalid(self._problems(place, self._validate(place).flaws), raw)

    def invalid_places(self) -> list[_Place]:
        """Where the invalid lines stand."""
        return self._lines.invalid()

    def _problems(self, place: _Place, flaws: Sequence[Flaw]) -> list[Problem]:
        source, offset, line = self.piece.source, self.piece.offset + place[1], self.piece.line + place[0]
        return [Problem(source, line, offset, *flaw) for flaw in flaws]

    @property
    def count(self) -> int:
        return self._lines.count

    @property
    def duplicates(self) -> int:
        return self._lines.duplicates

    @property
    def explained(self) -> Sequence[Problem]:
        if not self._checks.explain:
            return ()
        return [problem for place in self._lines.warned() for problem in self._problems(place, self._validate(place).flaws)]

    def period(self) -> tuple[int, int] | None:
        return self._lines.period()

    def counts(self, keys: Sequence[Key]) -> Counts:
        if not keys:
            return {(): self.count} if self.count else {}
        return self._lines.counts(list(keys))

    def callbacks(self, events: AbstractSet[str] | None = None) -> Sequence[Callback]:
        return self._records(self._lines.places(None if events is None else set(events)))

    def located(self, events: AbstractSet[str] | None = None) -> Iterator[Located]:
        places = self._lines.places(None if events is None else set(events))
        line, offset = self.piece.line, self.piece.offset
        for record, (row, start, end, _) in zip(self._records(places), places, strict=True):
            yield Located(record, line + row, offset + start, self.piece.data[start:end])

    def _records(self, places: Sequence[tuple[int, int, int, bool]]) -> list[Callback]:
        """The records of valid lines; those in old spellings are read by the definition."""
        data = self.piece.data
        plain = b",".join([data[start:end].removeprefix(BOM) for _, start, end, is_odd in places if not is_odd])
        records = _DECODER.decode(b"[" + plain + b"]")
        for at, (row, start, end, is_odd) in enumerate(places):
            if is_odd:
                records.insert(at, self._validate((row, start, end)).record())
        return records

    def rows(self, lane: Lane) -> Sequence[Row]:
        line, offset = self.piece.line, self.piece.offset
        return [_row((line + row, offset + start, *rest)) for row, start, *rest in self._lines.rows(lane)]

    def deliveries(self) -> tuple[bytes, bytes]:
        found, times, others = self._lines.deliveries()
        if others:
            changed = bytearray(found)
            for at, email in others:
                changed[8 * at : 8 * at + 8] = marks([recipient(email)])
            found = bytes(changed)
        return found, times

    def fingerprints(self) -> bytes:
        return self._lines.fingerprints()

    def deduplicate(self, seen: Seen) -> None:
        if isinstance(seen, _engine.Seen):
            self._lines.deduplicate(seen)
        else:
            self._lines.keep(seen.add(self.fingerprints()))

    def fields(self) -> Fields: ...


class _InvalidLines(Sequence[Invalid]):
    """The invalid lines, each judged when it is asked for."""

    def __init__(self, batch: NativeBatch) -> None:
        self._batch = batch
        self._places = batch.invalid_places()

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> Invalid: ...
    @overload
    def __getitem__(self, at: slice) -> list[Invalid]: ...
    def __getitem__(self, at: int | slice) -> Invalid | list[Invalid]:
        if isinstance(at, slice):
            return [self._batch.reasons(place) for place in self._places[at]]
        return self._batch.reasons(self._places[at])
