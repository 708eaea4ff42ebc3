"""The batch of the engine in Python: a `Callback` for each record, asked when a question comes."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import compress

from ses_cli.batch import SLOT, Counts, Fields, Invalid, Key, Piece, Seen, Value
from ses_cli.batch.collected import Collected, CollectedBounces, CollectedMessages, Deliveries, Judge
from ses_cli.batch.records import Lane, Located, Row
from ses_cli.callback import Callback
from ses_cli.events import Problem
from ses_cli.identity import (
    domain,
    domain_names,
    domains,
    fingerprint,
    from_domain,
    marks,
    message_key,
    recipient,
    recipients,
)
from ses_cli.schema.clean import CleanBlock
from ses_cli.schema.document import objects

_JSON_TYPES: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
    list: "array",
    dict: "object",
}


@dataclass(slots=True)
class PythonBatch:
    """See `ses_cli.batch.Batch`. `records[i]` stands on line `piece.line + places[i]`."""

    piece: Piece
    lines: int = 0
    blank: int = 0
    filtered: int = 0
    duplicates: int = 0
    invalid: list[Invalid] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    explained: list[Problem] = field(default_factory=list)
    records: list[Callback] = field(default_factory=list)
    places: Sequence[int] = ()
    block: CleanBlock | None = None  # the records once more, while they are all of it
    valid: list[Callback] | None = None  # all valid records, where some were filtered out
    objects: list[tuple[int, dict[str, object]]] = field(default_factory=list)  # of invalid lines, each with its row

    @property
    def source(self) -> str:
        return self.piece.source

    @property
    def line(self) -> int:
        return self.piece.line

    @property
    def count(self) -> int:
        return len(self.records)

    def select(self, tests: Iterable[Callable[[Callback], bool]]) -> None:
        """Leaves the records that pass all tests."""
        valid = self.records
        for test in tests:
            self._keep([test(record) for record in self.records])
        self.filtered = len(valid) - len(self.records)
        self.valid = valid if self.filtered else None

    def period(self) -> tuple[int, int] | None:
        times = self.block.times if self.block else [record.timestamp for record in self.records]
        return (min(times), max(times)) if times else None

    def counts(self, keys: Sequence[Key]) -> Counts:
        counts: Counter[tuple[Value, ...]] = Counter()
        self.add_counts(keys, counts)
        return counts

    def add_counts(self, keys: Sequence[Key], counts: Counter[tuple[Value, ...]]) -> None:
        if keys:
            counts.update(zip(*map(self._column, keys), strict=True))
        elif self.records:
            counts[()] += len(self.records)

    def _column(self, key: Key) -> Sequence[Value]:
        block = self.block
        if block and key is Key.EVENT:
            return block.events
        if block and block.bounce_types and key is Key.BOUNCE_TYPE:
            return block.bounce_types
        if block and key is Key.DOMAIN:
            return domain_names(block.hosts)
        return _column(self.records, key)

    def collect(self, keys: Sequence[Key], collected: Collected | None) -> None:
        return None

    def collect_bounces(
        self, event: str, bounce_type: str | None, is_local: bool, collected: CollectedBounces | None
    ) -> None:
        return None

    def collect_messages(
        self, by: Sequence[Key], has_texts: bool, judge: Judge | None, collected: CollectedMessages | None
    ) -> CollectedMessages:
        from ses_cli.schema.messages import PythonMessages  # start-up

        messages = collected if isinstance(collected, PythonMessages) else PythonMessages(has_texts, judge)
        columns = list(map(self._column, by))
        messages.add(self.records, list(zip(*columns, strict=True)) if by else [()] * len(self.records))
        return messages

    def collect_columns(self, names: object, collected: object) -> None:
        return None

    def callbacks(self, events: AbstractSet[str] | None = None) -> Sequence[Callback]:
        if events is None:
            return self.records
        return [record for record in self.records if record.event in events]

    def located(self, events: AbstractSet[str] | None = None) -> Iterator[Located]:
        for record, (row, offset, raw) in zip(self.records, self._raws(), strict=True):
            if events is None or record.event in events:
                yield Located(record, self.piece.line + row, offset, raw)

    def captured(self) -> bytes:
        lines = self.piece.data.split(b"\n")
        return b"".join([lines[row] + b"\n" for row in self.places])

    def rows(self, lane: Lane) -> Sequence[Row]:
        lanes = _LANES[lane]
        return [
            Row(
                self.piece.line + row,
                offset,
                len(raw),
                record.timestamp,
                record.event,
                domain(record.email),
                lanes(record),
                sha256(raw).digest()[:16],
            )
            for record, (row, offset, raw) in zip(self.records, self._raws(), strict=True)
        ]

    def _raws(self) -> Iterator[tuple[int, int, bytes]]:
        """The row, the offset and the bytes of each record."""
        lines = self.piece.data.split(b"\n")
        at, offset = 0, self.piece.offset
        for row in self.places:
            while at < row:
                offset += len(lines[at]) + 1
                at += 1
            yield row, offset, lines[row].removesuffix(b"\r")

    def deliveries(self, is_local: bool = False) -> Deliveries:
        valid = self.records if self.valid is None else self.valid
        arrived = [record for record in valid if record.event == "delivered"]
        keys = recipients([record.email for record in arrived])
        return marks(keys), array("Q", [record.timestamp for record in arrived]).tobytes()

    def fingerprints(self) -> bytes:
        return b"".join(map(fingerprint, self.records))

    def prepare(self, seen: Seen) -> None:
        pass

    def deduplicate(self, seen: Seen) -> None:
        is_new = seen.add(self.fingerprints())
        self.duplicates += is_new.count(0)
        self._keep(is_new)

    def _keep(self, kept: Sequence[int]) -> None:
        if not all(kept):
            self.block = None
            self.records = list(compress(self.records, kept))
            self.places = list(compress(self.places, kept))

    def fields(self) -> Fields:
        return fields([*zip(self.places, objects(self.piece, self.places), strict=True), *self.objects])


def fields(found: Iterable[tuple[int, dict[str, object]]]) -> Fields:
    """What is met in objects, each with its row: see `Batch.fields`."""
    shapes: dict[tuple[tuple[str, ...], tuple[type, ...]], tuple[int, int]] = {}
    for row, value in sorted(found, key=lambda item: item[0]):
        shape = tuple(value), tuple(map(type, value.values()))
        first, n = shapes.get(shape, (row, 0))
        shapes[shape] = first, n + 1
    fields: dict[tuple[str, str], tuple[int, int]] = {}
    for (names, types), (row, n) in shapes.items():
        for name, type_ in zip(names, types, strict=True):
            key = name, _JSON_TYPES[type_]
            first, before = fields.get(key, (row, 0))
            fields[key] = first, before + n
    return fields


def _column(records: list[Callback], key: Key) -> Sequence[Value]:
    match key:
        case Key.EVENT:
            return [record.event for record in records]
        case Key.BOUNCE_TYPE:
            return [(record.bounce_type or None) if record.event == "bounce" else None for record in records]
        case Key.DOMAIN:
            return domains([record.email for record in records])
        case Key.FROM_DOMAIN:
            return [from_domain(record) or None for record in records]
        case Key.TEMPLATE:
            return [record.template_id or None for record in records]
        case Key.TASK:
            return [record.task_id or None for record in records]
        case Key.SENDER:
            return [record.sender or None for record in records]
        case Key.BULK_ID:
            return [record.bulk_id for record in records]
        case Key.SLOT:
            return [record.timestamp // SLOT for record in records]


_LANES: dict[Lane, Callable[[Callback], int | None]] = {
    Lane.MESSAGE: lambda record: hash(message_key(record)),
    Lane.EMAIL: lambda record: hash(recipient(record.email)),
    Lane.DOMAIN: lambda record: hash(domain(record.email)),
    Lane.NONE: lambda _: None,
}
