"""What happened in two periods, counted by every segment of the mail."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from ses_cli.reports.health.compared import Compared
from ses_cli.reports.health.mails import Mails
from ses_cli.reports.health.meanings import Meaning, Place
from ses_cli.reports.health.metrics import METRICS, Metric
from ses_cli.reports.health.periods import block_hours, edges


class Segment(NamedTuple):
    """A part of the mail: what has all these values. `ANY` is any value."""

    sender: object = ...
    domain: object = ...
    template: object = ...
    cls: object = ...
    rule: object = ...

    def also(self, other: "Segment") -> "Segment | None":
        """What is in both; None where that is nothing."""
        found = []
        for mine, theirs in zip(self, other, strict=True):
            if mine is not ANY and theirs is not ANY and mine != theirs:
                return None
            found.append(theirs if mine is ANY else mine)
        return Segment(*found)

    def holds(self, place: Place) -> bool:
        """Whether mail from and to there is in it, for some reason at least."""
        return all(mine is ANY or mine == theirs for mine, theirs in zip(self, place, strict=False))

    def tells(self, meaning: Meaning) -> bool:
        """Whether what failed for that reason is in it, of some mail at least."""
        return self.cls in (ANY, meaning.cls) and self.rule in (ANY, meaning.rule)

    def mail(self) -> "Segment":
        """All mail that it is a part of, whatever came of it."""
        return segment_of((*self[:3], ANY, ANY))


ANY = ...
# quicker than `Segment(...)`
segment_of: Callable[[tuple[object, ...]], Segment] = partial(tuple.__new__, Segment)
ALL = Segment()
Numbers = defaultdict[Segment, int]
Blocks = dict[tuple[Segment, int], int]
K = TypeVar("K", Segment, tuple[Segment, int])


def _numbers() -> Numbers:
    return defaultdict(int)


@dataclass(slots=True)
class Side:
    """One period: by segments of the mail how many there were, by segments of what is watched how many of those."""

    whole: Numbers = field(default_factory=_numbers)
    part: Numbers = field(default_factory=_numbers)


@dataclass(slots=True)
class Cube:
    """The counts of one metric in the window and in the baseline."""

    metric: Metric
    now: Side = field(default_factory=Side)
    before: Side = field(default_factory=Side)
    # of the baseline, in blocks as long as the window: by segment of the mail and number of the block
    blocks_whole: Blocks = field(default_factory=dict)
    blocks_part: Blocks = field(default_factory=dict)


def wider(segment: Segment) -> Iterator[tuple[int, Segment]]:
    """The segments of more mail, one value each let go, and which; the sender of a template stays."""
    for at in range(3):
        if segment[at] is not ANY and (at or segment.template is ANY):
            yield at, segment_of((*segment[:at], ANY, *segment[at + 1 :]))


_SHAPES: tuple[Callable[[Place], Segment | None], ...] = (
    lambda _: ALL,
    lambda place: segment_of((place[0], ANY, ANY, ANY, ANY)),
    lambda place: segment_of((ANY, place[1], ANY, ANY, ANY)),
    lambda place: segment_of((place[0], place[1], ANY, ANY, ANY)),
    lambda place: None if place[2] is None else segment_of((place[0], ANY, place[2], ANY, ANY)),
    lambda place: None if place[2] is None else segment_of((*place, ANY, ANY)),
)
_VARIED: tuple[Callable[[Place], Segment | None], ...] = (
    _SHAPES[1],
    _SHAPES[2],
    lambda place: segment_of((place[0], ANY, place[2], ANY, ANY)),
)


def cubes(compared: Compared) -> list[Cube]:
    """A cube for each metric."""
    periods = compared.periods
    now = _Period(compared.now, periods.start, periods.end)
    before = _Period(compared.before, periods.before, periods.until)
    blocks = _blocks(compared.before, periods.before, periods.until, block_hours(periods))
    return [
        Cube(metric, now.side(metric), before.side(metric), blocks[metric.whole], blocks[metric.parts])
        for metric in METRICS
    ]


class _Period:
    """The messages of one period by segments of the mail."""

    def __init__(self, counts: Mails, start: int, end: int) -> None:
        grouped, hours = [counts.by(shape) for shape in _SHAPES], edges(counts.hours, start, end)
        self._mails = _sums((kind, mail, n) for mails in grouped for kind, mail, _, n in mails.counts(hours))
        self._failed = _read((meaning, mail, n) for mails in grouped for meaning, mail, _, n in mails.failures(hours))

    def side(self, metric: Metric) -> Side:
        """The counts of a metric."""
        part = self._failed[metric.event] if metric.event else self._mails[metric.parts]
        return Side(self._mails[metric.whole], part)


def _blocks(counts: Mails, start: int, end: int, hours: int) -> Mapping[frozenset[str], Blocks]:
    """The messages by kinds, sender domain, recipient domain or template, and block of so many hours."""
    between = edges(counts.hours, start, end, hours)
    return _sums(
        (kind, (mail, (end - 1 - hour) // hours), n)
        for shape in _VARIED
        for kind, mail, hour, n in counts.by(shape).counts(between)
    )


def _sums(counts: Iterable[tuple[str, K, int]]) -> Mapping[frozenset[str], defaultdict[K, int]]:
    """What there is of each set of kinds that a metric asks for."""
    found: dict[frozenset[str], defaultdict[K, int]] = {
        kinds: defaultdict(int) for metric in METRICS for kinds in (metric.whole, metric.parts)
    }
    into = {kind: [found[kinds] for kinds in found if kind in kinds] for kind in frozenset[str]().union(*found)}
    for kind, key, n in counts:
        for sums in into.get(kind, ()):
            sums[key] += n
    return found


def _read(failed: Iterable[tuple[Meaning, Segment, int]]) -> Mapping[str, Numbers]:
    """Of each event what is in segments for any reason, for those of a class, and for those of a rule."""
    events: defaultdict[str, Numbers] = defaultdict(_numbers)
    for meaning, mail, n in failed:
        numbers = events[meaning.event]
        numbers[mail] += n
        numbers[segment_of((*mail[:3], meaning.cls, ANY))] += n
        numbers[segment_of((*mail[:3], meaning.cls, meaning.rule))] += n
    return events
