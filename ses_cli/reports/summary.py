"""The summary: how many events of which type, by recipient domain or by whatever else is asked for."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from functools import cache
from typing import Self

from ses_cli.batch import Batch
from ses_cli.events import EVENTS, LEGACY_EVENTS
from ses_cli.reports import counts
from ses_cli.reports.groups import BUCKETS, Grouping, buckets
from ses_cli.reports.kinds import count
from ses_cli.reports.rates import rates_of
from ses_cli.reports.tally import Tally
from ses_cli.reports.timeline import TimelineRow, fill, recent
from ses_cli.table import Column, Data, Kind, Table
from ses_cli.times import rfc3339, shown, zone_name

MOST_ROWS = 10_000  # of time buckets: beyond, the empty ones are left out


class Summary:  # noqa: PLW1641 - what changes is not hashed
    """A fold. `top` groups are shown by name (None for all); data formats get them whole."""

    COMPARED = ("by", "tz", "selected")  # what it is asked for, but what is only shown

    def __init__(
        self,
        by: tuple[str, ...] = (),
        tz: tzinfo | None = None,
        top: int | None = 20,
        selected: frozenset[str] = frozenset(),
        is_top: bool = False,
    ) -> None:
        """Without all the `selected` event types it takes a rate is none. `is_top`: no other groups are asked for."""
        self.by = by
        self.tz = tz
        self.top = top
        self.selected = selected
        self.is_top = is_top
        self.first: int | None = None
        self.last: int | None = None
        self.tally = Tally()

    def __eq__(self, other: object) -> bool:
        names = (*self.COMPARED, "first", "last", "tally")
        return isinstance(other, Summary) and all(getattr(self, name) == getattr(other, name) for name in names)

    def add(self, batch: Batch) -> None:
        """Counts the records of a batch."""
        period = batch.period()
        if period:
            self._widen(*period)
            _grouping(self._by, self.tz).count(batch, self.tally)

    def merge(self, later: Self) -> None:
        """Adds what another summary counted."""
        if later.first is not None and later.last is not None:
            self._widen(later.first, later.last)
        self.tally.merge(later.tally)

    def is_large(self) -> bool:
        """Whether it has a group for each mail."""
        return "bulk-id" in self.by

    def split(self, count: int) -> list[Self]:
        """In parts by group."""
        from copy import copy  # start-up

        parts = [copy(self) for _ in range(count)]
        for part, tally in zip(parts, self.tally.split(count), strict=True):
            part.tally = tally
        return parts

    def trim(self) -> None:
        """Keeps the groups that are shown."""
        if self.is_top and self.top is not None and self._time is None:
            self.tally.keep(self.top)

    def _widen(self, first: int, last: int) -> None:
        self.first = first if self.first is None else min(first, self.first)
        self.last = last if self.last is None else max(last, self.last)

    @property
    def _by(self) -> tuple[str, ...]:
        return self.by or ("domain",)

    def events(self) -> dict[str, int]:
        """Records by event type, in the vocabulary's order: the documented ones always, a legacy one where met."""
        sums = self.tally.sums()
        met = {event: count(sums, event) for event in EVENTS}
        return {event: n for event, n in met.items() if n or event not in LEGACY_EVENTS}

    def rates(self) -> dict[str, dict[str, object]]:
        """The rates of all records, each with its formula and the numbers."""
        sums = self.tally.sums()
        found: dict[str, dict[str, object]] = {}
        for rate in rates_of((), self.selected):
            part, whole = rate.numbers(sums)
            value = counts.rounded(rate.value(sums))
            found[rate.name] = {"value": value, "formula": rate.formula, "numerator": part, "denominator": whole}
        return found

    def document(self) -> dict[str, object]:
        """`tz`, `period`, `events`, `rates` and `domains` or, with `by`, `groups`."""
        times = {"first": self.first, "last": self.last}
        return {
            "tz": zone_name(self.tz),
            "period": {name: None if time is None else rfc3339(time, self.tz) for name, time in times.items()},
            "events": self.events(),
            "rates": self.rates(),
            "groups" if self.by else "domains": self.data(),
        }

    def data(self) -> Data:
        """The groups asked for, else the recipient domains."""
        rows = self._largest() if self._time is None else self._line()[0]
        tz = None if self._time is None else zone_name(self.tz)
        return counts.data(self._by, self.tally, rows, rates_of(self._by, self.selected), tz)

    def tables(self) -> list[Table]:
        """The rates, then the groups asked for, else the event types and the recipient domains."""
        if not self.by:
            return [*self._rates(), self._events(), self._table("by recipient domain")]
        title = "by " + " and ".join(name.replace("-", " ") for name in self.by)
        return [*self._rates(), self._table(title) if self._time is None else self._time_table(title)]

    def _table(self, title: str) -> Table:
        rows, groups = list(self._largest(self.top)), len(self.tally)
        rest = f"{groups - len(rows):,} more" if groups > len(rows) else None
        return counts.table(title, self._by, self.tally, rows, rates_of(self._by, self.selected), rest)

    def _time_table(self, title: str) -> Table:
        at = self._time or 0
        line, is_whole = self._line()
        rows, rest = recent(line, at, self.top, self.by[at])
        title = f"{title} ({zone_name(self.tz)})"
        found = counts.table(title, self.by, self.tally, rows, rates_of(self.by, self.selected), rest)
        if not is_whole:
            found.notes.append(f"{self.by[at]}s without events are left out: there are too many")
        return found

    @property
    def _time(self) -> int | None:
        """The place of the one time bucket among the keys; None where there is none, or several."""
        places = [at for at, name in enumerate(self.by) if name in BUCKETS]
        return places[0] if len(places) == 1 else None

    def _largest(self, top: int | None = None) -> Iterator[TimelineRow]:
        """The groups, the largest first."""
        found = self.tally.largest(top)
        return (TimelineRow(group if isinstance(group, tuple) else (group,), number) for group, number in found)

    def _line(self) -> tuple[Sequence[TimelineRow], bool]:
        """The groups in the order of time, and whether the empty ones are there too."""
        at, totals = self._time or 0, self.tally.totals()
        if self.first is None or self.last is None:
            return [], True
        names = buckets(self.by[at], self.first, self.last, self.tz, MOST_ROWS)
        return fill(list(self._largest()), at, names, lambda row: totals[row.number or 0])

    def _events(self) -> Table:
        events = {event: n for event, n in self.events().items() if n}
        total = sum(events.values())
        columns = (Column("event", Kind.KEY), Column("count", Kind.COUNT), Column("share", Kind.SHARE))
        rows = [(event, n, n / total) for event, n in events.items()]
        return Table("by event type", columns, rows, total=("total", total, 1.0) if total else None)

    def _rates(self) -> list[Table]:
        """The rates of all records; no table where there are none."""
        sums = self.tally.sums()
        rows = [
            (rate.title, rate.value(sums), *rate.numbers(sums), rate.formula) for rate in rates_of((), self.selected)
        ]
        columns = (
            Column("rate", Kind.KEY),
            Column("value", Kind.SHARE),
            Column("records", Kind.COUNT),
            Column("of", Kind.COUNT),
            Column("definition"),
        )
        known = [row for row in rows if row[1] is not None]
        return [Table("rates", columns, known)] if known else []

    def period(self) -> str | None:
        """First and last event as a person reads them, None where there is none."""
        if self.first is None or self.last is None:
            return None
        return f"{shown(self.first, self.tz)} to {shown(self.last, self.tz)}"


@cache
def _grouping(by: tuple[str, ...], tz: tzinfo | None) -> Grouping:
    return Grouping(by, tz)
