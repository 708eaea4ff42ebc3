"""Counts of events by group, in columns: a million groups have to fit."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import chain
from operator import add
from typing import Self

from ses_cli.events import EVENTS, HARD, SOFT

UNTYPED = "untyped_bounce"  # a bounce without a bounceType
Key = str | int | None
Group = Key | tuple[Key, ...]  # the value itself where records are grouped by one thing


@dataclass(slots=True)
class Tally:
    """One number for each group, counted from 0 as they are met, and one column of counts for each kind of event.

    A kind is an event type; of bounces hard_bounce, soft_bounce or untyped_bounce.
    """

    numbers: dict[Group, int] = field(default_factory=dict)
    columns: dict[str, "array[int]"] = field(default_factory=dict)  # shorter than the groups where the last have none

    def add(self, event: str, bounce_type: str | None, group: Group, n: int) -> None:
        """Counts n records."""
        self._add(kind(event, bounce_type), self.numbers.setdefault(group, len(self.numbers)), n)

    def merge(self, later: Self) -> None:
        """Counts what another has counted."""
        numbers = [self.numbers.setdefault(group, len(self.numbers)) for group in later.numbers]
        for name, column in later.columns.items():
            for number, n in zip(numbers, column, strict=False):
                if n:
                    self._add(name, number, n)

    def _add(self, name: str, number: int, n: int) -> None:
        column = self.columns.get(name)
        if column is None:
            column = self.columns[name] = array("I")
        try:
            column[number] += n
        except IndexError:
            column.frombytes(bytes(column.itemsize * (number + 1 - len(column))))
            self._add(name, number, n)
        except OverflowError:
            self.columns[name] = array("Q", column)
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
    if name == "bounce":
        return sum(counts.get(one, 0) for one in (HARD, SOFT, UNTYPED))
    return counts.get(name, 0)


def plus(*several: Mapping[str, int]) -> dict[str, int]:
    """Counts together."""
    return {name: sum(counts.get(name, 0) for counts in several) for name in dict.fromkeys(chain(*several))}


def minus(counts: Mapping[str, int], part: Mapping[str, int]) -> dict[str, int]:
    """Counts without those of a part."""
    return {name: n - part.get(name, 0) for name, n in counts.items()}


def _name(group: Group) -> str | tuple[str, ...]:
    return tuple(map(str, group)) if isinstance(group, tuple) else str(group)
