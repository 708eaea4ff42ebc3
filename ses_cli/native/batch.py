"""The batch of the native engine: columns that answer questions, and records only of what is asked for."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Self, overload

from ses_cli.batch import BOM, OVERLONG_HEAD, Invalid, Piece
from ses_cli.events import Problem
from ses_cli.identity import marks, recipient
from ses_cli.native import _engine

if TYPE_CHECKING:
    from msgspec.json import Decoder

    from ses_cli.batch import Checks, Counts, Fields, Key, Kinds, Seen, Value
    from ses_cli.batch.collected import (
        BounceColumns,
        Collected,
        CollectedBounces,
        CollectedColumns,
        CollectedMessages,
        Deliveries,
        Judge,
    )
    from ses_cli.batch.records import Lane, Located, Row
    from ses_cli.callback import Callback
    from ses_cli.schema.document import Flaw
    from ses_cli.schema.line import Line

_Place = tuple[int, int, int]  # row, start and end in the piece


class NativeBatch:
    """See `ses_cli.batch.Batch`. Its piece is made of the engine's own buffer when it is asked for."""

    def __init__(self, head: Piece, columns: _engine.Lines, checks: Checks) -> None:
        """`head` is the piece, without its data where these lie in the engine."""
        self._head = head
        self.columns = columns
        self._checks = checks
        self._odd: list[tuple[int, dict[str, object]]] = []  # objects that the definition looked at, with their rows
        if places := columns.unsure():
            self._settle(places)
        columns.select()
        self.lines = columns.lines
        self.blank = columns.blank
        self.filtered = columns.filtered
        self.warnings = columns.warnings()
        self.problems = columns.problems()
        self._invalid: Sequence[_Place] = columns.invalid() if self.problems else ()

    @property
    def invalid(self) -> Sequence[Invalid]:
        # not kept: it holds the batch, and a batch that holds itself stays in memory, with its text
        return _InvalidLines(self, self._invalid) if self._invalid else ()

    def _settle(self, places: Sequence[_Place]) -> None:
        """Asks the definition about every line that is not clear beyond doubt."""
        for place in places:
            line = self._validate(place)
            codes = [flaw.code for flaw in line.flaws]
            if line.value is not None:
                self._odd.append((place[0], dict(line.value)))
            if line.is_valid(self._checks.strict):
                record = line.record()
                values = [getattr(record, name) for name in _SLOTS]
                self.columns.accept(place[0], values, codes, self._checks.explain)
            else:
                self.columns.reject(place[0], codes)

    def _validate(self, place: _Place) -> Line:
        from ses_cli.schema.line import validate  # start-up, here and below: of most lines nothing is asked

        _, start, end = place
        return validate(self.columns.cut(start, end), not self.columns.line_end(end)[1])

    def explain(self, place: _Place) -> Invalid:
        """An invalid line with all its problems."""
        from ses_cli.schema.line import too_long

        _, start, end = place
        limit = self._checks.max_line
        length = self.columns.line_end(end)[0] - start
        if length > limit:
            head = self.columns.cut(start, min(end, start + min(limit, OVERLONG_HEAD)))
            return Invalid(self._problems(place, [too_long(length, limit)]), head)
        return Invalid(self._problems(place, self._validate(place).flaws), self.columns.cut(start, end))

    def _problems(self, place: _Place, flaws: Sequence[Flaw]) -> list[Problem]:
        row, start, _ = place
        return [Problem(self._head.source, self._head.line + row, self._head.offset + start, *flaw) for flaw in flaws]

    @cached_property
    def piece(self) -> Piece:
        return self._head._replace(data=self.columns.text())

    @property
    def source(self) -> str:
        return self._head.source

    @property
    def line(self) -> int:
        return self._head.line

    @property
    def count(self) -> int:
        return self.columns.count

    @property
    def duplicates(self) -> int:
        return self.columns.duplicates

    @property
    def explained(self) -> Sequence[Problem]:
        places = self.columns.warned() if self._checks.explain else ()
        return [problem for place in places for problem in self._problems(place, self._validate(place).flaws)]

    def period(self) -> tuple[int, int] | None:
        return self.columns.period()

    def counts(self, keys: Sequence[Key]) -> Counts:
        if not keys:
            return {(): self.count} if self.count else {}
        return self.columns.counts(list(keys))

    def add_counts(self, keys: Sequence[Key], counts: Counter[tuple[Value, ...]]) -> None:
        counts.update(self.counts(keys))

    def collect(self, keys: Sequence[Key], collected: Collected | None) -> Collected | None:
        counts = collected if isinstance(collected, NativeCounts) else NativeCounts(keys)
        counts.add(self)
        return counts

    def collect_bounces(
        self, event: str, bounce_type: str | None, is_local: bool, collected: CollectedBounces | None
    ) -> tuple[CollectedBounces, Deliveries]:
        bounces = collected if isinstance(collected, NativeBounces) else NativeBounces(event, bounce_type)
        return bounces, bounces.add(self, is_local)

    def collect_messages(
        self, by: Sequence[Key], has_texts: bool, judge: Judge | None, collected: CollectedMessages | None
    ) -> CollectedMessages:
        from ses_cli.native.messages import NativeMessages  # start-up

        messages = collected if isinstance(collected, NativeMessages) else NativeMessages(by, has_texts, judge)
        messages.add(self.columns)
        return messages

    def collect_columns(self, names: Sequence[str], collected: CollectedColumns | None) -> CollectedColumns | None:
        columns = collected if isinstance(collected, _engine.Columns) else _engine.Columns(list(names))
        columns.add(self.columns, self._head.line)
        return columns

    def callbacks(self, events: AbstractSet[str] | None = None) -> Sequence[Callback]:
        return self._records(self.columns.places(events))

    def located(self, events: AbstractSet[str] | None = None) -> Iterator[Located]:
        from ses_cli.batch.records import Located  # start-up: here and below

        places = self.columns.places(events)
        line, offset = self._head.line, self._head.offset
        for record, (row, start, end, _) in zip(self._records(places), places, strict=True):
            yield Located(record, line + row, offset + start, self.columns.cut(start, end))

    def captured(self) -> bytes:
        return self.columns.captured()

    def _records(self, places: Sequence[tuple[int, int, int, bool]]) -> list[Callback]:
        """The records of valid lines; those in old spellings are read by the definition."""
        cut = self.columns.cut
        plain = b",".join([cut(start, end).removeprefix(BOM) for _, start, end, is_odd in places if not is_odd])
        decoded = iter(_decoder().decode(b"[" + plain + b"]"))
        return [
            self._validate((row, start, end)).record() if is_odd else next(decoded)
            for row, start, end, is_odd in places
        ]

    def rows(self, lane: Lane) -> Sequence[Row]:
        from ses_cli.batch.records import Row

        make: Callable[[tuple[object, ...]], Row] = partial(tuple.__new__, Row)
        return list(map(make, self.columns.rows(lane, self._head.line, self._head.offset)))

    def deliveries(self, is_local: bool = False) -> Deliveries:
        return _marked(*self.columns.deliveries(is_local), is_local)

    def fingerprints(self) -> bytes:
        return self.columns.fingerprints()

    def prepare(self, seen: Seen) -> None:
        if isinstance(seen, _engine.Seen):
            self.columns.prepare(seen)

    def deduplicate(self, seen: Seen) -> None:
        if isinstance(seen, _engine.Seen):
            self.columns.deduplicate(seen)
        else:
            self.columns.keep(seen.add(self.fingerprints()))

    def fields(self) -> Fields:
        known = self.columns.fields()
        if known is not None and not self._odd:
            return {(name, type_): (first, n) for name, type_, first, n in known}
        from ses_cli.schema.batch import fields
        from ses_cli.schema.document import is_object, objects, parse

        rows = [row for row, *_ in self.columns.places()]
        found = list(zip(rows, objects(self.piece, rows), strict=True))
        for row, start, end in self.columns.invalid():
            value = parse(self.columns.cut(start, end).removeprefix(BOM), False)
            if is_object(value) and self.columns.line_end(end)[0] - start <= self._checks.max_line:
                found.append((row, value))
        return fields(found)


