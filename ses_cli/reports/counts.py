"""Counts of events by group as tables and as data, with their rates."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from ses_cli.events import EVENTS, HARD, LEGACY_EVENTS, SOFT
from ses_cli.reports.kinds import UNTYPED, Key, count, kinds, minus, plus
from ses_cli.reports.rates import OUTCOMES, Rate
from ses_cli.reports.tally import Tally
from ses_cli.reports.timeline import TimelineRow
from ses_cli.table import Column, Data, Kind, Table, Value

_TITLES = {"spamreport": "spam report", HARD: "hard bounce", SOFT: "soft bounce", UNTYPED: "untyped bounce"}
_AT_ONCE = 1000  # rows that are worked on together, in columns
_READ = ("open", "click", "spamreport", "unsubscribe")  # what recipients did, in the last block of columns


def data(by: Sequence[str], tally: Tally, rows: Iterable[TimelineRow], rates: Sequence[Rate], tz: str | None) -> Data:
    """Groups for programs: the key, `total`, one count for each event type, `hard_bounce` and `soft_bounce`.

    Then `outcomes` (delivered + bounce + dropped) and the rates, and the zone where times are among the keys.
    """
    sums = tally.sums()
    legacy = [event for event in LEGACY_EVENTS if count(sums, event)]
    counted = (*(event for event in EVENTS if event not in LEGACY_EVENTS), *legacy, HARD, SOFT)
    names = [*(name.replace("-", "_") for name in by), "total", *counted]
    names += ["outcomes", *(rate.name for rate in rates)] if rates else []
    return Data([*names, "tz"] if tz else names, _data_rows(tally, rows, counted, rates, [tz] if tz else []))


def _data_rows(
    tally: Tally, rows: Iterable[TimelineRow], counted: Sequence[str], rates: Sequence[Rate], zone: Sequence[str]
) -> Iterator[Sequence[Value]]:
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        zeros = [0] * len(some)
        counts = tally.columns([row.number for row in some])
        bounces = [counts.get(name, zeros) for name in (HARD, SOFT, UNTYPED)]
        counts["bounce"] = list(map(sum, zip(*bounces, strict=True)))
        columns = [counts.get(name, zeros) for name in counted]
        events = [column for name, column in counts.items() if name in EVENTS]
        told = [list(map(sum, zip(*(counts.get(event, zeros) for event in OUTCOMES), strict=True)))] if rates else []
        shares = [map(rounded, rate.values(counts, zeros)) for rate in rates]
        totals = map(sum, zip(*events, strict=True))
        for row, values in zip(some, zip(totals, *columns, *told, *shares, strict=True), strict=True):
            yield [*row.key, *values, *zone]


def rounded(rate: float | None) -> float | None:
    """A rate as data has it, to a millionth."""
    return None if rate is None else round(rate, 6)


def table(
    title: str, by: Sequence[str], tally: Tally, rows: Sequence[TimelineRow], rates: Sequence[Rate], rest: str | None
) -> Table:
    """Groups for eyes: the rates, then one column for each event type met, and a row for the rest, so named."""
    whole = tally.sums()
    view = _View(by, whole, rates)
    counted = [tally.counts(row.number) for row in rows]
    largest = max((sum(counts.values()) for counts in counted), default=0) if _has_time(by) else None
    left = minus(whole, plus(*counted))
    return Table(
        title,
        view.columns(largest is not None),
        [view.row(row.key, counts, largest) for row, counts in zip(rows, counted, strict=True)],
        rest=view.row([rest], left, largest, is_sum=True) if rest else None,
        total=view.row(["total"], whole, largest, is_sum=True) if whole else None,
    )


def _has_time(by: Sequence[str]) -> bool:
    return any(name in ("hour", "day", "week", "weekday") for name in by)


class _View:
    """The columns that this log asks for."""

    def __init__(self, by: Sequence[str], whole: dict[str, int], rates: Sequence[Rate]) -> None:
        self._by = by
        self._rates = rates
        self._kinds = (
            [] if "event" in by else sorted((name for name in kinds() if whole.get(name)), key=_READ.__contains__)
        )

    def columns(self, has_bars: bool) -> list[Column]:
        keys = [Column(name.replace("-", " "), Kind.KEY) for name in self._by]
        bars = [Column("", Kind.BAR)] if has_bars else []
        rates = [Column(rate.title, Kind.SHARE) for rate in self._rates]
        counts = [Column(_TITLES.get(name, name), Kind.COUNT, 2 if name in _READ else 1) for name in self._kinds]
        return [*keys, Column("total", Kind.COUNT), *rates, *bars, *counts]

    def row(self, key: Sequence[Key], counts: dict[str, int], largest: int | None, is_sum: bool = False) -> list[Value]:
        n = sum(counts.values())
        keys = [*key, *[""] * (len(self._by) - len(key))]
        bars: list[Value] = [] if largest is None else [None if is_sum else n / (largest or 1)]
        rates = [rate.value(counts) for rate in self._rates]
        return [*keys, n, *rates, *bars, *(counts.get(name, 0) for name in self._kinds)]
