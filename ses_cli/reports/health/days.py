"""Mails by sender domain and day of UTC+8, the unit that the provider judges by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from ses_cli.events import HARD, SOFT
from ses_cli.reports.health.classes import INVALID_ADDRESS, SPAM_BOUNCE
from ses_cli.reports.health.mails import Mails
from ses_cli.reports.health.periods import day_edges, day_number
from ses_cli.reports.health.rates import COUNTS
from ses_cli.reports.health.rules import Judgement, judge
from ses_cli.reports.kinds import UNTYPED

_EPOCH = date(1970, 1, 1)
_LAST = (date.max - _EPOCH).days  # it is the year 10000 in UTC+8 when the last callback of 9999 in UTC happens
# kind of event -> what it counts as
_KINDS = {
    "delivered": ("sent", "delivered"),
    HARD: ("sent", "bounced", "hard_bounced"),
    SOFT: ("sent", "bounced"),
    UNTYPED: ("sent", "bounced"),
    "dropped": ("sent", "dropped"),
    "complained": ("complaints",),
    "opened": ("opened",),
}
_CLASSES = {
    **dict.fromkeys(INVALID_ADDRESS, ("invalid_addresses",)),
    **dict.fromkeys(SPAM_BOUNCE, ("spam_bounces",)),
}


@dataclass(frozen=True)
class SenderDay:
    """What one sender domain did on one day."""

    from_domain: str | None
    day: date  # of UTC+8
    counts: dict[str, int]  # by COUNTS
    quota: int | None  # mails a day

    @cached_property
    def judgement(self) -> Judgement:
        """What the published rules make of it."""
        return judge(self.counts, self.quota)


def day_of(hour: int) -> date:
    """The day of UTC+8 in which an hour since 1970 lies."""
    return _EPOCH + timedelta(_number(hour))


def _number(hour: int) -> int:
    return min(day_number(hour), _LAST)


def sender_days(counts: Mails, quotas: Mapping[str | None, int]) -> list[SenderDay]:
    """The days of each sender domain, the newest first. `quotas` are by sender domain; that of None is all others'."""
    days: dict[tuple[str | None, int], dict[str, int]] = {}
    for names, sender, hour, n in _parts(counts):
        key = sender, _number(hour)
        day = days.get(key)
        if day is None:
            day = days[key] = dict.fromkeys(COUNTS, 0)
        for name in names:
            day[name] += n
    found = [
        SenderDay(sender, _EPOCH + timedelta(number), day, quotas.get(sender, quotas.get(None)))
        for (sender, number), day in days.items()
    ]
    return sorted(found, key=lambda one: (-one.day.toordinal(), -one.counts["sent"], one.from_domain or ""))


def _parts(counts: Mails) -> Iterator[tuple[tuple[str, ...], str | None, int, int]]:
    """What messages count as, their sender domain, when the day began or later on it, and how many."""
    senders, edges = counts.by(lambda place: place[:1]), day_edges(counts.hours)
    for kind, (sender,), hour, n in senders.counts(edges):
        if kind in _KINDS:
            yield _KINDS[kind], sender, hour, n
    for meaning, (sender,), hour, n in senders.failures(edges):
        if meaning.event == "bounce" and meaning.cls in _CLASSES:
            yield _CLASSES[meaning.cls], sender, hour, n
