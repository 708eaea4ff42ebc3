"""A tree that grows at its end: things that follow one another are merged in their order, so many at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
FAN = 16  # that are merged at once


class Tree(Generic[T]):
    """`merge` makes one of `FAN` that follow one another. What is left at the end is as few for each level."""

    def __init__(self, merge: Callable[[Sequence[T]], T], fan: int = FAN) -> None:
        self._merge = merge
        self._fan = fan
        self._levels: list[list[T]] = []  # the lowest first; what is higher comes before what is lower

    def add(self, thing: T) -> None:
        """The next one."""
        for level in self._levels:
            level.append(thing)
            if len(level) < self._fan:
                return
            thing = self._merge(level)
            level.clear()
        self._levels.append([thing])

    def rest(self) -> Iterator[T]:
        """All of it, in order."""
        for level in reversed(self._levels):
            yield from level
