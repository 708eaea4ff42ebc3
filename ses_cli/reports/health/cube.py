"""What happened in two periods, counted by every segment of the mail."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

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
        return Segment(*self[:3])


ANY = ...
ALL = Segment()
Numbers = defaultdict[Segment, int]


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
    blocks_whole: dict[tuple[Segment, int], int] = field(default_factory=dict)
    blocks_part: dict[tuple[Segment, int], int] = field(default_factory=dict)


def wider(segment: Segment) -> Iterator[tuple[int, Segment]]:
    """The segments of more mail, one value each let go, and which; the sender of a template stays."""
    for at in range(3):
        if segment[at] is not ANY and (at or segment.template is ANY):
            values = list(segment)
            values[at] = ANY
            yield at, Segment(*values)


def cubes(compared: Compared) -> list[Cube]:
    """A cube for each metric."""
    sides = _Sides(compared)
    return [sides.cube(metric) for metric in METRICS]


class _Sides:
    """Records of both periods by kind and place, without the hour."""

    def __init__(self, compared: Compared) -> None:
        periods = compared.periods
        self._compared = compared
        hours = block_hours(periods)
        self._now = _gathered(compared.now, periods.start, periods.end, periods.end - periods.start)
        # the hours are numbers of blocks here
        self._blocks = _gathered(compared.before, periods.before, periods.until, hours)

    def cube(self, metric: Metric) -> Cube:
        """The counts of a metric."""
        cube = Cube(metric)
        _mail(cube.now.whole, _sum(self._now, metric.whole))
        before = _sum(self._blocks, metric.whole)
        _mail(cube.before.whole, before)
        _blocks(cube.blocks_whole, before)
        parts = _sum(self._blocks, metric.parts)
        _blocks(cube.blocks_part, parts)
        if metric.event:
            self._read(cube, metric.event)
        else:
            _mail(cube.now.part, _sum(self._now, metric.parts))
            _mail(cube.before.part, parts)
        return cube

    def _read(self, cube: Cube, event: str) -> None:
        compared, periods = self._compared, self._compared.periods
        for counts, is_in, numbers in (
            (compared.now, periods.is_now, cube.now.part),
            (compared.before, periods.is_before, cube.before.part),
        ):
            sums: dict[tuple[str, str, Place], int] = {}
            for (meaning, (sender, domain, template, hour)), n in counts.failures.items():
                if meaning.event == event and is_in(hour):
                    key = meaning.cls, meaning.rule, (sender, domain, template, 0)
                    sums[key] = sums.get(key, 0) + n
            for (cls, rule, place), n in sums.items():
                for mail in _mails(place):
                    numbers[mail] += n
                    numbers[Segment(*mail[:3], cls)] += n
                    numbers[Segment(*mail[:3], cls, rule)] += n


def _gathered(counts: Mails, start: int, end: int, hours: int) -> dict[str, dict[Place, int]]:
    """The records of some hours by kind and place, with numbers of blocks of hours instead of the hour."""
    kinds: dict[str, dict[Place, int]] = {}
    for (kind, (sender, domain, template, hour)), n in counts.records.items():
        if start <= hour < end:
            places = kinds.setdefault(kind, {})
            key = sender, domain, template, (end - 1 - hour) // hours
            places[key] = places.get(key, 0) + n
    return kinds


def _sum(kinds: Mapping[str, Mapping[Place, int]], wanted: frozenset[str]) -> dict[Place, int]:
    found: dict[Place, int] = {}
    for kind in wanted:
        for place, n in kinds.get(kind, {}).items():
            found[place] = found.get(place, 0) + n
    return found


def _mails(place: Place) -> Iterator[Segment]:
    """The segments of the mail that something is in; of a template the sender is told too."""
    sender, domain, template, _ = place
    yield ALL
    yield Segment(sender)
    yield Segment(domain=domain)
    yield Segment(sender, domain)
    if template is not None:
        yield Segment(sender, ANY, template)
        yield Segment(sender, domain, template)


def _mail(numbers: Numbers, places: Mapping[Place, int]) -> None:
    for place, n in places.items():
        for mail in _mails(place):
            numbers[mail] += n


def _blocks(numbers: dict[tuple[Segment, int], int], places: Mapping[Place, int]) -> None:
    for place, n in places.items():
        for mail in (Segment(place[0]), Segment(domain=place[1]), Segment(place[0], ANY, place[2])):
            key = mail, place[3]
            numbers[key] = numbers.get(key, 0) + n
