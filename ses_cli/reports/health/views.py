"""The health of senders as tables for people and rows for programs."""

from collections.abc import Iterable, Iterator, Sequence

from ses_cli.reports.health.days import SenderDay
from ses_cli.reports.health.rates import COUNTS, RATES
from ses_cli.reports.health.rules import ABOVE, ADVICE, BLOCK, LOWER, QUOTA_SHARE, RAISE
from ses_cli.reports.health.words import NONE, judged, measured, reasons
from ses_cli.table import Column, Data, Kind, Table, Value

_SHOWN = ("deliverability", "invalid_address_rate", "spam_bounce_rate", "complaint_rate", "open_rate")
_LISTED = (*_SHOWN, "bounce_rate", "hard_bounce_rate")
NAMES = ("from_domain", "day", *COUNTS, *_LISTED, "level", "why")
_LEAD = (Column("day", Kind.KEY), Column("sender domain", Kind.KEY))


def judgements(days: Sequence[SenderDay], more: int) -> Table:
    """What the published rules make of each sender domain and day."""
    columns = (*_LEAD, Column("level", Kind.LEVEL), Column("why"))
    rows = [(*_lead(one), one.judgement.level, reasons(one)) for one in days]
    notes = [f"{more:,} earlier: --top all, or a data format"] if more else []
    if any(one.quota is None for one in days):
        notes.append(f"a raise takes {QUOTA_SHARE}% of the quota, which --level or --quota tells")
    return Table("by Tencent's published rules, days of UTC+8", columns, rows, notes=notes)


def rates(days: Sequence[SenderDay]) -> Table:
    """The rates of each sender domain and day."""
    shown = [RATES[name] for name in _SHOWN]
    titles = [Column(rate.title, Kind.NUMBER, 1 + (rate.whole != "sent")) for rate in shown]
    rows: list[list[Value]] = [
        [*_lead(one), one.counts["sent"], *(measured(rate, one.counts) for rate in shown)] for one in days
    ]
    of = {whole: [rate.title for rate in shown if rate.whole == whole] for whole in ("sent", "delivered")}
    notes = [
        f"{', '.join(of['sent'])}: of messages sent (delivered + bounced + dropped)",
        f"{', '.join(of['delivered'])}: of messages delivered; in brackets the 95% interval of a rate of few",
    ]
    return Table("rates", [*_LEAD, Column("sent", Kind.COUNT, 1), *titles], rows, notes=notes)


def advice(days: Sequence[SenderDay]) -> Table:
    """What others ask of senders, where one is beyond it and not by chance: with the hardest that each says."""
    rows = []
    for one in judged(days):
        for by, said in {each.by: each for each in ADVICE if each.is_beyond(one.counts)}.items():
            rate = RATES[said.limit.rate]
            rows.append((_lead(one)[1], f"{rate.title} {measured(rate, one.counts)}", f"{by} {said.says}"))
    columns = (Column("sender domain", Kind.KEY), Column("rate"), Column("what they say"))
    return Table("beyond what others ask", columns, rows)


def _lead(one: SenderDay) -> tuple[str, str]:
    return f"{one.day}", one.from_domain or NONE


def data(days: Iterable[SenderDay]) -> Data:
    """One row for each sender domain and day."""
    return Data(NAMES, map(_row, days))


def _row(one: SenderDay) -> list[Value]:
    counts = [one.counts[name] for name in COUNTS]
    return [one.from_domain, f"{one.day}", *counts, *_values(one).values(), one.judgement[0], list(one.judgement.why)]


def _values(one: SenderDay) -> dict[str, float | None]:
    return {name: rounded(RATES[name].value(one.counts)) for name in _LISTED}


def senders(days: Iterable[SenderDay]) -> Iterator[dict[str, object]]:
    """The same as JSON has it, with intervals and margins."""
    for one in days:
        intervals = {name: RATES[name].interval(one.counts) for name in _LISTED}
        yield {
            "from_domain": one.from_domain,
            "day": f"{one.day}",
            "sent": one.counts["sent"],
            **_values(one),
            "level": one.judgement.level,
            "why": list(one.judgement.why),
            "margin": one.judgement.margin,
            "quota": one.quota,
            "counts": one.counts,
            "intervals": {name: [rounded(end) for end in ends] for name, ends in intervals.items() if ends},
            "advice": [f"{said.by} {said.says}" for said in ADVICE if said.is_beyond(one.counts)],
        }


def rules() -> dict[str, object]:
    """The published rules that a document was made by."""
    return {
        "block": [str(limit) for limit in BLOCK],
        "lower": [str(limit) for limit in LOWER],
        "raise": [[str(limit) for limit in way] for way in RAISE],
        "lower_and_block_above": ABOVE,
        "raise_from_quota_percent": QUOTA_SHARE,
    }


def rounded(value: float | None) -> float | None:
    """A rate as data has it, to a millionth."""
    return None if value is None else round(value, 6)
