"""The health of senders for Prometheus, in the text format of OpenMetrics.

Written to a file for node_exporter's textfile collector. Everything is a gauge: a report of a log counts down as well.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta, timezone

from ses_cli.ledger import Ledger
from ses_cli.openmetrics import Sample, gauges
from ses_cli.reports.health.cube import ANY, Segment
from ses_cli.reports.health.days import SenderDay
from ses_cli.reports.health.rates import RATES
from ses_cli.reports.health.report import Health
from ses_cli.reports.health.rules import LEVELS
from ses_cli.reports.health.words import judged

_HELP = {
    "messages": "Messages of the day, by what is counted.",
    "rate_ratio": "Rates of the day, as docs/check.md defines them.",
    "level": "What the published rules make of the day: 1 for one of raise, keep, lower and block.",
    "margin": "How many more messages lead to a rule at the volume of the day.",
    "day_start_timestamp_seconds": "When that day began.",
    "changes": "Rates that changed beyond chance.",
    "change_excess": "How many more than the baseline makes likely, or fewer, by what accounts for it.",
    "failed": "How often a condition holds.",
    "newest_callback_timestamp_seconds": "When the newest callback happened.",
    "lines": "Lines of the log that are not blank.",
}
_WALL = timezone(timedelta(hours=8))
_DIMENSIONS = ("from_domain", "domain", "template", "class", "rule")


def exposition(report: Health, ledger: Ledger) -> Iterator[bytes]:
    """All metrics. Those of a sender domain are of its newest day with enough mail to be judged, or else the newest."""
    samples: dict[str, list[Sample]] = {name: [] for name in _HELP}
    for one in judged(report.found().recent):
        for name, labels, value in _of_day(one):
            samples[name].append(({"from_domain": one.from_domain, **labels}, value))
    for name, labels, value in (*_of_report(report), *_of_log(report, ledger)):
        samples[name].append((labels, value))
    return gauges("ses_events_check", _HELP, samples)


Named = Iterator[tuple[str, Mapping[str, object], float]]


def _of_day(one: SenderDay) -> Named:
    for name, n in one.counts.items():
        yield "messages", {"count": name}, n
    for rate in RATES.values():
        if (value := rate.value(one.counts)) is not None:
            yield "rate_ratio", {"rate": rate.name}, value
    for level in LEVELS:
        yield "level", {"level": level}, one.judgement.level == level
    for level, counts in one.judgement.margin.items():
        for name, n in counts.items():
            yield "margin", {"level": level, "count": name}, n
    yield "day_start_timestamp_seconds", {}, datetime.combine(one.day, time(), _WALL).timestamp()


def _of_report(report: Health) -> Named:
    found = report.found()
    harms = Counter(change.is_harm for change in found.changes)
    for direction, is_harm in (("worse", True), ("better", False)):
        yield "changes", {"direction": direction}, harms[is_harm]
    for change in found.changes:
        for cause in change.causes:
            yield "change_excess", {"metric": change.metric.name, **_told(cause.segment)}, round(cause.excess, 1)
    asked = [one.text for one in report.asked.conditions] + ["silence"] * (report.asked.max_silence is not None)
    held = Counter(failure.condition for failure in found.failures)
    for condition in asked:
        yield "failed", {"condition": condition}, held[condition]


def _told(segment: Segment) -> dict[str, object]:
    return {name: value for name, value in zip(_DIMENSIONS, segment, strict=True) if value is not ANY}


def _of_log(report: Health, ledger: Ledger) -> Named:
    if report.counts.last is not None:
        yield "newest_callback_timestamp_seconds", {}, report.counts.last
    for state, n in (("valid", ledger.valid), ("invalid", ledger.invalid), ("counted", ledger.counted)):
        yield "lines", {"state": state}, n
