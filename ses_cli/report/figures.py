"""The numbers on the page, of the messages that `check` counts: aggregates, no records and no addresses."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple, TypeVar

from ses_cli.batch import Value
from ses_cli.events import HARD, SOFT
from ses_cli.message import Count, Totals
from ses_cli.reports.health.classes import INVALID_ADDRESS, SPAM_BOUNCE
from ses_cli.reports.health.mails import Grouped, Lives, Mails
from ses_cli.reports.health.meanings import HOUR, Meaning
from ses_cli.reports.health.periods import edges
from ses_cli.reports.kinds import UNTYPED
from ses_cli.times import local

K = TypeVar("K", str, tuple[str, str, str])
HOURLY = 14 * 24  # hours: a longer period is shown by day
_HARDLY = 0.01  # of the mail of the day with most
_MOST = 24 * 3660  # hours of a period that are shown one by one
_BLOCKS = "▁▂▃▄▅▆▇█"
# what became of a message -> what it counts as on the page
OUTCOMES = {
    "delivered": "delivered",
    HARD: "bounced",
    SOFT: "bounced",
    UNTYPED: "bounced",
    "dropped": "dropped",
    "deferred": "deferred",
    "complained": "complaints",
    "opened": "opened",
    "click": "clicked",
    "unsubscribe": "unsubscribed",
}
ENDS = ("delivered", "bounced", "dropped")
# steps of the funnel after the delivery
_AFTER = {
    "opened": Count.OPENED,
    "clicked": Count.CLICKED,
    "complaints": Count.COMPLAINED,
    "unsubscribed": Count.UNSUBSCRIBED,
}
_READS = ("open", "click")  # in the hours in which they happened
_END = 1 << 32  # an hour after all others
_SENDER, _DOMAIN, _TEMPLATE = range(3)  # what messages are told apart by
_CLASSES = {**dict.fromkeys(INVALID_ADDRESS, "invalid"), **dict.fromkeys(SPAM_BOUNCE, "spam")}


class SegmentCounts(NamedTuple):
    """Counts of one group; `sent` is what has met its end."""

    name: str
    counts: Mapping[str, int]
    by_day: list[int]  # sent, day after day

    @property
    def sent(self) -> int:
        return sent(self.counts)

    @property
    def spark(self) -> str:
        """The days as a line of blocks."""
        most = max(self.by_day, default=0)
        return "".join(_BLOCKS[min(7, 8 * n // most if n < most else 7)] if most else _BLOCKS[0] for n in self.by_day)


class Reason(NamedTuple):
    """One meaning of failures, with an example."""

    event: str
    cls: str
    action: str
    failures: int
    receivers: list[str]  # those with most of it
    sample: str


class FunnelStep(NamedTuple):
    """One step of the funnel, and what its share is of."""

    name: str
    messages: int
    of: str
    share: float | None


class Latency(NamedTuple):
    """How long the mail to one receiver took to be delivered, in seconds, by the times that are known."""

    name: str
    messages: int
    p50: int
    p90: int
    p99: int
    most: int


class Figures:
    """Everything is counted in the zone of the page."""

    def __init__(self, mails: Mails, tz: tzinfo | None) -> None:
        self._mails = mails
        self._lives = mails.lives or Lives(Totals(), {})
        self._tz = tz
        self._known: dict[int, datetime] = {}
        self._day_of: dict[int, str] = {}
        self._of: dict[int | None, list[tuple[str, Value, int, int]]] = {}
        self._failed: Counter[tuple[Meaning, str]] = Counter()
        for meaning, domain, _, n in mails.by(itemgetter(_DOMAIN)).failures(edges(mails.hours, 0, _END)):
            self._failed[meaning, domain] += n

    @cached_property
    def hours(self) -> tuple[int, int] | None:
        """First and last hour since 1970; None where there is nothing."""
        hours = self._mails.hours
        return (hours[0], hours[-1]) if hours else None

    @cached_property
    def _shown(self) -> Sequence[int]:
        """The hours of the period; of more than ten years only those in which something happened."""
        if self.hours is None:
            return ()
        first, last = self.hours
        if last - first < _MOST:
            return range(first, last + 1)
        return self._mails.hours

    @cached_property
    def is_hourly(self) -> bool:
        """Whether the period is shown by hour, not by day."""
        return self.hours is not None and self.hours[1] - self.hours[0] < HOURLY

    def local(self, hour: int) -> datetime:
        """The hour as a clock in the zone shows it."""
        known = self._known.get(hour)
        if known is None:
            known = self._known[hour] = local(hour * HOUR, self._tz)
        return known

    def _day(self, hour: int) -> str:
        known = self._day_of.get(hour)
        if known is None:
            known = self._day_of[hour] = f"{self.local(hour):%Y-%m-%d}"
        return known

    @cached_property
    def _edges(self) -> list[int]:
        """The hours in which another day begins, and the end."""
        days = list(map(self._day, self._shown))
        begun = [hour for hour, before, day in zip(self._shown, ["", *days], days, strict=False) if day != before]
        return [*begun, *(hour + 1 for hour in self._shown[-1:])]

    @cached_property
    def days(self) -> list[str]:
        """Every day from the first to the last; of more than ten years only those of something."""
        return list(dict.fromkeys(map(self._day, self._shown)))

    def timeline(self, by_day: bool = False) -> list[dict[str, object]]:
        """For each hour (or day) what happened, and the rates; periods without anything are there too."""
        form = "%Y-%m-%dT%H:00" if self.is_hourly and not by_day else "%Y-%m-%dT00:00"
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for hour in self._shown:
            found[self.local(hour).strftime(form)].update(self._hourly.get(hour, {}))
        return [{"time": time, **counts, "sent": sent(counts), **rates(counts)} for time, counts in found.items()]

    @cached_property
    def _hourly(self) -> Mapping[int, Counter[str]]:
        found: defaultdict[int, Counter[str]] = defaultdict(Counter)
        for name, _, hour, n in self._counted(None):
            found[hour][name] += n
        return found

    def judged_days(self, rate: str) -> list[dict[str, object]]:
        """The days with this rate; without those of hardly any mail, whose rates would hide all others."""
        days = [row for row in self.timeline(by_day=True) if row[rate] is not None]
        most = max((int(str(row["sent"])) for row in days), default=0)
        return [row for row in days if int(str(row["sent"])) >= _HARDLY * most]

    def totals(self) -> Counter[str]:
        """All of it."""
        found: Counter[str] = Counter()
        for name, _, _, n in self._counted(None):
            found[name] += n
        return found

    def _lines(self, at: int, top: int) -> list[SegmentCounts]:
        """The groups with most mail sent, the largest first."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        days: defaultdict[str, Counter[int]] = defaultdict(Counter)
        for name, value, hour, n in self._counted(at):
            if value not in (None, ""):
                found[str(value)][name] += n
                if name in ENDS:
                    days[str(value)][hour] += n
        order = sorted(found.items(), key=lambda item: (-sent(item[1]), item[0]))[:top]
        return [SegmentCounts(name, counts, self._by_day(days.get(name, {}))) for name, counts in order]

    def _by_day(self, hours: Mapping[int, int]) -> list[int]:
        found = dict.fromkeys(self.days, 0)
        for hour, n in hours.items():
            found[self._day(hour)] += n
        return [*found.values()]

    def receivers(self, top: int = 20) -> list[SegmentCounts]:
        """By recipient domain."""
        return self._lines(_DOMAIN, top)

    def senders(self, top: int = 50) -> list[SegmentCounts]:
        """By sender domain."""
        return self._lines(_SENDER, top)

    def templates(self, top: int = 50) -> list[SegmentCounts]:
        """By template."""
        return self._lines(_TEMPLATE, top)

    def receiver_days(self, names: Iterable[str]) -> list[dict[str, object]]:
        """For each of these recipient domains and each day the share that was delivered."""
        wanted = set(names)
        found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for name, value, hour, n in self._counted(_DOMAIN):
            if value in wanted:
                found[str(value), self._day(hour)][name] += n
        return [
            {"domain": domain, "day": day, "sent": sent(counts), "delivered": counts["delivered"] / sent(counts)}
            for (domain, day), counts in sorted(found.items())
            if sent(counts)
        ]

    def classes(self, names: Iterable[str]) -> list[dict[str, object]]:
        """Bounces of these recipient domains by the class of their reason."""
        wanted = set(names)
        found: Counter[tuple[str, str]] = Counter()
        for (meaning, domain), n in self._failed.items():
            if meaning.event == "bounce" and domain in wanted:
                found[domain, meaning.cls] += n
        return [{"domain": domain, "class": cls, "bounces": n} for (domain, cls), n in sorted(found.items())]

    def reasons(self, top: int = 15) -> list[Reason]:
        """What failures mean, the most frequent first, each with its newest text."""
        found: Counter[tuple[str, str, str]] = Counter()
        where: dict[tuple[str, str, str], Counter[str]] = {}
        for (meaning, domain), n in self._failed.items():
            key = meaning.event, meaning.cls, meaning.action
            found[key] += n
            where.setdefault(key, Counter())[domain] += n
        samples: dict[tuple[str, str, str], tuple[int, str]] = {}
        for (_, meaning), sample in self._mails.samples.items():
            key = meaning.event, meaning.cls, meaning.action
            samples[key] = max(samples.get(key, sample), sample)
        return [
            Reason(*key, found[key], _most(where[key], 3), samples.get(key, (0, ""))[1]) for key in _most(found, top)
        ]

    def funnel(self) -> list[FunnelStep]:
        """What became of all messages, each counted once, with those that have not met their end."""
        counts = self._lives.whole
        total, arrived = counts[Count.TOTAL], counts[Count.DELIVERED] + counts[Count.NOT_LOGGED]
        steps = [("sent", total, "sent", total), ("delivered", counts[Count.DELIVERED], "sent", total)]
        for name, count in _AFTER.items():
            steps.append((name, counts[count], "delivered", arrived))
        return [FunnelStep(name, n, of, _share(n, whole)) for name, n, of, whole in steps]

    def latency(self, names: Iterable[str]) -> list[Latency]:
        """Of these recipient domains; without those of which no message tells when it was sent."""
        found = []
        for name in names:
            times = self._lives.by_domain[name].to_delivered if name in self._lives.by_domain else None
            if times and times.most is not None:
                p50, p90, p99 = (time or 0 for time in times.quantiles(50, 90, 99))
                found.append(Latency(name, times.counts.total(), p50, p90, p99, times.most))
        return found

    def engagement(self) -> list[dict[str, object]]:
        """Opens and clicks by weekday (1 is Monday) and hour of the day."""
        found: Counter[tuple[int, int]] = Counter()
        for kind, _, hour, n in self._mails.by(lambda _: ()).counts():
            if kind in _READS:
                at = self.local(hour)
                found[at.isoweekday(), at.hour] += n
        return [{"weekday": day, "hour": hour, "count": found[day, hour]} for day in range(1, 8) for hour in range(24)]

    def _counted(self, at: int | None) -> list[tuple[str, Value, int, int]]:
        """What messages count as, one of their values, the hour, how many; bounces also by the class of the reason.

        By a value it is an hour of the same day.
        """
        if at not in self._of:
            mails: Grouped[Value] = self._mails.by(lambda place: "" if at is None else place[at])
            between = None if at is None else self._edges
            found = [
                (OUTCOMES[kind], value, hour, n) for kind, value, hour, n in mails.counts(between) if kind in OUTCOMES
            ]
            found += [
                (_CLASSES[meaning.cls], value, hour, n)
                for meaning, value, hour, n in mails.failures(between)
                if meaning.event == "bounce" and meaning.cls in _CLASSES
            ]
            self._of[at] = found
        return self._of[at]


def _most(counts: Mapping[K, int], top: int) -> list[K]:
    """Those with most, among equals in their own order."""
    return sorted(counts, key=lambda one: (-counts[one], one))[:top]


def sent(counts: Mapping[str, int]) -> int:
    """Mails that have met their end."""
    return sum(counts.get(name, 0) for name in ENDS)


def rates(counts: Mapping[str, int]) -> dict[str, float | None]:
    """The rates that the provider judges by, None where there is nothing to divide by."""
    whole, delivered = sent(counts), counts.get("delivered", 0)
    return {
        "deliverability": _share(delivered, whole),
        "invalid_address_rate": _share(counts.get("invalid", 0), whole),
        "spam_bounce_rate": _share(counts.get("spam", 0), whole),
        "complaint_rate": _share(counts.get("complaints", 0), delivered),
        "open_rate": _share(counts.get("opened", 0), delivered),
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
