"""A network with a target at its end, which answers, loses, resets, stalls and doubles as a seed has it."""

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from ses_cli.replay.job import Attempt, Job, Sender

from .clock import Clock
from .plan import Plan

_ANSWERS = {"429": 429, "503": 503, "500": 500, "408": 408, "401": 401, "410": 410, "302": 302}


class Target:
    """What lies behind the network, over all runs."""

    def __init__(self, clock: Clock, plan: Plan, random: Random, numbers: dict[bytes, int]) -> None:
        self.is_healthy = False
        self.random = random
        self.numbers = numbers  # body -> line
        self._clock, self._plan = clock, plan
        self._faults = list(plan.faults.items())

    def fault(self) -> str:
        """What the next attempt meets, "" for nothing."""
        if self.is_healthy:
            return ""
        if any(begin <= self._clock.time < end for begin, end in self._plan.outages):
            return "refuse" if self.random.random() < 0.5 else "503"
        at = self.random.random()
        for name, share in self._faults:
            if at < share:
                return name
            at -= share
        return ""

    def answer(self, line: int, fault: str) -> int:
        """The status for a callback that arrived."""
        if fault in _ANSWERS:
            return _ANSWERS[fault]
        return 422 if line in self._plan.refused else 200


class Network:
    """A `Sender`, for one run."""

    def __init__(self, clock: Clock, target: Target, plan: Plan, is_awake: Callable[[], bool]) -> None:
        self.in_flight = 0
        self._clock, self._target, self._plan = clock, target, plan
        self._is_awake = is_awake  # whether a wait is to end, since the journal is on disk
        self._random = target.random
        self._ended: list[Attempt] = []
        self._flying: dict[Job, int] = {}  # and its attempt
        self._is_gone = False
        self._slept = 0.0  # seconds that do not count against time-outs

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Nothing leaves."""

    def send(self, jobs: Sequence[Job]) -> None:
        """Requests leave."""
        for job in jobs:
            self._send(job)

    def _send(self, job: Job) -> None:
        self._clock.call()
        line = self._target.numbers[job.body]
        self._clock.tell("leaves", line)
        self.in_flight += 1
        self._flying[job] = job.attempt
        fault, random, clock = self._target.fault(), self._random, self._clock
        there = self._plan.latency * random.random()
        if fault == "refuse":
            clock.at(there, partial(self._end, job, job.attempt, 0, "connect", False))
            return
        clock.at(self._plan.timeout, partial(self._expire, job, job.attempt, clock.time - self._slept))
        if fault == "lose":
            clock.at(there, partial(self._end, job, job.attempt, 0, "reset", True))
        else:
            clock.at(there, partial(self._arrive, job, line, fault))
            if fault == "double":
                clock.at(there + self._plan.latency * random.random() / 2, partial(self._arrive, job, line, "stall"))

    def poll(self, wait: float) -> list[Attempt]:
        """Go on until something ends."""
        clock = self._clock
        clock.call()
        until = clock.time + max(wait, 0.0)
        if self._random.random() < self._plan.jump:
            self._jump()
        while clock.step(until if not self._ended else clock.time):
            if self._is_awake():
                break
        ended, self._ended = self._ended, []
        for attempt in ended:
            line = self._target.numbers[attempt.job.body]
            clock.tell("answered", line, attempt.status, attempt.error, attempt.is_unknown, attempt.retry_after)
        return ended

    def close(self) -> list[Job]:
        """The process is done with it."""
        self._clock.call()
        self._is_gone = True
        self.in_flight = 0
        for job in self._flying:
            self._clock.tell("left", self._target.numbers[job.body])
        left, self._flying = list(self._flying), {}
        return left

    def _jump(self) -> None:
        """The machine slept. What came meanwhile lies in the sockets, and is read before anything times out."""
        seconds = self._random.choice((0.3, 5.0, 4000.0))
        self._slept += seconds
        self._clock.time += seconds
        self._clock.tell("jump")

    def _arrive(self, job: Job, line: int, fault: str) -> None:
        if job not in self._flying and self._random.random() < 0.5:
            return  # the connection was closed under it
        status = self._target.answer(line, fault)
        self._clock.tell("arrives", line, status)
        back = self._plan.latency * self._random.random()
        if fault in ("reset", "half"):
            self._clock.at(back, partial(self._end, job, job.attempt, 0, "cut-short", True))
        elif fault != "stall":
            asked = self._random.choice((0.0, 1.0, 2.0)) if status in (429, 503) else 0.0
            self._clock.at(back, partial(self._end, job, job.attempt, status, "", False, asked))

    def _expire(self, job: Job, number: int, begun: float) -> None:
        """`begun`: by the time without sleep."""
        left = begun + self._plan.timeout - (self._clock.time - self._slept)
        if left > 1e-9:
            self._clock.at(left, partial(self._expire, job, number, begun))
        else:
            self._end(job, number, 0, "timeout", True)

    def _end(self, job: Job, number: int, status: int, error: str, is_unknown: bool, asked: float = 0.0) -> None:
        if self._is_gone or self._flying.get(job) != number:
            return
        del self._flying[job]
        self.in_flight -= 1
        self._ended.append(Attempt(job, status, error, 0.01, "", asked, is_unknown))


if TYPE_CHECKING:
    _: type[Sender] = Network
