"""When each callback is due, in seconds from the start of the run: pure, without a clock or a sleep."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, TypeVar

HELD = 4096  # callbacks of one second that are held to be counted
HELD_BYTES = 4 << 20


class Timed(Protocol):
    """What can be paced: when it happened (Unix seconds), and what holding it costs."""

    @property
    def timestamp(self) -> int: ...

    @property
    def size(self) -> int: ...


T = TypeVar("T", bound=Timed)


class Pace(NamedTuple):
    """How fast: at most `rate` a second, and `speed` times the recorded pace. Neither: as fast as it goes."""

    rate: float | None = None
    speed: float | None = None
    max_gap: float | None = None  # seconds of the run that an idle stretch may last; only with `speed`


def schedule(items: Iterable[T | None], pace: Pace) -> Iterator[tuple[float, T] | None]:
    """Each item with its due time, in the items' order; due times never fall.

    A None in `items` says "nothing more just now" (a log that is followed): what is held goes
    out, and the None is handed on.
    """
    timed = _recorded(items, pace.speed, pace.max_gap) if pace.speed else _at_once(items)
    return _limited(timed, pace.rate) if pace.rate else timed


def _at_once(items: Iterable[T | None]) -> Iterator[tuple[float, T] | None]:
    return (None if item is None else (0.0, item) for item in items)


def _limited(timed: Iterator[tuple[float, T] | None], rate: float) -> Iterator[tuple[float, T] | None]:
    sent = 0
    for pair in timed:
        if pair is None:
            yield None
            continue
        # counted from the start, not added up: no error and no lateness accumulates
        yield max(pair[0], sent / rate), pair[1]
        sent += 1


def _recorded(items: Iterable[T | None], speed: float, max_gap: float | None) -> Iterator[tuple[float, T] | None]:
    """Seconds of the log laid out on the run: 1/speed each, an idle stretch its length up to max_gap."""
    second: int | None = None  # the latest one seen
    begin, end = 0.0, 1 / speed  # what is left of it, on the run
    held: list[T] = []
    size = 0
    for item in items:
        if item is None or len(held) >= HELD or size >= HELD_BYTES:
            # how many more this second has is not known: these take half of what is left of it
            half = (begin + end) / 2
            yield from _spread(held, second, begin, half)
            begin = half if held else begin
            held, size = [], 0
        if item is None:
            yield None
            continue
        if second is None or item.timestamp > second:
            yield from _spread(held, second, begin, end)
            held, size = [], 0
            if second is not None:
                idle = (item.timestamp - second - 1) / speed
                begin = end + (idle if max_gap is None else min(idle, max_gap))
                end = begin + 1 / speed
            second = item.timestamp
        held.append(item)
        size += item.size
    yield from _spread(held, second, begin, end)


def _spread(held: list[T], second: int | None, begin: float, end: float) -> Iterator[tuple[float, T]]:
    """The items of a second evenly over it; one of an earlier second right after its predecessor."""
    regular = sum(item.timestamp == second for item in held)
    due, nth = begin, 0
    for item in held:
        if item.timestamp == second:
            due = begin + (end - begin) * nth / regular
            nth += 1
        yield due, item
