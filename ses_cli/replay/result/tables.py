"""What came of a replay, and what one would send, as tables."""

from collections.abc import Mapping, Sequence

from ses_cli.replay.result.forecast import Forecast
from ses_cli.replay.result.report import ReplayReport, quantiles
from ses_cli.table import Column, Kind, Table, Value
from ses_cli.times import rfc3339

_DOMAINS = 20  # listed by name


def report_tables(report: ReplayReport) -> list[Table]:
    """The counts, answers, times and failures of a run."""
    return [_callbacks(report), *_answers(report), *_times(report), *_failures(report)]


def forecast_tables(forecast: Forecast, target: str, journal: str | None) -> list[Table]:
    """The facts of a dry run, and its callbacks by event type and recipient domain."""
    facts = _facts(forecast, target, journal)
    return [facts, *_counts("event", forecast.events), *_counts("domain", forecast.domains)]


def _callbacks(report: ReplayReport) -> Table:
    title = f"{report.delivered:,} delivered in {report.seconds:,.1f} s, {report.rate:,.0f} a second"
    left = "left for the next run" if report.is_counted else "at least: left for the next run"
    found = (
        ("delivered", report.delivered, ""),
        ("failed", report.failed, "given up on in this run"),
        ("skipped", report.skipped, "delivered by an earlier run"),
        ("unknown", report.unknown, "sent, and no answer came"),
        ("unsent", report.unsent, left),
    )
    rows = [row for row in found if row[1] or row[0] == "delivered"]
    again = f"{report.resent:,} of them again, for their outcome was unknown" if report.resent else ""
    columns = (Column("callbacks", Kind.KEY), Column("count", Kind.COUNT), Column(""))
    return Table(title, columns, rows, total=("selected", report.selected, again))


def _answers(report: ReplayReport) -> list[Table]:
    if not report.statuses:
        return []
    rows = sorted(((str(status), n) for status, n in report.statuses.items()), key=lambda row: (-row[1], row[0]))
    total = ("total", report.statuses.total()) if len(rows) > 1 else None
    return [Table("answers", (Column("answer", Kind.KEY), Column("attempts", Kind.COUNT)), rows, total=total)]


def _times(report: ReplayReport) -> list[Table]:
    found = [(name, quantiles(times)) for name, times in (("latency", report.latency), ("lateness", report.lateness))]
    rows: list[Sequence[Value]] = [
        (name, *(f"{value:,.1f}" for value in values.values() if value is not None))
        for name, values in found
        if values["max"] is not None
    ]
    columns = (Column("milliseconds", Kind.KEY), *(Column(name, Kind.COUNT) for name in ("p50", "p90", "p99", "max")))
    return [Table("times", columns, rows)] if rows else []


def _failures(report: ReplayReport) -> list[Table]:
    rows = [(one.cause, one.count, f"{one.source}:{one.line}", one.detail) for one in report.causes()]
    columns = (Column("cause", Kind.KEY), Column("count", Kind.COUNT), Column("first"), Column("said"))
    return [Table("failures", columns, rows)] if rows else []


def _facts(forecast: Forecast, target: str, journal: str | None) -> Table:
    report = forecast.report
    rows = [("to", target), ("journal", journal or "none")]
    rows.append(("callbacks", f"{forecast.count:,} ({forecast.bytes:,} bytes)"))
    rows += _count("", report.failed_before, "of them failed in an earlier run")
    rows += _count("", report.resent, "of them were in flight when an earlier run ended (unknown)")
    rows += _count("left out", report.skipped, "delivered by an earlier run")
    rows += _count("left out", report.unknown, "in flight when an earlier run ended (unknown)")
    if forecast.period:
        first, last = map(rfc3339, forecast.period)
        rows += [("first event", first), ("last event", last)]
    if forecast.seconds:
        rows.append(("at this pace", f"{forecast.seconds:.3f} s"))
    return Table("", (Column("what would be sent", Kind.KEY), Column("")), rows)


def _count(name: str, count: int, what: str) -> list[tuple[str, str]]:
    return [(name, f"{count:,} {what}")] if count else []


def _counts(name: str, counts: Mapping[str, int]) -> list[Table]:
    total = sum(counts.values())
    if not total:
        return []
    found = sorted(counts.items(), key=lambda item: -item[1])
    rows = [(key, n, n / total) for key, n in found]
    left = sum(n for _, n in found[_DOMAINS:])
    rest = (f"{len(found) - _DOMAINS:,} more", left, left / total) if left else None
    columns = (Column(name, Kind.KEY), Column("count", Kind.COUNT), Column("share", Kind.SHARE))
    return [Table(f"by {name}", columns, rows[:_DOMAINS], rest=rest, total=("total", total, 1.0))]