class NativeCounts:
    """See `ses_cli.batch.Collected`."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.keys = keys
        self._tally = _engine.Tally(list(keys))

    def add_columns(self, values: Sequence[Sequence[Value]], counts: Kinds[list[int]]) -> None:
        """Adds groups that were counted elsewhere: their values, a column for each key, and their records.

        Raises ValueError where the columns do not fit each other.
        """
        self._tally.add_columns(values, [(*kind, column) for kind, column in counts.items()])

    def add(self, batch: NativeBatch) -> None:
        """Counts the records of a batch."""
        self._tally.add(batch.columns)

    def merge(self, later: Self) -> None:
        self._tally.merge(later._tally)

    def counts(self) -> Counts:
        return self._tally.counts()

    def __len__(self) -> int:
        return len(self._tally)

    def sums(self) -> Kinds[int]:
        return {(event, bounce_type): n for event, bounce_type, n in self._tally.sums()}

    def largest(self, top: int | None = None) -> array[int]:
        return array("I", self._tally.largest(top))

    def values(self, groups: Sequence[int]) -> list[list[Value]]:
        return self._tally.values(groups)

    def columns(self, groups: Sequence[int]) -> Kinds[list[int]]:
        return {(event, bounce_type): counts for event, bounce_type, counts in self._tally.columns(groups)}


class NativeBounces:
    """See `ses_cli.batch.CollectedBounces`."""

    def __init__(self, event: str, bounce_type: str | None) -> None:
        self._bounces = _engine.Bounces(event, bounce_type)

    def add(self, batch: NativeBatch, is_local: bool) -> Deliveries:
        """Takes in the bounces, deferrals or drops of a batch. Returns its deliveries."""
        return _marked(*self._bounces.add(batch.columns, is_local), is_local)

    def merge(self, later: Self) -> None:
        self._bounces.merge(later._bounces)

    def add_columns(self, columns: BounceColumns) -> None:
        """Takes in what was collected later, in columns. Raises ValueError where they do not fit each other."""
        emails, domains, domain_of, kinds, times, reasons, reason_of, firsts, lasts, counts, *_ = columns
        told = columns.origins, columns.origin_of.tobytes(), columns.spelt
        self._bounces.add_columns(
            (emails, domains, domain_of.tobytes(), kinds, times.tobytes(), reasons, reason_of.tobytes()),
            (firsts.tobytes(), lasts.tobytes(), counts.tobytes(), *told),
        )

    def columns(self, is_kept: bool = False) -> BounceColumns:
        from ses_cli.batch.collected import BounceColumns

        speaking, rest = self._bounces.columns(is_kept)
        emails, domains, domain_of, kinds, times, reasons, reason_of = speaking
        firsts, lasts, counts, origins, origin_of, spelt = rest
        return BounceColumns(
            emails,
            domains,
            array("I", domain_of),
            kinds,
            array("q", times),
            reasons,
            array("I", reason_of),
            array("q", firsts),
            array("q", lasts),
            array("q", counts),
            origins,
            array("I", origin_of),
            spelt,
        )


def _marked(found: bytes, times: bytes, others: Sequence[tuple[int, str]], is_local: bool) -> Deliveries:
    """Deliveries, where some marks are still to be made."""
    if others:
        changed = bytearray(found)
        for at, email in others:
            changed[8 * at : 8 * at + 8] = (_engine.local_marks if is_local else marks)([recipient(email)])
        found = bytes(changed)
    return found, times


@cache
def _decoder() -> Decoder[list[Callback]]:
    from msgspec.json import Decoder

    from ses_cli.callback import Callback

    return Decoder(list[Callback])


_SLOTS = (
    "event",
    "email",
    "bulk_id",
    "timestamp",
    "link",
    "reason",
    "bounce_type",
    "username",
    "sender",
    "from_domain",
    "template_id",
    "useragent",
    "subject",
    "message_id",
    "eventid",
    "task_id",
    "sent_timestamp",
)


class _InvalidLines(Sequence[Invalid]):
    """The invalid lines, each explained when it is asked for."""

    def __init__(self, batch: NativeBatch, places: Sequence[_Place]) -> None:
        self._batch = batch
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> Invalid: ...
    @overload
    def __getitem__(self, at: slice) -> list[Invalid]: ...
    def __getitem__(self, at: int | slice) -> Invalid | list[Invalid]:
        if isinstance(at, slice):
            return [self._batch.explain(place) for place in self._places[at]]
        return self._batch.explain(self._places[at])
