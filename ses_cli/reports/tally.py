"""Counts of events by group, in columns: a million groups have to fit."""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import chain
from operator import add
from typing import Self

from ses_cli.batch import Batch, Collected, Counts
from ses_cli.batch import Key as BatchKey
from ses_cli.events import EVENTS, HARD, SOFT

UNTYPED = "untyped_bounce"  # a bounce without a bounceType
Key = str | int | None
Group = Key | tuple[Key, ...]  # the value itself where records are grouped by one thing


@dataclass(slots=True)
class Tally:  # noqa: PLW1641 - a data class that compares is not hashed
    """One number for each group, counted from 0 as they are met, and one column of counts for each kind of event.

    A kind is an event type; of bounces hard_bounce, soft_bounce or untyped_bounce.
    """

    _numbers: dict[Group, int] = field(default_factory=dict)
    _columns: dict[str, "array[int]"] = field(default_factory=dict)  # shorter than the groups where the last have none
    _collected: Collected | None = None
    _enter: "Callable[[Tally, Counts], object] | None" = None

    def __eq__(self, other: object) -> bool:
        """Whether both counted the same, in whatever order."""
        return isinstance(other, Tally) and self._by_group() == other._by_group()

    def _by_group(self) -> dict[Group, dict[str, int]]:
        return {group: self.counts(number) for group, number in self.numbers.items()}

    @property
    def numbers(self) -> dict[Group, int]:
        """The number of each group."""
        self._settle()
        return self._numbers

    @property
    def columns(self) -> dict[str, "array[int]"]:
        """The counts of each kind."""
        self._settle()
        return self._columns

    def collect(self, batch: Batch, keys: Sequence[BatchKey], enter: "Callable[[Tally, Counts], object]") -> bool:
        """Leaves counting to the engine until the counts are asked for, and are entered. Whether it does that."""
        collected = batch.collect(keys, self._collected)
        if collected is None:
            return False
        self._collected, self._enter = collected, enter
        return True

    def __getstate__(self) -> object:
        """Copies, and what goes to another process, hold the counts themselves."""
        self._settle()
        return object.__getstate__(self)  # `super` knows not the class that slots make

    def _settle(self) -> None:
        collected, enter, self._collected, self._enter = self._collected, self._enter, None, None
        if collected is not None and enter is not None:
            enter(self, collected.counts())

    def add(self, event: str, bounce_type: str | None, group: Group, n: int) -> None:
        """Counts n records."""
        self._add(kind(event, bounce_type), self._numbers.setdefault(group, len(self._numbers)), n)

    def merge(self, later: Self) -> None:
        """Counts what another has counted, which is spent then."""
        if later._collected is not None:
            if self._collected is None:
                self._collected, self._enter = later._collected, later._enter
            else:
                self._collected.merge(later._collected)
            later._collected = None
        numbers = [self._numbers.setdefault(group, len(self._numbers)) for group in later._numbers]
        for name, column in later._columns.items():
            for number, n in zip(numbers, column, strict=False):
                if n:
                    self._add(name, number, n)

    def _add(self, name: str, number: int, n: int) -> None:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = array("I")
        try:
            column[number] += n
        except IndexError:
            column.frombytes(bytes(column.itemsize * (number + 1 - len(column))))
            self._add(name, number, n)
        except OverflowError:
            self._columns[name] = array("Q", column)
            self._add(name, number, n)

    def counts(self, number: int | None) -> dict[str, int]:
        """The counts of a group by kind, of the kinds it has; None is a group that nothing fell in."""
        if number is None:
            return {}
        return {
            name: column[number] for name, column in self.columns.items() if number < len(column) and column[number]
        }

    def totals(self) -> "array[int]":
        """The records of each group."""
        totals = array("Q", bytes(8 * len(self.numbers)))
        for column in self.columns.values():
            totals[: len(column)] = array("Q", map(add, totals, column))
        return totals

    def sums(self) -> dict[str, int]:
        """The counts of all groups together, by kind."""
        return {name: sum(column) for name, column in self.columns.items()}

    def largest(self, top: int | None = None) -> Iterator[tuple[Group, int]]:
        """Groups and their numbers: those with the most records first, among equals by name; the first `top`."""
        groups, totals = list(self.numbers), self.totals()
        if top is not None:
            numbers = nsmallest(top, self.numbers.values(), key=lambda number: (-totals[number], _name(groups[number])))
        else:
            numbers = sorted(self.numbers.values(), key=lambda number: _name(groups[number]))
            numbers.sort(key=totals.__getitem__, reverse=True)
        return ((groups[number], number) for number in numbers)


def kind(event: str, bounce_type: str | None) -> str:
    """What an event is counted as."""
    return bounce_type or UNTYPED if event == "bounce" else event


def kinds(events: Sequence[str] = EVENTS) -> list[str]:
    """Everything that such events are counted as, in their order."""
    return [name for event in events for name in ((HARD, SOFT, UNTYPED) if event == "bounce" else (event,))]


def count(counts: Mapping[str, int], name: str) -> int:
    """Records of an event type or kind."""
    n = counts.get(name)
    if n is None:
        n = sum(counts.get(one, 0) for one in (HARD, SOFT, UNTYPED)) if name == "bounce" else 0
    return n


def plus(*several: Mapping[str, int]) -> dict[str, int]:
    """Counts together."""
    return {name: sum(counts.get(name, 0) for counts in several) for name in dict.fromkeys(chain(*several))}


def minus(counts: Mapping[str, int], part: Mapping[str, int]) -> dict[str, int]:
    """Counts without those of a part."""
    return {name: n - part.get(name, 0) for name, n in counts.items()}


def _name(group: Group) -> str | tuple[str, ...]:
    return tuple(map(str, group)) if isinstance(group, tuple) else str(group)
