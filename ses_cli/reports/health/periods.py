"""What is compared with what: the newest hours of a log, and those before them or another log."""

from typing import NamedTuple

from ses_cli.reports.health.mails import Mails

DAY = 24  # hours
WEEK = 7 * DAY


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


class Compared(NamedTuple):
    """The counts of both periods; mostly they are of one log."""

    now: Mails
    before: Mails
    periods: Periods


def compared(counts: Mails, window: int, baseline: Baseline, other: Mails | None) -> Compared | None:
    """The window of so many hours, which ends with the newest outcome, and its baseline; None where there is no mail.

    Where another log is the baseline, all of it is.
    """
    newest = counts.newest()
    if newest is None:
        return None
    start = newest + 1 - window
    if other is not None:
        hours = [place[3] for _, place in other.records]
        before, until = (min(hours), max(hours) + 1) if hours else (0, 0)
        return Compared(counts, other, Periods(start, newest + 1, before, until))
    if baseline.first is None:
        return Compared(counts, counts, Periods(start, newest + 1, start - baseline.hours, start))
    return Compared(counts, counts, Periods(start, newest + 1, baseline.first, min(baseline.end, start)))
