"""The newest hours of a log, and those before them."""

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


def edges(first: int, newest: int, window: int, baseline: Baseline) -> list[int]:
    """Where the hours begin that have to be told apart: days, those of the window, the blocks of the baseline."""
    found = periods(newest, window, baseline)
    hours = block_hours(found)
    blocks = range(found.until, max(found.before, first - hours) - 1, -hours)
    days = range(first - (first + _EAST) % DAY, newest + 1, DAY)
    known = {found.before, *blocks, *range(max(found.start, first), newest + 1), *days}
    return sorted({max(hour, 0) for hour in known})
