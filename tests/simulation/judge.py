"""What has to hold in every world, told from the trace alone. It shares no code with the program."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

from .plan import Plan

_AGAIN = {0, 408, 425, 429, *range(500, 600)}  # as docs/replay.md has it
_LATE = 0.2  # seconds that a rate may make up for
_GIVEN_UP = ("gave-up", "gone", "redirected")
UNKNOWN, FAILED = 1, 3  # as docs/replay.md has it


class Broken(Exception):
    """Something does not hold."""


def judge(plan: Plan, trace: Sequence[tuple[Any, ...]]) -> None:
    """Raises Broken at the first thing that does not hold."""
    judged = _Judge(plan)
    for event in trace:
        judged.take(event)
    judged.end()


class _Judge:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[int, str] = {}  # line -> delivered, failed or unknown, once it has left
        self._accepted: set[int] = set()  # lines that the target answered 200
        self._claimed = 0
        self._written: dict[int, list[tuple[int, int]]] = {}
        self._synced: list[tuple[int, int]] = []
        self._ended = "rests"
        self._forget()
        self._takes: Mapping[str, Callable[..., None]] = {
            "begins": self._begins,
            "leaves": self._leaves,
            "arrives": self._arrives,
            "answered": self._answered,
            "left": self._left,
            "written": self._has_written,
            "synced": self._has_synced,
            "claims": self._claims,
            "ends": self._ends,
            "killed": self._killed,
            "rests": self._rests,
            "hung": lambda: _say("the run hangs"),
        }

    def _forget(self) -> None:
        """What is of one run."""
        self._flying: set[int] = set()
        self._attempts: Counter[int] = Counter()
        self._bad: Counter[int] = Counter()  # attempts that ended and did not deliver
        self._final: set[int] = set()  # lines that need not have another attempt
        self._surely: set[int] = set()  # of these, those that may not
        self._times: list[float] = []
        self._delivered = 0
        self._before: set[int] = {line for line, known in self._known.items() if known == "delivered"}

    def take(self, event: tuple[Any, ...]) -> None:
        """The next thing that happened."""
        self._now = event[0]
        if act := self._takes.get(event[1]):
            try:
                act(*event[2:])
            except Broken as broken:
                raise Broken(f"at {event}: {broken}") from None

    def end(self) -> None:
        """After the last run, nothing was lost."""
        _hold(self._ended == "done", f"the last run ended: {self._ended}")
        for line in range(1, self._plan.lines + 1):
            known = self._known.get(line)
            if line in self._plan.refused:
                _hold(known in ("failed", "unknown", "delivered"), f"line {line} is {known}")
            elif known == "unknown":
                _hold(not self._plan.resend, f"line {line} is unknown, and was not sent again")
            else:
                _hold(known == "delivered" and line in self._accepted, f"line {line} is {known}, and lost")

    def _begins(
        self, lines: int, _follows: bool, flight: list[tuple[int, int]], exceptions: dict[int, int], delivered: int
    ) -> None:
        self._rests(flight, exceptions, delivered)
        self._lines = lines
        self._forget()
        self._written, self._synced = {}, []

    def _rests(self, flight: list[tuple[int, int]], exceptions: dict[int, int], delivered: int) -> None:
        """What the disk says between two runs is what happened."""
        _hold(len(flight) <= self._plan.concurrency, f"{len(flight)} unknown by one kill")
        flown = {line for line, _ in flight}
        for line, known in list(self._known.items()):
            if line in flown or exceptions.get(line) == UNKNOWN:
                _hold(line in flown or known == "unknown", f"line {line} is {known}, and the disk says unknown")
                self._known[line] = "unknown"
            elif exceptions.get(line) == FAILED:
                _hold(known == "failed", f"line {line} is {known}, and the disk says failed")
            else:
                _hold(known != "unknown", f"line {line} is unknown, and the disk does not know")
                _hold(known != "failed" or line not in self._surely, f"line {line} failed, and the disk does not know")
                if known == "failed":
                    del self._known[line]
        for line in {*flown, *exceptions} - set(self._known):
            _hold(line in flown, f"line {line} never left, and the disk says {exceptions.get(line)}")
            self._known[line] = "unknown"  # its intent was written, and no more
        own = sum(known == "delivered" for known in self._known.values())
        _hold(own == delivered, f"{own} are delivered, and the disk says {delivered}")
        _hold(delivered >= self._claimed, f"{self._claimed} were said to be delivered, and the disk has {delivered}")

    def _leaves(self, line: int) -> None:
        self._attempts[line] += 1
        _hold((line, self._attempts[line]) in self._synced, f"line {line} is not announced on disk")
        _hold(line not in self._flying, f"line {line} is in flight already")
        _hold(line not in self._surely, f"line {line} is final")
        known = self._known.get(line)
        _hold(known != "delivered", f"line {line} was delivered")
        _hold(self._plan.resend or known != "unknown", f"line {line} may have arrived")
        for other in range(line - self._plan.lanes, 0, -self._plan.lanes):
            _hold(other not in self._flying, f"line {other} of its lane is in flight")
            _hold(self._is_past(other), f"line {other} of its lane is {self._known.get(other)}, and not final")
        self._flying.add(line)
        _hold(len(self._flying) <= self._plan.concurrency, f"{len(self._flying)} are in flight")
        self._keep_rate()

    def _is_past(self, line: int) -> bool:
        known = self._known.get(line)
        return line in self._final or known == "delivered" or (known == "unknown" and not self._plan.resend)

    def _keep_rate(self) -> None:
        rate = self._plan.rate
        self._times.append(self._now)
        if rate is None:
            return
        recent = sum(at > self._now - 1 for at in self._times)
        # a turn of the loop has one time for all that it sends
        most = rate * (1 + _LATE + 100 * self._plan.step) + 1.001
        _hold(recent <= most, f"{recent} requests in a second, at a rate of {rate}")

    def _arrives(self, line: int, status: int) -> None:
        _hold(self._attempts[line] > 0, f"line {line} arrives, and never left")
        if status == 200:
            self._accepted.add(line)

    def _answered(self, line: int, status: int, _error: str, is_unknown: bool, _asked: float) -> None:
        _hold(line in self._flying, f"line {line} is not in flight")
        self._flying.discard(line)
        if 200 <= status < 300:
            self._known[line] = "delivered"
            self._final.add(line)
            self._delivered += 1
            return
        self._bad[line] += 1
        if is_unknown or self._known.get(line) == "unknown":
            self._known[line] = "unknown"
        else:
            self._known[line] = "failed"
        is_over = status not in _AGAIN or (is_unknown and not self._plan.resend)
        if is_over or self._bad[line] > self._plan.retries:
            self._final.add(line)
            if is_over or self._plan.give_up_time < inf:  # else retries may be free
                self._surely.add(line)

    def _left(self, line: int) -> None:
        self._flying.discard(line)
        self._known[line] = "unknown"
        self._final.add(line)

    def _has_written(self, number: int, flight: list[tuple[int, int]]) -> None:
        _hold(len(flight) <= self._plan.concurrency, f"{len(flight)} are in flight, as the disk tells")
        self._written[number] = flight

    def _has_synced(self, number: int) -> None:
        self._synced = self._written[number]

    def _claims(self, delivered: int) -> None:
        self._claimed_now = delivered

    def _killed(self) -> None:
        self._ended = "killed"

    def _ends(self, end: str, report: dict[str, Any], dead: list[int]) -> None:
        self._ended = end
        _hold(report["delivered"] == self._delivered, f"{self._delivered} were delivered, the report says otherwise")
        parts = sum(report[name] for name in ("delivered", "failed", "skipped", "unknown", "unsent"))
        _hold(report["selected"] == parts, "the report does not add up")
        _hold(len(set(dead)) == len(dead), f"dead letters are doubled: {dead}")
        wrong = [line for line in dead if self._known.get(line) == "delivered"]
        _hold(not wrong, f"dead letters were delivered: {wrong}")


def _hold(holds: bool, said: str) -> None:
    if not holds:
        raise Broken(said)


def _say(said: str) -> None:
    raise Broken(said)
