"""What happened in two periods, counted by every segment of the mail."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from ses_cli.reports.health.compared import Compared
from ses_cli.reports.health.mails import Mails
from ses_cli.reports.health.meanings import Meaning, Place
from ses_cli.reports.health.metrics import METRICS, Metric
from ses_cli.reports.health.periods import block_hours


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

    def holds(self, place: Place, meaning: Meaning | None = None) -> bool:
        """Whether what happened there, for that reason, is in it."""
        told = (*place[:3], *(("", "") if meaning is None else (meaning.cls, meaning.rule)))
        return all(mine is ANY or mine == theirs for mine, theirs in zip(self, told, strict=True))

    def mail(self) -> "Segment":
        """All mail that it is a part of, whatever came of it."""
        return segment_of((*self[:3], ANY, ANY))


ANY = ...
# quicker than `Segment(...)`
segment_of: Callable[[tuple[object, ...]], Segment] = partial(tuple.__new__, Segment)
ALL = Segment()
Numbers = defaultdict[Segment, int]
Blocks = dict[tuple[Segment, int], int]
Places = Mapping[Place, int]
Values = tuple[object, object, object, object, object]  # those of a segment
Cell = tuple[object, object, object, int]  # values of a segment of the mail, and the block
Cells = Mapping[Cell, int]
K = TypeVar("K", Place, Cell)


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


def cubes(compared: Compared) -> list[Cube]:
    """A cube for each metric."""
    sides = _Sides(compared)
    return [sides.cube(metric) for metric in METRICS]


class _Sides:
    """Messages of both periods by kind and place, without the hour."""

    def __init__(self, compared: Compared) -> None:
        periods = compared.periods
        hours = block_hours(periods)
        self._now = _gathered(compared.now, periods.start, periods.end)
        self._before = _gathered(compared.before, periods.before, periods.until)
        self._blocks = _divided(compared.before, periods.before, periods.until, hours)
        self._failed_now = _failed(compared.now, periods.start, periods.end)
        self._failed_before = _failed(compared.before, periods.before, periods.until)
        self._wholes: dict[frozenset[str], tuple[Numbers, Numbers, Blocks]] = {}  # several metrics have the same

    def cube(self, metric: Metric) -> Cube:
        """The counts of a metric."""
        now, before, blocks = self._whole(metric.whole)
        cube = Cube(metric, Side(now), Side(before), blocks, self._block(metric.parts))
        if metric.event:
            cube.now.part = _read(self._failed_now, metric.event)
            cube.before.part = _read(self._failed_before, metric.event)
        else:
            cube.now.part = _mail(_sum(self._now, metric.parts))
            cube.before.part = _mail(_sum(self._before, metric.parts))
        return cube

    def _whole(self, kinds: frozenset[str]) -> tuple[Numbers, Numbers, Blocks]:
        if kinds not in self._wholes:
            mails = _mail(_sum(self._now, kinds)), _mail(_sum(self._before, kinds))
            self._wholes[kinds] = *mails, self._block(kinds)
        return self._wholes[kinds]

    def _block(self, kinds: frozenset[str]) -> Blocks:
        found = _sum(self._blocks, kinds)
        return {(segment_of((*values, ANY, ANY)), block): n for (*values, block), n in found.items()}


def _gathered(counts: Mails, start: int, end: int) -> Mapping[str, Places]:
    """The messages of some hours by kind and place, without the hour."""
    kinds: defaultdict[str, defaultdict[Place, int]] = defaultdict(_places)
    for (kind, (sender, domain, template, hour)), n in counts.records.items():
        if start <= hour < end:
            kinds[kind][sender, domain, template, 0] += n
    return kinds


def _divided(counts: Mails, start: int, end: int, hours: int) -> Mapping[str, Cells]:
    """The messages of some hours by kind, sender domain, recipient domain or template, and block of so many hours."""
    kinds: defaultdict[str, defaultdict[Cell, int]] = defaultdict(lambda: defaultdict(int))
    for (kind, (sender, domain, template, hour)), n in counts.records.items():
        if start <= hour < end:
            cells, block = kinds[kind], (end - 1 - hour) // hours
            cells[sender, ANY, ANY, block] += n
            cells[ANY, domain, ANY, block] += n
            cells[sender, ANY, template, block] += n
    return kinds


def _failed(counts: Mails, start: int, end: int) -> Mapping[Meaning, Places]:
    """The failures of some hours by meaning and place, without the hour."""
    meanings: defaultdict[Meaning, defaultdict[Place, int]] = defaultdict(_places)
    for (meaning, (sender, domain, template, hour)), n in counts.failures.items():
        if start <= hour < end:
            meanings[meaning][sender, domain, template, 0] += n
    return meanings


def _places() -> defaultdict[Place, int]:
    return defaultdict(int)


def _sum(kinds: Mapping[str, Mapping[K, int]], wanted: frozenset[str]) -> Mapping[K, int]:
    found: defaultdict[K, int] = defaultdict(int)
    for kind in wanted:
        for place, n in kinds.get(kind, {}).items():
            found[place] += n
    return found


def _mail(places: Places) -> Numbers:
    """What is in each segment of the mail; of a template the sender is told too."""
    found: defaultdict[Values, int] = defaultdict(int)
    for (sender, domain, template, _), n in places.items():
        found[ALL] += n
        found[sender, ANY, ANY, ANY, ANY] += n
        found[ANY, domain, ANY, ANY, ANY] += n
        found[sender, domain, ANY, ANY, ANY] += n
        if template is not None:
            found[sender, ANY, template, ANY, ANY] += n
            found[sender, domain, template, ANY, ANY] += n
    return defaultdict(int, {segment_of(values): n for values, n in found.items()})


def _read(failed: Mapping[Meaning, Places], event: str) -> Numbers:
    """What is in each segment of the mail for any reason, for those of a class, and for those of a rule."""
    numbers = _numbers()
    for meaning, places in failed.items():
        if meaning.event == event:
            for mail, n in _mail(places).items():
                numbers[mail] += n
                numbers[segment_of((*mail[:3], meaning.cls, ANY))] += n
                numbers[segment_of((*mail[:3], meaning.cls, meaning.rule))] += n
    return numbers
