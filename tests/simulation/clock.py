"""A clock that only goes on when it is waited for, what is due on it, and a trace of what happened."""

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

# calls into the world that a run may take: more, and it hangs (400 callbacks of which half fail took over 40,000)
_LONGEST = 100_000


class Killed(BaseException):
    """The process is gone. Whatever it still asks of the world raises this again."""


class Hung(BaseException):
    """A run goes on for ever."""


class Clock:
    """Seconds, a heap of what happens when, and a process that may be killed at any call it makes."""

    def __init__(self, random: Random, step: float) -> None:
        self.time = 0.0
        self.events: list[tuple[Any, ...]] = []  # the trace
        self._random = random
        self._step = step  # seconds that the process takes between two looks at the clock, at most
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self._calls = 0
        self._kill_at = 0

    def begin(self, kill_at: int) -> None:
        """A process begins, to be killed at the n-th call it makes; 0: never."""
        self._calls, self._kill_at = 0, kill_at

    def call(self) -> None:
        """The process asks something of the world."""
        self._calls += 1
        if self._kill_at and self._calls >= self._kill_at:
            if self._calls == self._kill_at:
                self.tell("killed")
            raise Killed
        if self._calls > _LONGEST:
            raise Hung

    def now(self) -> float:
        """The time, as a process sees it, which has taken some since it looked last."""
        self.time += self._step * self._random.random()
        return self.time

    def tell(self, kind: str, *facts: object) -> None:
        """Enter something in the trace."""
        self.events.append((self.time, kind, *facts))

    def at(self, delay: float, happen: Callable[[], None]) -> None:
        """Have something happen so many seconds from now."""
        self._number += 1
        heapq.heappush(self._due, (self.time + delay, self._number, happen))

    def step(self, until: float) -> bool:
        """Go on to what happens next, or to a time if nothing does before; whether something happened."""
        if self._due and self._due[0][0] <= until:
            when, _, happen = heapq.heappop(self._due)
            self.time = max(self.time, when)
            happen()
            return True
        self.time = max(self.time, until)
        return False

    def drain(self) -> None:
        """Go on until nothing is left to happen."""
        while self._due:
            self.step(self._due[0][0])
