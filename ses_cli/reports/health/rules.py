"""What is published of how senders are judged, as data, and what it makes of the counts of a day.

Tencent Cloud SES judges each sender domain each day and publishes no formula for its rates; `rates` says what is
divided by what here. All limits are compared exactly, in whole numbers.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ses_cli.reports.health.rates import RATES

Counts = Mapping[str, int]
LEVELS = ("raise", "keep", "lower", "block")  # from good to bad
ABOVE = 300  # lower and block apply to more mails than this
QUOTA_SHARE = 70  # percent of the quota that have to be sent for a raise
# reputation level -> mails a day, as far as published
QUOTAS: dict[int, int] = {0: 0, 1: 500, 2: 1_000, 3: 2_000, 4: 5_000, 5: 10_000, 6: 20_000, 20: 1_000_000}
ONE_A_DAY = "accounts opened after 2026-05-07 rise at most one level a calendar day"


class Limit(NamedTuple):
    """A rate compared with a published number."""

    rate: str  # a key of RATES
    sign: str  # > < >=
    tenths: int  # of a percent

    def __str__(self) -> str:
        return f"{self.rate} {self.sign} {self.tenths / 10:g}%"

    def holds(self, counts: Counts) -> bool:
        """Whether the rate is beyond; a rate that does not exist is not."""
        part, whole = RATES[self.rate].numbers(counts)
        difference = 1000 * part - self.tenths * whole
        return whole > 0 and (difference < 0 if self.sign == "<" else difference > 0 or self._includes(difference))

    def _includes(self, difference: int) -> bool:
        return self.sign == ">=" and difference == 0

    def missing(self, counts: Counts) -> int:
        """How many more messages, at this volume, take the rate beyond the limit; 0 where it is."""
        part, whole = RATES[self.rate].numbers(counts)
        if self.sign == "<":  # the part may be this large at most
            return max(part - (self.tenths * whole - 1) // 1000, 0)
        if self.sign == ">=":
            return max(-(-self.tenths * whole // 1000) - part, 0)
        return max(self.tenths * whole // 1000 + 1 - part, 0)


# any of these is enough
BLOCK = (Limit("invalid_address_rate", ">", 110), Limit("spam_bounce_rate", ">", 150))
LOWER = (
    Limit("invalid_address_rate", ">", 90),
    Limit("spam_bounce_rate", ">", 50),
    Limit("complaint_rate", ">", 5),
    Limit("deliverability", "<", 650),
)
# all of one row, and the share of the quota
RAISE = (
    (
        Limit("invalid_address_rate", "<", 50),
        Limit("spam_bounce_rate", "<", 25),
        Limit("complaint_rate", "<", 1),
        Limit("deliverability", ">", 920),
    ),
    (Limit("deliverability", ">", 900), Limit("complaint_rate", "<", 1), Limit("open_rate", ">", 500)),
)


class Advice(NamedTuple):
    """What others ask of senders."""

    by: str
    says: str
    limit: Limit

    def is_beyond(self, counts: Counts) -> bool:
        """Whether the rate is beyond the limit, and its interval with it."""
        interval = RATES[self.limit.rate].interval(counts)
        return self.limit.holds(counts) and interval is not None and interval[0] >= self.limit.tenths / 1000


ADVICE = (
    Advice("Gmail and Yahoo", "ask for complaints below 0.1%", Limit("complaint_rate", ">=", 1)),
    Advice("Gmail and Yahoo", "allow complaints never to reach 0.3%", Limit("complaint_rate", ">=", 3)),
    Advice("AWS SES", "reviews accounts at 5% hard bounces", Limit("hard_bounce_rate", ">=", 50)),
    Advice("AWS SES", "pauses accounts at 10% hard bounces", Limit("hard_bounce_rate", ">=", 100)),
    Advice("AWS SES", "reviews accounts at 0.1% complaints", Limit("complaint_rate", ">=", 1)),
    Advice("AWS SES", "pauses accounts at 0.5% complaints", Limit("complaint_rate", ">=", 5)),
    Advice("Tencent Cloud SES", "says that bounces should not exceed 5%", Limit("bounce_rate", ">", 50)),
)


class Judgement(NamedTuple):
    """What the published rules make of a day."""

    level: str  # one of LEVELS
    why: tuple[str, ...]  # the rules that say so; for `keep`, what stands in the way of a raise
    margin: dict[str, dict[str, int]]  # lower, block -> count -> how many more lead to it, at the day's volume


def judge(counts: Counts, quota: int | None) -> Judgement:
    """What the rules make of the counts of a sender domain on a day. `quota` is in mails a day, None where unknown."""
    margin = {} if counts["sent"] <= ABOVE else {"lower": _margin(LOWER, counts), "block": _margin(BLOCK, counts)}
    for level, limits in (("block", BLOCK), ("lower", LOWER)):
        broken = [str(limit) for limit in limits if limit.holds(counts)]
        if broken and counts["sent"] > ABOVE:
            return Judgement(level, tuple(broken), margin)
    level, why = _raise(counts, quota)
    broken = [str(limit) for limit in LOWER if limit.holds(counts)]
    if broken:
        why = (*(f"{limit}, which counts above {ABOVE} mails only" for limit in broken), *why)
    return Judgement(level, why, margin)


def _raise(counts: Counts, quota: int | None) -> tuple[str, tuple[str, ...]]:
    """Whether a level is raised, and the rules for it, or what stands against it."""
    ways = [[limit for limit in way if not limit.holds(counts)] for way in RAISE]
    if not all(ways):
        way = RAISE[0] if not ways[0] else RAISE[1]
        if quota is None:
            return "keep", ("a raise depends on the quota, which is not known: --level or --quota",)
        share = f"{counts['sent']:,} sent of a quota of {quota:,}"
        if 100 * counts["sent"] < QUOTA_SHARE * quota or not quota:
            return "keep", (f"{share}: a raise takes {QUOTA_SHARE}%",)
        return "raise", (*map(str, way), f"{share}, at least {QUOTA_SHARE}%", ONE_A_DAY)
    return "keep", tuple(f"a raise takes {limit}" for limit in min(ways, key=len))


def _margin(limits: tuple[Limit, ...], counts: Counts) -> dict[str, int]:
    """By what is counted, how many more messages lead there; of deliveries how many fewer."""
    names = {limit: "undelivered" if limit.sign == "<" else RATES[limit.rate].part for limit in limits}
    return {name: limit.missing(counts) for limit, name in names.items()}
