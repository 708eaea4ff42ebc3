"""The newest hours of a log, and those before them."""

from collections.abc import Iterable
from typing import NamedTuple

DAY = 24  # hours
WEEK = 7 * DAY
_EAST = 8  # hours of UTC+8
_FEW = 3  # blocks


class Baseline(NamedTuple):
    """What the window is compared with, as it was asked for."""

    hours: int = WEEK  # right before the window
    first: int | None = None  # or else from this hour since 1970
    end: int = 0  # to this one, without it


A_WEEK = Baseline()


class Periods(NamedTuple):
    """Hours since 1970; each period ends before its last."""

    start: int  # of the window
    end: int
    before: int  # where the baseline begins
    until: int

    def is_now(self, hour: int) -> bool:
        """Whether an hour is in the window."""
        return self.start <= hour < self.end

    def is_before(self, hour: int) -> bool:
        """Whether an hour is in the baseline."""
        return self.before <= hour < self.until


def periods(newest: int, window: int, baseline: Baseline) -> Periods:
    """The window of so many hours, which ends with the newest, and its baseline."""
    start = newest + 1 - window
    if baseline.first is None:
        return Periods(start, newest + 1, start - baseline.hours, start)
    return Periods(start, newest + 1, baseline.first, min(baseline.end, start))


def block_hours(periods: Periods) -> int:
    """How long the blocks are that show how much the rates vary: as the window, or shorter where these are too few."""
    window, baseline = periods.end - periods.start, periods.until - periods.before
    return next((hours for hours in (window, 6, 1) if hours <= window and baseline // hours >= _FEW), 1)


def edges(happened: Iterable[int], start: int, end: int, length: int | None = None) -> list[int]:
    """The edges between blocks of so many hours, counted back from the end; without a length there is one block.

    Only of blocks in which something happened. Work grows with the hours that are given, not with the time between
    them: of two callbacks one may be of 1970 and one of the year 9999.
    """
    length = length or max(end - start, 1)
    found = set[int]()
    for block in {(end - 1 - hour) // length for hour in happened if start <= hour < end}:
        after = end - block * length
        found |= {max(after - length, start, 0), after}
    return sorted(found)


def day_number(hour: int) -> int:
    """The day of UTC+8, counted from 1970, in which an hour since 1970 lies."""
    return (hour + _EAST) // DAY


def day_edges(happened: Iterable[int]) -> list[int]:
    """The edges between days of UTC+8 in which something happened."""
    begun = {DAY * number - _EAST for number in set(map(day_number, happened))}
    return sorted({max(edge, 0) for hour in begun for edge in (hour, hour + DAY)})
