"""What changed beyond chance between the baseline and the window, and which part of the mail accounts for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat

from ses_cli.reports.health.attribution import HOPELESS, Evidence, Finding
from ses_cli.reports.health.chance import discoveries
from ses_cli.reports.health.compared import Compared
from ses_cli.reports.health.cube import ALL, ANY, Segment, cubes
from ses_cli.reports.health.metrics import Metric
from ses_cli.reports.health.since import HourRange, span

FALSE_DISCOVERIES = 0.002  # the share of what is reported that chance may make
_MOST = 20  # causes of a metric
_MOST_PARTS = 3  # of a mix
_WORTH_TELLING = 0.1  # of a difference


@dataclass(slots=True)
class Cause:
    """A segment that accounts for a change."""

    segment: Segment
    excess: float  # more than expected, or fewer
    score: float  # the evidence for it, without what its values cost
    span: HourRange | None = None  # when


@dataclass(slots=True)
class Change:
    """A rate of some mail that moved, and the segments that account for it."""

    metric: Metric
    mail: Segment  # whose rate it is
    before: tuple[int, int]  # part and whole
    now: tuple[int, int]
    excess: float  # more than the baseline's rate makes of today's volume, or fewer
    chance: float  # the p-value of the first cause
    is_mix: bool = False  # the rates of its parts are what they were, their shares of the mail are not
    causes: list[Cause] = field(default_factory=list)

    @property
    def is_harm(self) -> bool:
        """Whether it is a change for the worse."""
        return self.excess * self.metric.harm > 0

    @property
    def weight(self) -> tuple[bool, bool, float]:
        """The more it matters, the larger."""
        return self.is_harm, not self.is_mix, max(cause.score for cause in self.causes)


def changes(compared: Compared) -> list[Change]:
    """All changes, what matters most first."""
    evidences = [Evidence(cube) for cube in cubes(compared)]
    limit = discoveries([chance for evidence in evidences for chance in _chances(evidence)], FALSE_DISCOVERIES)
    found: list[Change] = []
    for evidence in evidences:
        moved = _changes(evidence, limit)
        for change in moved:
            for cause in change.causes:
                cause.span = span(compared, change.metric, evidence.finding(cause.segment))
        found += moved or _mixes(evidence, limit)
    return sorted(found, key=lambda change: change.weight, reverse=True)


def _chances(evidence: Evidence) -> Iterator[float]:
    """The p-values of all segments that are tested."""
    yield from (finding.chance for finding in evidence.large)
    yield from repeat(1.0, len(evidence.segments) - len(evidence.large))
    for mail in _senders(evidence):
        finding = evidence.finding(mail)
        yield finding.plain_chance if finding.is_large else 1.0


def _changes(evidence: Evidence, limit: float) -> list[Change]:
    """The causes of one metric, those in the same mail together."""
    found: dict[tuple[Segment, bool], Change] = {}
    for finding, score in _causes(evidence, limit):
        mail = _mail(finding.segment)
        key = mail, finding.excess > 0
        if key not in found:
            found[key] = _change(evidence, mail, finding)
        found[key].causes.append(Cause(finding.segment, finding.excess, score))
    return list(found.values())


def _causes(evidence: Evidence, limit: float) -> Iterator[tuple[Finding, float]]:
    """The segments that explain most, and their scores, one after another, each without what those before explain."""
    if not any(finding.chance <= limit for finding in evidence.large):
        return
    waiting = {segment: evidence.finding(segment) for segment in evidence.segments}
    waiting = {segment: finding for segment, finding in waiting.items() if finding.ratio > HOPELESS}
    taken: list[Finding] = []
    while len(taken) < _MOST and (best := _best(evidence, waiting, limit)):
        taken.append(best[0])
        yield best
        for segment in waiting:
            waiting[segment] = evidence.finding(segment, _explained(evidence, segment, taken))


def _best(evidence: Evidence, waiting: dict[Segment, Finding], limit: float) -> tuple[Finding, float] | None:
    """The finding with the best score that is beyond chance; it and those before it no longer wait."""
    scores = {segment: finding.ratio - evidence.cost(segment) for segment, finding in waiting.items()}
    for segment in sorted(scores, key=lambda one: (scores[one], -one.count(ANY), str(one)), reverse=True):
        finding = waiting.pop(segment)
        if finding.ratio <= HOPELESS:
            return None
        if finding.is_large and finding.chance <= limit:
            return finding, scores[segment]
    return None


def _explained(evidence: Evidence, segment: Segment, taken: Sequence[Finding]) -> float:
    """How much of a segment's excess is that of the segments that were taken."""
    explained = 0.0
    for finding in taken:
        both = segment.also(finding.segment)
        if both is not None:
            excess = evidence.finding(both).excess
            explained += excess if excess * finding.excess > 0 else 0.0
    return explained


def _mail(segment: Segment) -> Segment:
    """The mail whose rate is told: to the recipient domain, else by the template, else by the sender domain."""
    if segment.domain is not ANY:
        return Segment(segment.sender, segment.domain)
    return segment.mail()


def _change(evidence: Evidence, mail: Segment, finding: Finding) -> Change:
    before, now = evidence.numbers(mail)
    excess = evidence.finding(mail).excess
    if excess * finding.excess <= 0 or abs(excess) < abs(finding.excess):
        excess = finding.excess  # what else is in that mail went the other way
    return Change(evidence.cube.metric, mail, before, now, excess, finding.chance)


def _mixes(evidence: Evidence, limit: float) -> list[Change]:
    """The rates of sender domains that moved with what their mail is made of; where several did, that of all mail."""
    found = [change for mail in _senders(evidence) if (change := _mix(evidence, mail, limit))]
    whole = [change for change in found if change.mail == ALL]
    return whole if whole and len(found) != 2 else found[:1] if whole else found


def _senders(evidence: Evidence) -> list[Segment]:
    """The mail of each sender domain, and then all."""
    whole = evidence.cube.now.whole
    return [*(mail for mail in whole if mail == Segment(mail.sender) and mail != ALL), *([ALL] if whole else [])]


def _mix(evidence: Evidence, mail: Segment, limit: float) -> Change | None:
    finding = evidence.finding(mail)
    if not finding.is_large or finding.plain_chance > limit:
        return None
    parts = [part for part in evidence.mix(mail)[:_MOST_PARTS] if part[1] / finding.excess > _WORTH_TELLING]
    if 2 * abs(sum(excess for _, excess in parts)) < abs(finding.excess):
        return None
    causes = [Cause(part, excess, finding.ratio) for part, excess in parts]
    return Change(
        evidence.cube.metric, mail, *evidence.numbers(mail), finding.excess, finding.plain_chance, True, causes
    )
