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


def edges(happened: Iterable[int], newest: int, window: int, baseline: Baseline) -> list[int]:
    """Where what has to be told apart begins, for hours in which something happened, in order.

    That are days, the hours of the window, and the blocks of the baseline. Work grows with the hours that are given,
    not with the time between them: of two callbacks one may be of 1970 and one of the year 9999.
    """
    found = periods(newest, window, baseline)
    length = block_hours(found)
    return sorted({max(_beginning(hour, found, length), 0) for hour in happened})


def _beginning(hour: int, found: Periods, length: int) -> int:
    """The last hour, up to this one, at which something begins."""
    if hour >= found.start:
        return hour
    day = hour - (hour + _EAST) % DAY
    if hour < found.before:
        return day
    block = found.until if hour >= found.until else found.until - -((hour - found.until) // length) * length
    return max(day, block, found.before)
