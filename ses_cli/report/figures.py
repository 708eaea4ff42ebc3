"""The numbers on the page, from the counts that `check` makes: aggregates, no records and no addresses."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import NamedTuple, TypeVar

from ses_cli.events import HARD, SOFT
from ses_cli.reports.health.classes import INVALID_ADDRESS, SPAM_BOUNCE
from ses_cli.reports.health.counts import HOUR, Counts, Place
from ses_cli.reports.tally import UNTYPED

K = TypeVar("K", bound=Hashable)
HOURLY = 14 * 24  # hours: a longer period is shown by day
_HARDLY = 0.01  # of the mail of the day with most
_BLOCKS = "▁▂▃▄▅▆▇█"
# kind of event -> what it counts as on the page
OUTCOMES = {
    "delivered": "delivered",
    HARD: "bounced",
    SOFT: "bounced",
    UNTYPED: "bounced",
    "dropped": "dropped",
    "deferred": "deferred",
    "spamreport": "complaints",
    "open": "opened",
    "click": "clicked",
    "unsubscribe": "unsubscribed",
}
ENDS = ("delivered", "bounced", "dropped")


class Line(NamedTuple):
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


class Figures:
    """Everything is counted in the zone of the page."""

    def __init__(self, counts: Counts, tz: tzinfo | None) -> None:
        self._records = counts.records
        self._failures = counts.failures
        self._samples = counts.samples
        self._tz = tz

    @cached_property
    def hours(self) -> tuple[int, int] | None:
        """First and last hour since 1970; None where there is nothing."""
        hours = [place[3] for _, place in self._records]
        return (min(hours), max(hours)) if hours else None

    @cached_property
    def is_hourly(self) -> bool:
        """Whether the period is shown by hour, not by day."""
        return self.hours is not None and self.hours[1] - self.hours[0] < HOURLY

    def local(self, hour: int) -> datetime:
        """The hour as a clock in the zone shows it."""
        return datetime.fromtimestamp(hour * HOUR, UTC).astimezone(self._tz)

    @cached_property
    def days(self) -> list[str]:
        """Every day from the first to the last."""
        if self.hours is None:
            return []
        first, last = self.hours
        return list(dict.fromkeys(self.local(hour).strftime("%Y-%m-%d") for hour in range(first, last + 1)))

    def timeline(self, by_day: bool = False) -> list[dict[str, object]]:
        """For each hour (or day) what happened, and the rates; periods without anything are there too."""
        if self.hours is None:
            return []
        form = "%Y-%m-%dT%H:00" if self.is_hourly and not by_day else "%Y-%m-%dT00:00"
        first, last = self.hours
        times = dict.fromkeys(self.local(hour).strftime(form) for hour in range(first, last + 1))
        found: dict[str, Counter[str]] = {time: Counter() for time in times}
        for name, place, n in self._counted():
            found[self.local(place[3]).strftime(form)][name] += n
        return [{"time": time, **counts, "sent": sent(counts), **rates(counts)} for time, counts in found.items()]

    def judged_days(self, rate: str) -> list[dict[str, object]]:
        """The days with this rate; without those of hardly any mail, whose rates would hide all others."""
        days = [row for row in self.timeline(by_day=True) if row[rate] is not None]
        most = max((int(str(row["sent"])) for row in days), default=0)
        return [row for row in days if int(str(row["sent"])) >= _HARDLY * most]

    def totals(self) -> Counter[str]:
        """All of it."""
        found: Counter[str] = Counter()
        for name, _, n in self._counted():
            found[name] += n
        return found

    def lines(self, key: Callable[[Place], str | None], top: int) -> list[Line]:
        """The groups with most mail sent, the largest first."""
        found: dict[str, Counter[str]] = {}
        days: dict[str, Counter[str]] = {}
        for name, place, n in self._counted():
            group = key(place)
            if group is not None:
                found.setdefault(group, Counter())[name] += n
                if name in ENDS:
                    days.setdefault(group, Counter())[self.local(place[3]).strftime("%Y-%m-%d")] += n
        order = sorted(found.items(), key=lambda item: (-sent(item[1]), item[0]))[:top]
        return [Line(name, counts, [days.get(name, Counter())[day] for day in self.days]) for name, counts in order]

    def receivers(self, top: int = 20) -> list[Line]:
        """By recipient domain."""
        return self.lines(lambda place: place[1] or None, top)

    def senders(self, top: int = 50) -> list[Line]:
        """By sender domain."""
        return self.lines(lambda place: place[0], top)

    def templates(self, top: int = 50) -> list[Line]:
        """By template."""
        return self.lines(lambda place: None if place[2] is None else str(place[2]), top)

    def receiver_days(self, names: Iterable[str]) -> list[dict[str, object]]:
        """For each of these recipient domains and each day the share that was delivered."""
        wanted = set(names)
        found: dict[tuple[str, str], Counter[str]] = {}
        for name, place, n in self._counted():
            if place[1] in wanted:
                day = self.local(place[3]).strftime("%Y-%m-%d")
                found.setdefault((place[1], day), Counter())[name] += n
        return [
            {"domain": domain, "day": day, "sent": sent(counts), "delivered": counts["delivered"] / sent(counts)}
            for (domain, day), counts in sorted(found.items())
            if sent(counts)
        ]

    def classes(self, names: Iterable[str]) -> list[dict[str, object]]:
        """Bounces of these recipient domains by the class of their reason."""
        wanted = set(names)
        found: Counter[tuple[str, str]] = Counter()
        for (meaning, place), n in self._failures.items():
            if meaning.event == "bounce" and place[1] in wanted:
                found[place[1], meaning.cls] += n
        return [{"domain": domain, "class": cls, "bounces": n} for (domain, cls), n in sorted(found.items())]

    def reasons(self, top: int = 15) -> list[Reason]:
        """What failures mean, the most frequent first, each with its newest text."""
        found: Counter[tuple[str, str, str]] = Counter()
        where: dict[tuple[str, str, str], Counter[str]] = {}
        for (meaning, place), n in self._failures.items():
            key = meaning.event, meaning.cls, meaning.action
            found[key] += n
            where.setdefault(key, Counter())[place[1]] += n
        samples: dict[tuple[str, str, str], tuple[int, str]] = {}
        for (_, meaning), sample in self._samples.items():
            key = meaning.event, meaning.cls, meaning.action
            samples[key] = max(samples.get(key, sample), sample)
        return [
            Reason(*key, n, [name for name, _ in where[key].most_common(3)], samples.get(key, (0, ""))[1])
            for key, n in found.most_common(top)
        ]

    def engagement(self) -> list[dict[str, object]]:
        """Opens and clicks by weekday (1 is Monday) and hour of the day."""
        found: Counter[tuple[int, int]] = Counter()
        for name, place, n in self._counted():
            if name in ("opened", "clicked"):
                at = self.local(place[3])
                found[at.isoweekday(), at.hour] += n
        return [{"weekday": day, "hour": hour, "count": found[day, hour]} for day in range(1, 8) for hour in range(24)]

    def _counted(self) -> Iterator[tuple[str, Place, int]]:
        """Records by what they count as, and failures by what their class makes of them."""
        for (kind, place), n in self._records.items():
            if kind in OUTCOMES:
                yield OUTCOMES[kind], place, n
        for (meaning, place), n in self._failures.items():
            if meaning.event == "bounce" and meaning.cls in INVALID_ADDRESS:
                yield "invalid", place, n
            elif meaning.event == "bounce" and meaning.cls in SPAM_BOUNCE:
                yield "spam", place, n


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
