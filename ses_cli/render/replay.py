"""What came of a replay, for eyes."""

from collections.abc import Mapping, Sequence

from ses_cli.table import Column, Kind, Table, Value

_MEANINGS = {
    "delivered": "",
    "failed": "given up on in this run",
    "skipped": "delivered by a run before",
    "unknown": "sent, and no answer came",
    "unsent": "left for the next run",
}


def tables(numbers: Mapping[str, object], failures: Sequence[Mapping[str, object]]) -> list[Table]:
    """The counts, answers, times and failures of a run, as its document has them."""
    made = [_callbacks(numbers), *_answers(numbers)]
    times = [_times(name, numbers[f"{name}_ms"]) for name in ("latency", "lateness")]
    if any(row[-1] != "–" for row in times):
        quantiles = [
            Column("milliseconds", Kind.KEY),
            *(Column(name, Kind.COUNT) for name in ("p50", "p90", "p99", "max")),
        ]
        made.append(Table("times", quantiles, [row for row in times if row[-1] != "–"]))
    if failures:
        causes = [Column("cause", Kind.KEY), Column("count", Kind.COUNT), Column("first"), Column("said")]
        made.append(Table("failures", causes, list(map(_failure, failures))))
    return made


def _callbacks(numbers: Mapping[str, object]) -> Table:
    counts = {name: int(str(numbers[name])) for name in ("delivered", "failed", "skipped", "unknown", "unsent")}
    seconds, rate, resent = (float(str(numbers[name])) for name in ("seconds", "rate", "resent"))
    title = f"{counts['delivered']:,} delivered in {seconds:,.1f} s, {rate:,.0f} a second"
    columns = (Column("callbacks", Kind.KEY), Column("count", Kind.COUNT), Column(""))
    rows = [(name, n, _MEANINGS[name]) for name, n in counts.items() if n or name == "delivered"]
    again = f"{resent:,.0f} of them again, for their fate was unknown" if resent else ""
    return Table(title, columns, rows, total=("selected", int(str(numbers["selected"])), again))


def _answers(numbers: Mapping[str, object]) -> list[Table]:
    statuses = numbers["statuses"]
    if not isinstance(statuses, dict) or not statuses:
        return []
    columns = (Column("answer", Kind.KEY), Column("attempts", Kind.COUNT))
    answers = sorted(((str(status), int(n)) for status, n in statuses.items()), key=lambda item: (-item[1], item[0]))
    total = ("total", sum(n for _, n in answers)) if len(answers) > 1 else None
    return [Table("answers", columns, answers, total=total)]


def _failure(one: Mapping[str, object]) -> list[Value]:
    return [str(one["cause"]), int(str(one["count"])), f"{one['source']}:{one['line']}", str(one["said"])]


def _times(name: str, quantiles: object) -> list[str]:
    values = quantiles if isinstance(quantiles, dict) else {}
    found = [values.get(key) for key in ("p50", "p90", "p99", "max")]
    return [name, *("–" if value is None else f"{value:,.1f}" for value in found)]
