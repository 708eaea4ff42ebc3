"""How a replay goes, and what came of it."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

from ses_cli.table import Column, Kind, Table, Value

_PERIOD = 10.0  # seconds between two lines where there is no terminal


class Now(Protocol):
    """How a run stands. Times are seconds."""

    @property
    def seconds(self) -> float: ...
    @property
    def delivered(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def skipped(self) -> int: ...
    @property
    def retries(self) -> int: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def held(self) -> float: ...
    @property
    def p99(self) -> float | None: ...


class Standing:
    """One line on standard error: drawn over and over on a terminal, else one every ten seconds."""

    def __init__(self) -> None:
        self._is_live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._next = 0.0 if self._is_live else _PERIOD

    def __call__(self, now: Now) -> None:
        """Tell how it stands."""
        if now.seconds < self._next:
            return
        self._next = now.seconds + (0.0 if self._is_live else _PERIOD)
        text = _line(now)
        sys.stderr.write(f"\r\x1b[K{text[: os.get_terminal_size(2).columns - 1]}" if self._is_live else f"{text}\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._is_live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _line(now: Now) -> str:
    rate = now.delivered / now.seconds if now.seconds else 0.0
    parts = [f"{now.delivered:,} delivered", f"{rate:,.0f}/s", f"{now.in_flight} in flight", f"{now.failed:,} failed"]
    parts += [f"{now.retries:,} retries"] if now.retries else []
    parts += [f"{now.skipped:,} skipped"] if now.skipped else []
    parts += [f"p99 {now.p99 * 1000:.0f} ms"] if now.p99 is not None else []
    parts += [f"waiting {now.held:.0f} s"] if now.held else []
    return ", ".join(parts)


def tables(numbers: Mapping[str, object], failures: Sequence[Mapping[str, object]]) -> list[Table]:
    """The counts, answers, times and failures of a run, as its document has them."""
    counts = ("selected", "delivered", "failed", "skipped", "unknown", "unsent", "attempts", "resent")
    rows: list[Sequence[Value]] = [(name, int(str(numbers[name]))) for name in counts if numbers[name]]
    title = f"{numbers['seconds']} s, {numbers['rate']} delivered a second"
    made = [Table(title, (Column("callbacks", Kind.KEY), Column("count", Kind.COUNT)), rows)]
    statuses = numbers["statuses"]
    if isinstance(statuses, dict) and statuses:
        columns = (Column("answer", Kind.KEY), Column("attempts", Kind.COUNT))
        answers = sorted(
            ((str(status), int(n)) for status, n in statuses.items()), key=lambda item: (-item[1], item[0])
        )
        made.append(Table("answers", columns, answers))
    times = [_times(name, numbers[f"{name}_ms"]) for name in ("latency", "lateness")]
    if any(row[-1] != "–" for row in times):
        quantiles = [Column("milliseconds", Kind.KEY), *(Column(name) for name in ("p50", "p90", "p99", "max"))]
        made.append(Table("times", quantiles, [row for row in times if row[-1] != "–"]))
    if failures:
        causes = [Column("cause", Kind.KEY), Column("count", Kind.COUNT), Column("first"), Column("said")]
        told = [_failure(failure) for failure in failures]
        made.append(Table("failures", causes, told))
    return made


def _failure(one: Mapping[str, object]) -> list[Value]:
    return [str(one["cause"]), int(str(one["count"])), f"{one['source']}:{one['line']}", str(one["said"])]


def _times(name: str, quantiles: object) -> list[str]:
    values = quantiles if isinstance(quantiles, dict) else {}
    found = [values.get(key) for key in ("p50", "p90", "p99", "max")]
    return [name, *("–" if value is None else f"{value:,.1f}" for value in found)]
