"""Numbers and rules as a person reads them."""

from collections.abc import Mapping, Sequence

from ses_cli.reports.health.days import SenderDay
from ses_cli.reports.health.rates import FEW, RATES, MessageRate
from ses_cli.reports.health.rules import ABOVE, BLOCK, LOWER, Limit

NONE = "(none)"  # the name of mail without a sender domain
_MORE = {
    "invalid_addresses": ("invalid address", "invalid addresses"),
    "spam_bounces": ("spam bounce", "spam bounces"),
    "complaints": ("complaint", "complaints"),
    "undelivered": ("mail not delivered", "mails not delivered"),
}
_DOES = {"lower": ("lowers the level", "lower the level"), "block": ("blocks the day", "block the day")}
_SAID = {
    "block": ("would be blocked for the day",) * 2,
    "lower": ("would be lowered a level",) * 2,
    "raise": ("would be raised a level",) * 2,
    "keep": ("keeps its level", "keep their levels"),
}
_NAMED = 2  # sender domains that are named in a sentence, at most


def percent(value: float) -> str:
    """A share in percent, with two digits that tell something where it is small: 0.03%, 1.2%, 95.1%."""
    if 0 < value < 0.0001:
        return "<0.01%"
    if 0 < value < 0.01:
        return f"{value:.2%}"
    return ">99.9%" if 0.999 < value < 1 else f"{value:.1%}".replace(".0%", "%" if value in (0, 1) else ".0%")


def measured(rate: MessageRate, counts: Mapping[str, int]) -> str:
    """A rate, with its interval where few messages stand behind it; a dash where there is nothing to divide by."""
    value, interval = rate.value(counts), rate.interval(counts)
    if value is None:
        return "–"
    if interval is None or rate.numbers(counts)[1] >= FEW:
        return percent(value)
    return f"{percent(value)} ({100 * interval[0]:.0f}–{100 * interval[1]:.0f})"


def judged(days: Sequence[SenderDay]) -> list[SenderDay]:
    """The newest day of each sender domain with enough mail to be judged, or else the newest."""
    found: dict[str | None, SenderDay] = {}
    for one in days:
        known = found.setdefault(one.from_domain, one)
        if known.counts["sent"] <= ABOVE < one.counts["sent"]:
            found[one.from_domain] = one
    return list(found.values())


def verdict(days: Sequence[SenderDay]) -> str:
    """What the rules make of each sender domain, in one sentence."""
    told: list[str] = []
    for level in ("block", "lower", "raise", "keep"):
        named = [one.from_domain or NONE for one in judged(days) if one.judgement.level == level]
        if named:
            few = len(named) <= _NAMED and (level != "keep" or not told)
            rest = "other" if told else "sender domain"
            subject = " and ".join(named) if few else f"{len(named):,} {rest}{'s' if len(named) > 1 else ''}"
            told.append(f"{subject} {_SAID[level][len(named) > 1]}")
    return "; ".join(told) or "no mail to judge"


def reasons(one: SenderDay) -> str:
    """Why a sender domain is judged so on a day, and what would change that."""
    level, sent = one.judgement.level, one.counts["sent"]
    if level in ("lower", "block"):
        limits = [limit for limit in (BLOCK if level == "block" else LOWER) if limit.holds(one.counts)]
        return "; ".join(_broken(limit, one.counts) for limit in limits)
    if level == "raise":
        return f"{sent:,} of {one.quota or 0:,} sent, and all limits of a raise hold"
    if sent <= ABOVE:
        return f"{sent:,} sent, and judged above {ABOVE}"
    near = margins(one)[0]
    return near if one.quota is None else f"{near}; {one.judgement.why[0]}"


def _broken(limit: Limit, counts: Mapping[str, int]) -> str:
    rate = RATES[limit.rate]
    part, whole = rate.numbers(counts)
    beyond = f"{rate.title} {percent(part / whole)}, {limit.sign} {limit.tenths / 10:g}%"
    return f"{beyond} ({part:,} of {whole:,} {rate.whole})"


def margins(one: SenderDay) -> list[str]:
    """What would lower the level of a sender domain, or block it, at the volume of the day; the nearest first."""
    found = [
        (n, f"{n:,} more {_MORE[name][n > 1]} {_DOES[level][n > 1]}")
        for level, counts in one.judgement.margin.items()
        for name, n in counts.items()
        if n
    ]
    return [text for _, text in sorted(found)]
