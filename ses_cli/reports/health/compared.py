"""What is compared with what: the newest hours of a log, and those before them or another log."""

from typing import NamedTuple

from ses_cli.reports.health.mails import Mails
from ses_cli.reports.health.periods import Baseline, Periods, periods


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
    found = periods(newest, window, baseline)
    if other is None:
        return Compared(counts, counts, found)
    before, until = (other.hours[0], other.hours[-1] + 1) if other.hours else (0, 0)
    return Compared(counts, other, found._replace(before=before, until=until))
