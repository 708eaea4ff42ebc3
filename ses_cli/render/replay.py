"""How a replay goes, and what came of it."""

import os
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ses_cli.render import messages
from ses_cli.table import Column, Kind, Table, Value

_PERIOD = 10.0  # seconds between two lines where there is no terminal
_WIDE = 110  # columns from which everything is told
_MEANINGS = {
    "delivered": "",
    "failed": "for good",
    "skipped": "delivered by a run before",
    "unknown": "sent, and no answer came",
    "unsent": "left for the next run",
}
_SECONDARY = ("flight", "skipped", "p99")


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
    """How a run stands, on standard error: a bar on a terminal, else a line every ten seconds."""

    def __init__(self, total: int | None) -> None:
        self._total = total  # bytes of the log, None where not known
        self._is_live = bool(sys.stderr) and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._next = 0.0 if self._is_live else _PERIOD
        self._told = (0, 0, 0)
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the bar away, until it is shown again."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def show(self, now: Now, done: int, is_waiting: bool) -> None:
        """Tell how it stands, `done` bytes of the log taken, and whether it waits for more of it."""
        if now.seconds < self._next:
            return
        if not self._is_live:
            self._next = now.seconds + _PERIOD
            told = (now.delivered, now.failed, now.retries)
            if not is_waiting or told != self._told:  # a log that is followed may stand still for days
                messages.plain(", ".join(_parts(now, _SECONDARY)))
            self._told = told
            return
        if self._bar is None:
            self._bar = _bar(self._total)
        said = _parts(now, _SECONDARY if self._bar.console.width >= _WIDE else ())
        said += ["waiting for more"] if is_waiting and not now.in_flight else []
        self._bar.update(TaskID(0), completed=done, said="  ".join(said), refresh=True)


def _bar(total: int | None) -> "Bar":
    """A line with the share of the log that is taken, what is said, and the time left. It has no thread."""
    said = TextColumn("{task.fields[said]}")
    share = (
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %"),
        said,
        TimeRemainingColumn(compact=True),
    )
    console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
    columns = (said,) if total is None else share
    bar = Bar(*columns, console=console, auto_refresh=False, transient=True, expand=True)
    bar.add_task("", total=total, said="")
    bar.start()
    return bar


def _parts(now: Now, secondary: Sequence[str]) -> list[str]:
    rate = now.delivered / now.seconds if now.seconds else 0.0
    parts = {"delivered": f"{now.delivered:,} delivered", "rate": f"{rate:,.0f}/s"}
    parts["flight"] = f"{now.in_flight} in flight"
    parts |= {"failed": f"{now.failed:,} failed"} if now.failed else {}
    parts |= {"retries": f"{now.retries:,} retries"} if now.retries else {}
    parts |= {"skipped": f"{now.skipped:,} skipped"} if now.skipped else {}
    parts |= {"p99": f"p99 {now.p99 * 1000:,.0f} ms"} if now.p99 is not None else {}
    parts |= {"waiting": f"waiting {now.held:.0f} s"} if now.held else {}
    return [text for name, text in parts.items() if name in secondary or name not in _SECONDARY]


def tables(numbers: Mapping[str, object], failures: Sequence[Mapping[str, object]]) -> list[Table]:
    """The counts, answers, times and failures of a run, as its document has them."""
    made = [_callbacks(numbers), *_answers(numbers)]
    times = [_times(name, numbers[f"{name}_ms"]) for name in ("latency", "lateness")]
    if any(row[-1] != "–" for row in times):
        quantiles = [Column("milliseconds", Kind.KEY), *(Column(name) for name in ("p50", "p90", "p99", "max"))]
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
    return Table(title, columns, rows, total=("selected", sum(counts.values()), again))


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
