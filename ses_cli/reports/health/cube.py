"""What happened in two periods, counted by every segment of the mail."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from ses_cli.reports.health.compared import Compared
from ses_cli.reports.health.mails import Grouped
from ses_cli.reports.health.meanings import Meaning, Place
from ses_cli.reports.health.metrics import METRICS, Metric
from ses_cli.reports.health.periods import Periods, block_hours, edges


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
Divided = Mapping[tuple[Segment, int], list[Segment]]
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
    # what mail is divided into: sender domains, recipient domains or templates of it that have mail now
    divided: Divided = field(default_factory=dict)


def wider(segment: Segment) -> dict[int, Segment]:
    """The segments of more mail, one value each let go, by which; the sender of a template stays."""
    sender, domain, template, *reason = segment
    found = {}
    if sender is not ANY and template is ANY:
        found[0] = segment_of((ANY, domain, template, *reason))
    if domain is not ANY:
        found[1] = segment_of((sender, ANY, template, *reason))
    if template is not ANY:
        found[2] = segment_of((sender, domain, ANY, *reason))
    return found


_SHAPES: tuple[Callable[[Place], Segment | None], ...] = (
    lambda _: ALL,
    lambda place: segment_of((place[0], ANY, ANY, ANY, ANY)),
    lambda place: segment_of((ANY, place[1], ANY, ANY, ANY)),
    lambda place: segment_of((place[0], place[1], ANY, ANY, ANY)),
    lambda place: None if place[2] is None else segment_of((place[0], ANY, place[2], ANY, ANY)),
    lambda place: None if place[2] is None else segment_of((*place, ANY, ANY)),
)


def _of_template(place: Place) -> Segment:
    return segment_of((place[0], ANY, place[2], ANY, ANY))


def cubes(compared: Compared) -> list[Cube]:
    """A cube for each metric."""
    counts, periods = compared.now, compared.periods
    grouped = [counts.by(shape) for shape in _SHAPES]
    now = _Period(grouped, edges(counts.hours, periods.start, periods.end))
    if compared.before is not counts:
        counts = compared.before
        grouped = [counts.by(shape) for shape in _SHAPES]
    before = _Period(grouped, edges(counts.hours, periods.before, periods.until))
    blocks = _blocks([*grouped[1:3], counts.by(_of_template)], counts.hours, periods)
    return [
        Cube(
            metric,
            now.side(metric),
            before.side(metric),
            blocks[metric.whole],
            blocks[metric.parts],
            now.divided(metric.whole),
        )
        for metric in METRICS
    ]


class _Period:
    """The messages of one period by segments of the mail."""

    def __init__(self, grouped: Sequence[Grouped[Segment]], hours: Sequence[int]) -> None:
        self._mails = _sums(grouped, hours, lambda mail, _: mail)
        self._failed = _read((meaning, mail, n) for mails in grouped for meaning, mail, _, n in mails.failures(hours))
        self._divided: dict[frozenset[str], Divided] = {}  # several metrics have the same

    def side(self, metric: Metric) -> Side:
        """The counts of a metric."""
        part = self._failed[metric.event] if metric.event else self._mails[metric.parts]
        return Side(self._mails[metric.whole], part)

    def divided(self, kinds: frozenset[str]) -> Divided:
        """What the mail is divided into of which there are messages of these kinds."""
        if kinds not in self._divided:
            parts: defaultdict[tuple[Segment, int], list[Segment]] = defaultdict(list)
            for mail in self._mails[kinds]:
                for at, whole in wider(mail).items():
                    parts[whole, at].append(mail)
            self._divided[kinds] = parts
        return self._divided[kinds]


def _blocks(
    grouped: Sequence[Grouped[Segment]], happened: Sequence[int], periods: Periods
) -> Mapping[frozenset[str], Blocks]:
    """The messages of the baseline by kinds, segment, and block of some hours."""
    end, hours = periods.until, block_hours(periods)
    between = edges(happened, periods.before, end, hours)
    return _sums(grouped, between, lambda mail, hour: (mail, (end - 1 - hour) // hours))


def _sums(
    grouped: Sequence[Grouped[Segment]], edges: Sequence[int], of: Callable[[Segment, int], K]
) -> Mapping[frozenset[str], defaultdict[K, int]]:
    """What there is of each set of kinds that a metric asks for, by what is made of segments and hours."""
    found: dict[frozenset[str], defaultdict[K, int]] = {
        kinds: defaultdict(int) for metric in METRICS for kinds in (metric.whole, metric.parts)
    }
    for mails in grouped:
        mails.add_to(found, edges, of)
    return found


def _read(failed: Iterable[tuple[Meaning, Segment, int]]) -> Mapping[str, Numbers]:
    """Of each event what is in segments for any reason, for those of a class, and for those of a rule."""
    events: defaultdict[str, Numbers] = defaultdict(_numbers)
    for meaning, mail, n in failed:
        numbers, told = events[meaning.event], mail[:3]
        numbers[mail] += n
        numbers[segment_of((*told, meaning.cls, ANY))] += n
        numbers[segment_of((*told, meaning.cls, meaning.rule))] += n
    return events
