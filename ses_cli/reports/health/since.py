"""Since when: the hours in which a change is most likely to have happened."""

from math import log
from typing import NamedTuple

from ses_cli.reports.health.attribution import Finding
from ses_cli.reports.health.compared import Compared
from ses_cli.reports.health.metrics import Metric
from ses_cli.reports.health.periods import edges


class HourRange(NamedTuple):
    """Hours since 1970, without the last."""

    start: int
    end: int
    is_old: bool  # it began with the window or before
    is_over: bool


def span(compared: Compared, metric: Metric, finding: Finding) -> HourRange:
    """The hours with the largest likelihood ratio of another rate than in the baseline.

    M. Kulldorff, "Prospective time periodic geographical disease surveillance using a scan statistic", J. R. Stat.
    Soc. A 164 (2001), in time alone.
    """
    periods, segment = compared.periods, finding.segment
    hours = periods.end - periods.start
    part, whole = [0] * hours, [0] * hours
    mails = compared.now.by(lambda place: segment.holds(place) or None)
    each = edges(compared.now.hours, periods.start, periods.end, 1)
    for kind, _, hour, n in mails.counts(each):
        whole[hour - periods.start] += n if kind in metric.whole else 0
        part[hour - periods.start] += n if kind in metric.parts and not metric.event else 0
    for meaning, _, hour, n in mails.failures(each):
        part[hour - periods.start] += n if meaning.event == metric.event and segment.tells(meaning) else 0
    start, end = _best(part, whole, finding.expected / max(sum(whole), 1), finding.excess > 0)
    return HourRange(periods.start + start, periods.start + end, start == 0, end < hours)


def _best(part: list[int], whole: list[int], rate: float, is_more: bool) -> tuple[int, int]:
    """The places between which the difference stands out most; most likely it goes on."""
    best, found = 0.0, (0, len(part))
    for start in range(len(part)):
        observed = expected = 0.0
        for end in range(start + 1, len(part) + 1):
            observed += part[end - 1]
            expected += whole[end - 1] * rate
            if (observed > expected) == is_more and expected > 0:
                ratio = (observed * log(observed / expected) if observed else 0.0) - observed + expected
                ratio -= _ENDED if end < len(part) else 0
                if ratio > best:
                    best, found = ratio, (start, end)
    return found


_ENDED = 3.0  # what it takes to say that a change is over
