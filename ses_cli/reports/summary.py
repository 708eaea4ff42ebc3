"""The summary: how many events of which type, by recipient domain or by whatever else is asked for."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Self

from ses_cli.batch import Batch
from ses_cli.events import EVENTS, LEGACY_EVENTS
from ses_cli.identity import domains
from ses_cli.reports.counts import Groups, data, filled, grouped, table
from ses_cli.reports.groups import BUCKETS, Key, buckets, extract
from ses_cli.table import Column, Data, Kind, Table
from ses_cli.times import rfc3339, shown, zone_name

MOST_ROWS = 10_000  # of time buckets: beyond, the empty ones are left out


@dataclass(slots=True)
class Summary:
    """A fold. `top` groups are shown by name (None for all); data formats get them whole."""

    by: tuple[str, ...] = ()
    tz: tzinfo | None = None
    top: int | None = 20
    first: int | None = None
    last: int | None = None
    domains: Counter[tuple[str, str | None, str]] = field(default_factory=Counter)  # event, bounce type, domain
    groups: Counter[tuple[str, str | None, tuple[Key, ...]]] = field(default_factory=Counter)

    def add(self, batch: Batch) -> None:
        """Counts the records of a batch."""
        records = batch.callbacks()
        if not records:
            return
        times = [record.timestamp for record in records]
        self._widen(min(times), max(times))
        names = domains([record.email for record in records])
        self.domains.update(zip([r.event for r in records], [r.bounce_type for r in records], names, strict=True))
        if self.by:
            keys = [extract(name, self.tz) for name in self.by]
            self.groups.update([(r.event, r.bounce_type, tuple([key(r) for key in keys])) for r in records])

    def merge(self, later: Self) -> None:
        """Adds what another summary counted."""
        if later.first is not None and later.last is not None:
            self._widen(later.first, later.last)
        self.domains.update(later.domains)
        self.groups.update(later.groups)

    def _widen(self, first: int, last: int) -> None:
        self.first = first if self.first is None else min(first, self.first)
        self.last = last if self.last is None else max(last, self.last)

    def events(self) -> dict[str, int]:
        """Records by event type, in the vocabulary's order: the documented ones always, a legacy one where met."""
        counts: Counter[str] = Counter()
        for (event, _, _), n in self.domains.items():
            counts[event] += n
        return {event: counts[event] for event in EVENTS if counts[event] or event not in LEGACY_EVENTS}

    def by_domain(self) -> Groups:
        """Counts by recipient domain, the largest first."""
        return grouped((event, kind, (domain,), n) for (event, kind, domain), n in self.domains.items())

    def by_group(self) -> tuple[Groups, bool]:
        """Counts by what was asked for, the largest first; time buckets in order, and whether the empty ones too."""
        groups = grouped((event, kind, key, n) for (event, kind, key), n in self.groups.items())
        times = [at for at, name in enumerate(self.by) if name in BUCKETS]
        if len(times) != 1 or self.first is None or self.last is None:
            return groups, True
        return filled(groups, times[0], buckets(self.by[times[0]], self.first, self.last, self.tz, MOST_ROWS))

    def document(self) -> dict[str, object]:
        """`tz`, `period`, `events`, `domains` and, with `by`, `groups`."""
        times = {"first": self.first, "last": self.last}
        document: dict[str, object] = {
            "tz": zone_name(self.tz),
            "period": {name: None if time is None else rfc3339(time, self.tz) for name, time in times.items()},
            "events": self.events(),
            "domains": data(("domain",), self.by_domain()),
        }
        if self.by:
            document["groups"] = self.data()
        return document

    def data(self) -> Data:
        """The groups asked for, else the recipient domains."""
        return data(self.by, self.by_group()[0]) if self.by else data(("domain",), self.by_domain())

    def tables(self) -> list[Table]:
        """The groups asked for, else the event types and the recipient domains."""
        if not self.by:
            return [self._events(), table("by recipient domain", ("domain",), self.by_domain(), self.top, False)]
        title = "by " + " and ".join(name.replace("-", " ") for name in self.by)
        has_time = any(name in BUCKETS for name in self.by)
        title += f" ({zone_name(self.tz)})" if has_time else ""
        groups, is_whole = self.by_group()
        found = table(title, self.by, groups, self.top, has_time)
        if not is_whole:
            found.notes.append("times without events are left out: there would be too many")
        return [found]

    def _events(self) -> Table:
        events = {event: n for event, n in self.events().items() if n}
        total = sum(events.values())
        columns = (Column("event", Kind.KEY), Column("count", Kind.COUNT), Column("share", Kind.SHARE))
        rows = [(event, n, n / total) for event, n in events.items()]
        return Table("by event type", columns, rows, total=("total", total, 1.0) if total else None)

    def period(self) -> str | None:
        """First and last event as a person reads them, None where there is none."""
        if self.first is None or self.last is None:
            return None
        return f"{shown(self.first, self.tz)} to {shown(self.last, self.tz)}"
