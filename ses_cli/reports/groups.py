"""What records can be grouped by: fields as they are, and buckets of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from ses_cli.batch import SLOT, Batch, Counts
from ses_cli.batch import Key as BatchKey
from ses_cli.identity import domain, from_domain
from ses_cli.reports.kinds import Group, Key, kind
from ses_cli.reports.tally import Tally
from ses_cli.times import local

if TYPE_CHECKING:
    from ses_cli.batch.collected import Collected
    from ses_cli.callback import Callback

Extract = Callable[["Callback"], Key]

_MOST_SLOTS = 10_000  # of a batch that are looked at: some hundred days
OTHER = "other"  # a provider that the table does not have
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@lru_cache(1 << 14)
def provider(name: str) -> str:
    """The mail provider of a recipient domain."""
    from ses_cli.reasons.providers import provider_of  # loads the rules: only where it is asked for

    return provider_of(name) or OTHER


FIELDS: dict[str, Extract] = {
    "event": lambda record: record.event,
    "domain": lambda record: domain(record.email),
    "provider": lambda record: provider(domain(record.email)),
    "from-domain": lambda record: from_domain(record) or None,
    "bounce-type": lambda record: (record.bounce_type or None) if record.event == "bounce" else None,
    "template": lambda record: record.template_id or None,
    "sender": lambda record: record.sender or None,
    "task": lambda record: record.task_id or None,
    "bulk-id": lambda record: record.bulk_id,
}
BUCKETS = ("hour", "day", "week", "weekday")
BY = (*FIELDS, *BUCKETS)
_KINDS = {0, 1}  # the places of event and bounce type among the keys of a grouping
_SOURCES = {"provider": BatchKey.DOMAIN, **dict.fromkeys(BUCKETS, BatchKey.SLOT)}  # what is counted by instead


class Grouping:
    """Counts batches by fields and times, in a zone."""

    def __init__(self, by: Sequence[str], tz: tzinfo | None) -> None:
        names = [_SOURCES.get(name) or BatchKey(name) for name in by]
        self._keys = list(dict.fromkeys((BatchKey.EVENT, BatchKey.BOUNCE_TYPE, *names)))
        self._places = [self._keys.index(name) for name in names]
        self._labels = [_label(name, tz) for name in by]
        self._times = [bucketing(name, tz).at_slot for name in by if name in BUCKETS]
        # groups are told as they are collected, where they are made by the same values
        is_plain = not any(self._labels) and self._keys[len(_KINDS) :] == names
        self._to_settle = None if is_plain else self._settle
        self._extracts = [extract(name, tz) for name in by]

    def count(self, batch: Batch, tally: Tally) -> None:
        """Adds the records of a batch."""
        if self._times and not self._is_even(batch.period()):
            self._count_times(batch, batch.counts(self._keys), tally)
        elif not tally.collect(batch, self._keys, self._to_settle):
            tally.hold(batch, self._keys, self._enter)

    def _settle(self, tally: Tally, collected: Collected) -> None:
        """Enters what an engine collected, of times that fall in one bucket each."""
        if not _KINDS.isdisjoint(self._places):
            self._enter(tally, collected.counts())
            return
        numbers = collected.largest()
        values = collected.values(numbers)
        columns = [values[place - len(_KINDS)] for place in self._places]
        told = [
            column if label is None else map(cache(label), column)
            for column, label in zip(columns, self._labels, strict=True)
        ]
        groups: list[Group] = list(zip(*told, strict=True)) if len(told) > 1 else list(told[0])
        tally.add_columns(groups, {kind(*key): column for key, column in collected.columns(numbers).items()})

    def _is_even(self, period: tuple[int, int] | None) -> bool:
        """Whether each quarter of an hour of a period falls in one bucket."""
        slots = range(period[0] // SLOT, period[1] // SLOT + 1) if period else ()
        return len(slots) <= _MOST_SLOTS and not any(label(slot) is None for slot in slots for label in self._times)

    def _enter(self, tally: Tally, counts: Counts) -> None:
        """Adds counts by the keys, of times that fall in one bucket each."""
        ways = list(zip(self._places, self._labels, strict=True))
        for values, n in counts.items():
            keys = [values[place] if label is None else label(values[place]) for place, label in ways]
            tally.add(str(values[0]), _text(values[1]), _group(keys), n)

    def _count_times(self, batch: Batch, counts: Counts, tally: Tally) -> None:
        """Quarters of an hour make up any bucket of nearly any zone; of the others every time is looked at."""
        uneven: set[int] = set()
        slot = self._keys.index(BatchKey.SLOT)
        ways = list(zip(self._places, self._labels, strict=True))
        for values, n in counts.items():
            keys = [values[place] if label is None else label(values[place]) for place, label in ways]
            if any(key is None and label for key, (_, label) in zip(keys, ways, strict=True)):
                uneven.add(int(values[slot] or 0))
            else:
                tally.add(str(values[0]), _text(values[1]), _group(keys), n)
        for record in batch.callbacks() if uneven else ():
            if record.timestamp // SLOT in uneven:
                tally.add(record.event, record.bounce_type, _group([key(record) for key in self._extracts]), 1)


def _label(name: str, tz: tzinfo | None) -> Callable[[Key], Key] | None:
    """What the value of a key is called in a group; None where it is called what it is."""
    if name in BUCKETS:
        at_slot = bucketing(name, tz).at_slot
        return lambda slot: at_slot(int(slot or 0))
    return (lambda name: provider(str(name))) if name == "provider" else None


def _text(value: Key) -> str | None:
    return value if isinstance(value, str) else None


def _group(keys: Sequence[Key]) -> Group:
    return keys[0] if len(keys) == 1 else tuple(keys)


class Bucketing:
    """The bucket of every time, in a zone."""

    def __init__(self, name: str, tz: tzinfo | None) -> None:
        self._name = name
        self._tz = tz
        self._slots: dict[int, str | None] = {}
        self._times: dict[int, str] = {}

    def at_slot(self, slot: int) -> str | None:
        """The bucket of a quarter of an hour; None where it may fall in several.

        It does in a zone whose clocks are not set to quarters (Monrovia before 1972, Kiritimati before 1979) or are
        put forward or back within one (Casey in 2022).
        """
        if slot not in self._slots:
            first, last = local(slot * SLOT, self._tz), local(slot * SLOT + SLOT - 1, self._tz)
            offset = first.utcoffset() or timedelta()
            is_even = offset == last.utcoffset() and not offset % timedelta(seconds=SLOT)
            self._slots[slot] = bucket(self._name, first) if is_even else None
        return self._slots[slot]

    def at(self, timestamp: int) -> str:
        """The bucket of a time."""
        label = self.at_slot(timestamp // SLOT)
        if label is not None:
            return label
        if timestamp not in self._times:
            self._times[timestamp] = bucket(self._name, local(timestamp, self._tz))
        return self._times[timestamp]

    def at_record(self, record: Callback) -> str:
        """The bucket of a record."""
        return self.at(record.timestamp)

    def between(self, first: int, last: int) -> Iterator[str]:
        """The buckets of all times from the first to the last, some of them often."""
        step = SLOT if self._name == "hour" else 12 * 3600  # an hour may have 30 minutes, a day 23 hours
        for time in (*range(first // SLOT * SLOT, last, step), last // SLOT * SLOT):
            label = self.at_slot(time // SLOT)
            if label is not None:
                yield label
                continue
            for at in range(max(time, first), min(time + SLOT - 1, last) + 1):
                yield self.at(at)


@cache
def bucketing(name: str, tz: tzinfo | None) -> Bucketing:
    """One for each process: it learns."""
    return Bucketing(name, tz)


@cache
def extract(name: str, tz: tzinfo | None) -> Extract:
    """How to get from a record what it is grouped by; a bucket is named by its beginning in the zone."""
    return FIELDS[name] if name in FIELDS else bucketing(name, tz).at_record


def bucket(name: str, time: datetime) -> str:
    """The bucket a time falls in: 2026-01-05T14:00+08:00, 2026-01-05, 2026-W02 or Monday."""
    match name:
        case "hour":
            return time.strftime("%Y-%m-%dT%H:00") + _offset(time)
        case "day":
            return f"{time:%Y-%m-%d}"
        case "week":
            year, week, _ = time.isocalendar()
            return f"{year}-W{week:02d}"
        case _:
            return WEEKDAYS[time.weekday()]


def _offset(time: datetime) -> str:
    """In its name, since the hour before a clock is put back comes twice."""
    return time.isoformat()[19:].removeprefix(".")


def buckets(name: str, first: int, last: int, tz: tzinfo | None, most: int) -> list[str] | None:
    """All buckets from the first record's to the last one's, empty ones too; None where they are more than `most`."""
    if name == "weekday":
        return list(WEEKDAYS)
    step = {"hour": 3600, "day": 86400, "week": 7 * 86400}[name]
    if (last - first) // step > most:
        return None
    return list(dict.fromkeys(bucketing(name, tz).between(first, last)))
