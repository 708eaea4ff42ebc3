"""Which segments of the mail account for a change: the fewest that explain most of it.

A segment is a conjunction of values, as in contrast sets: S. D. Bay, M. J. Pazzani, "Detecting group differences:
mining contrast sets", Data Mining and Knowledge Discovery 5 (2001). Each is scored by its likelihood ratio, as by the
scan statistics of M. Kulldorff, "A spatial scan statistic", Communications in Statistics 26 (1997): a segment with the
excess and much else besides has a lower one, and so has one with a part of the excess. What a value costs is the
logarithm of how many values there are to choose from (J. Rissanen's minimum description length). The best segment is
taken, what it explains is taken off the others, and so on, until little is left: the explanatory power and the
succinctness of R. Bhagwan et al., "Adtributor: revenue debugging in advertising systems", NSDI (2014).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from math import log
from typing import NamedTuple

from ses_cli.reports.health.chance import tail
from ses_cli.reports.health.cube import ALL, ANY, Cube, Segment, Side, segment_of, wider
from ses_cli.reports.health.spread import spread

_PRIOR = 10.0  # mails: where the baseline has fewer, the rate of a wider segment stands in
_HALF = 0.5  # H. Jeffreys' prior of what was never seen, over all mail
_EVENTS = 2.0  # by which a rate is drawn to that of a wider segment
_FEW = 3  # parts
HOPELESS = 5.0  # a logarithm of a likelihood ratio that no test finds beyond chance
LEAST = 5.0  # more or fewer than expected, to be told
_NEXT_TO_NOTHING = 1e-9
_TESTED = 5  # records of a segment in both periods, to be tested


class Finding(NamedTuple):
    """What a segment has now, and what was to be expected of its baseline."""

    segment: Segment
    observed: float
    expected: float
    bound: float  # what may be expected as well, and makes less of it
    share: float  # of the window in both periods
    spread: float
    ratio: float  # the logarithm of the likelihood ratio of another rate against the expected one

    @property
    def excess(self) -> float:
        """How many more than expected, or fewer."""
        return self.observed - self.expected

    @property
    def chance(self) -> float:
        """The probability that chance makes a difference as large, on either side.

        The exact form of the test of two proportions for rates, given both counts: J. Przyborowski, H. Wilenski,
        "Homogeneity of results in testing samples from Poisson series", Biometrika 31 (1940).
        """
        if (self.observed - self.bound) * self.excess <= 0 or self.share in (0, 1):
            return 1.0
        observed = max(self.observed, 0.0) / self.spread
        before = self.bound * (1 - self.share) / self.share / self.spread
        if self.excess > 0:
            return min(2 * tail(observed, observed + before, self.share), 1.0)
        return min(2 * tail(before, observed + before, 1 - self.share), 1.0)

    @property
    def is_large(self) -> bool:
        """Whether it is worth a test."""
        return self.ratio > HOPELESS and abs(self.excess) >= LEAST

    @property
    def plain_chance(self) -> float:
        """The same against its own rate, whatever its parts do."""
        return self._replace(bound=self.expected).chance


# quicker than `Finding(...)`
_finding_of: Callable[[tuple[Segment, float, float, float, float, float, float]], Finding] = partial(
    tuple.__new__, Finding
)


class _Rates(dict[Segment, float]):
    """The rate of each segment in the baseline: of few wide ones it is asked time and again."""

    def __init__(self, before: Side) -> None:
        self._before = before

    def __missing__(self, segment: Segment) -> float:
        base = self._before.whole.get(segment.mail(), 0)
        rate = self[segment] = self._before.part.get(segment, 0) / base if base else 0.0
        return rate


class Evidence:
    """The findings of a metric, of every segment."""

    def __init__(self, cube: Cube) -> None:
        self.cube = cube
        self.spread = spread(cube)
        self._unseen = _HALF / max(cube.before.whole.get(ALL, 0), 1)  # the rate of what the baseline does not have
        self._rates = _Rates(cube.before)
        self._found: dict[Segment, Finding] = {}
        now, before = cube.now.part, cube.before.part
        self._every = {**now, **before}
        # those with enough in both periods to be tested
        self.segments = [one for one in self._every if now.get(one, 0) + before.get(one, 0) >= _TESTED]

    @cached_property
    def large(self) -> list[Finding]:
        """What is found of segments that are worth a test."""
        found = [self.finding(segment) for segment in self.segments if not self._is_small(segment)]
        return [finding for finding in found if finding.is_large]

    def _is_small(self, segment: Segment) -> bool:
        """Whether what there is and what is expected are both too few for a large difference.

        Of most segments that is so. The rate that is expected is no larger than with as many more in the baseline as it
        may be drawn by.
        """
        mail, before = segment.mail(), self.cube.before
        base = before.whole.get(mail, 0)
        if base < _PRIOR or self.cube.now.part.get(segment, 0) >= LEAST:
            return False
        most = before.part.get(segment, 0) / base + self._unseen + _EVENTS / base
        return most * self.cube.now.whole.get(mail, 0) < LEAST - _NEXT_TO_NOTHING

    @cached_property
    def _costs(self) -> list[float]:
        values = [set(column) for column in zip(*self._every, strict=True)] or [set[object]()] * len(Segment._fields)
        return [log(max(len(known - {ANY}), 2)) for known in values]

    @cached_property
    def _rules(self) -> Counter[object]:
        return Counter(cls for cls, rule in {segment[3:] for segment in self._every} if rule is not ANY)

    def _mixed(self, segment: Segment, rate: float) -> Iterator[float]:
        """What a segment would have, had all its parts the rates they had: a change of the mix is no change of rates.

        The rate of a part with few mails is drawn to that of the segment.
        """
        now, before = self.cube.now.whole, self.cube.before
        drawn = max(_PRIOR, _EVENTS / rate if rate else 0.0)
        for at in range(3):
            if parts := self.cube.divided.get((segment.mail(), at)):
                yield sum(
                    now[mail]
                    * (before.part.get(segment_of((*mail[:3], *segment[3:])), 0) + drawn * rate)
                    / (before.whole.get(mail, 0) + drawn)
                    for mail in parts
                )

    def finding(self, segment: Segment, explained: float = 0.0) -> Finding:
        """What is found of a segment, without those that are explained."""
        if explained:
            return self._finding(segment, explained)
        found = self._found.get(segment)
        if found is None:
            found = self._found[segment] = self._finding(segment, 0.0)
        return found

    def _finding(self, segment: Segment, explained: float) -> Finding:
        mail, side, before = segment.mail(), self.cube.now, self.cube.before
        now, base = side.whole.get(mail, 0), before.whole.get(mail, 0)
        part = before.part.get(segment, 0) + self._unseen * base
        observed = side.part.get(segment, 0) - explained
        likely = max([self._rates[more] for more in wider(segment).values()], default=0.0)
        drawn = max(_EVENTS / likely if likely else 0.0, _PRIOR - base, 0.0)
        rates = [(part + drawn * likely) / (base + drawn)]
        rates += [part / base] if base else []
        expected = max(rates[0] * now, _NEXT_TO_NOTHING)
        share = now / (now + max(base, _PRIOR))
        told, spread = observed * log(observed / expected) if observed > 0 else 0.0, self.spread.of(expected)
        ratio = (told - (observed - expected)) / spread
        found = _finding_of((segment, observed, expected, expected, share, spread, ratio))
        if ratio <= HOPELESS:
            return found
        bounds = [rate * now for rate in rates] + ([*self._mixed(segment, rates[0])] if base else [])
        return found._replace(bound=max(*bounds, _NEXT_TO_NOTHING) if found.excess > 0 else min(bounds))

    def numbers(self, segment: Segment) -> tuple[tuple[int, int], tuple[int, int]]:
        """What is watched and all, in the baseline and in the window."""
        mail, sides = segment.mail(), (self.cube.before, self.cube.now)
        before, now = ((side.part.get(segment, 0), side.whole.get(mail, 0)) for side in sides)
        return before, now

    def mix(self, mail: Segment) -> list[tuple[Segment, float]]:
        """The parts of some mail whose shares of it moved its rate, and by how many: the largest first.

        By what it is divided into where a few parts move most. E. M. Kitagawa, "Components of a difference between two
        rates", J. Am. Stat. Assoc. 50 (1955).
        """
        (part, base), (_, now) = self.numbers(mail)
        found: list[list[tuple[Segment, float]]] = [[]]
        for at in range(3):
            moved = []
            for each in self.cube.divided.get((mail, at), ()):
                (had, of), (_, n) = self.numbers(each)
                rate = had / of - part / base if of and base else 0.0
                moved.append((each, (n - now * of / base) * rate if base else 0.0))
            found.append(sorted(moved, key=lambda one: -abs(one[1])))
        return max(found, key=lambda moved: sum(abs(excess) for _, excess in moved[:_FEW]))

    def cost(self, segment: Segment) -> float:
        """What the values of a segment cost; a template tells its sender, and a rule is one of its class."""
        found = sum(cost for cost, value in zip(self._costs[1:4], segment[1:4], strict=True) if value is not ANY)
        if segment.template is ANY and segment.sender is not ANY:
            found += self._costs[0]
        return found + (log(self._rules[segment.cls]) if segment.rule is not ANY else 0.0)
