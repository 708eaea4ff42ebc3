"""Backoff and breaker as tables; pace, rate, lanes and histogram by their properties."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.errors import UsageError
from ses_cli.replay.lanes import Lanes
from ses_cli.replay.result.histogram import Histogram
from ses_cli.replay.schedule.backoff import parse_statuses, pause, proves_alive, retryable
from ses_cli.replay.schedule.breaker import Breaker
from ses_cli.replay.schedule.pace import HELD, Pace, schedule
from ses_cli.replay.schedule.rate import MADE_UP, RateLimit
from ses_cli.replay.schedule.throttle import Throttle
from ses_cli.replay.schedule.wakeup import AHEAD, Waiting, next_wakeup

# attempt, longest pause in seconds
PAUSES = [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 16), (7, 32), (8, 60), (9, 60), (500, 60)]


@pytest.mark.parametrize(("attempt", "longest"), PAUSES)
def test_pauses(attempt: int, longest: float) -> None:
    """The pause doubles from half a second to a minute, and chance takes any share of it."""
    assert [pause(attempt, share) for share in (0, 0.5, 1)] == [0, longest / 2, longest]


@pytest.mark.parametrize(
    ("status", "again"),
    [
        (0, True),
        (408, True),
        (425, True),
        (429, True),
        (500, True),
        (599, True),
        (301, False),
        (400, False),
        (401, False),
        (404, False),
        (410, False),
        (101, False),
    ],
)
def test_what_is_tried_again(status: int, again: bool) -> None:
    """No answer, 408, 425, 429 and 5xx are tried again, other refusals are not."""
    assert retryable(status) is again


def test_statuses_as_text() -> None:
    """Statuses are given one by one, as a class or as a span."""
    assert parse_statuses("404, 5xx,420-422") == {404, 420, 421, 422, *range(500, 600)}


@pytest.mark.parametrize(
    "text", ["", ",", "abc", "99", "600", "200", "2xx", "6xx", "500-", "1-99999999999", "-5", "²xx"]
)
def test_texts_that_are_no_statuses(text: str) -> None:
    """What is no list of failing statuses is refused."""
    with pytest.raises(UsageError):
        parse_statuses(text)


# "+": success, "-": failure, at the second given; after it: limit, not before, gave up
BREAKER: list[tuple[str, list[tuple[str, float, int, float, bool]]]] = [
    (
        "ramps up",
        [("+", 0, 2, 0, False), ("+", 1, 3, 0, False), ("+", 1, 4, 0, False), ("+", 2, 4, 0, False)],
    ),
    (
        "first failure is enough at the start",
        [("-", 0, 1, 0.5, False), ("-", 0.5, 1, 1.5, False), ("+", 1.5, 2, 0, False)],
    ),
    (
        "opens after three in a row, and its last probe is at ten seconds",
        [
            ("+", 0, 2, 0, False),
            ("-", 1, 2, 0, False),
            ("+", 2, 3, 0, False),
            ("-", 3, 3, 0, False),
            ("-", 3, 3, 0, False),
            ("-", 4, 1, 4.5, False),
            ("-", 4.2, 1, 4.5, False),
            ("-", 5, 1, 6, False),
            ("-", 6, 1, 8, False),
            ("-", 8, 1, 12, False),
            ("-", 12, 1, 14, False),
            ("-", 14, 1, 14, True),
        ],
    ),
    (
        "a success from before it opened closes it",
        [
            ("+", 0, 2, 0, False),
            ("-", 1, 2, 0, False),
            ("-", 1, 2, 0, False),
            ("-", 1, 1, 1.5, False),
            ("+", 1.2, 2, 0, False),
        ],
    ),
]


@pytest.mark.parametrize(("_name", "steps"), BREAKER)
def test_breaker(_name: str, steps: list[tuple[str, float, int, float, bool]]) -> None:
    """The breaker's limit, pause and end, step by step."""
    breaker = Breaker(4, give_up_after=3, give_up_time=10)
    for kind, now, limit, not_before, gave_up in steps:
        if kind == "+":
            breaker.success()
        else:
            breaker.failure(now)
        assert (breaker.limit, breaker.not_before, breaker.gave_up) == (limit, not_before, gave_up)


def test_the_schedule_stands_still_while_nothing_may_be_sent() -> None:
    """Time held is not made up for by a burst: the schedule goes on where it stood."""
    throttle = Throttle(Breaker(4))
    throttle.ask(2.0, 10.0)
    assert [(throttle.holds(at), throttle.schedule(at)) for at in (2.0, 7.0)] == [(True, 2.0), (True, 2.0)]
    assert (throttle.holds(12.5), throttle.schedule(12.5), throttle.schedule(13.0)) == (False, 2.0, 2.5)


class Item(NamedTuple):
    """Something to be paced and kept in order."""

    timestamp: int
    number: int = 0
    lane: Hashable = None
    size: int = 1


def dues(stamps: list[int | None], pace: Pace) -> list[float]:
    """When items of these seconds are due; None is a lull."""
    items = [None if stamp is None else Item(stamp, n) for n, stamp in enumerate(stamps)]
    pairs = [pair for pair in schedule(items, pace) if pair is not None]
    assert [item for _, item in pairs] == [item for item in items if item is not None]
    return [due for due, _ in pairs]


PACES: list[tuple[list[int | None], Pace, list[float]]] = [
    ([5, 6, 9], Pace(), [0, 0, 0]),
    ([5, 5, 5], Pace(rate=2), [0, 0.5, 1]),
    ([5, 6, 9], Pace(speed=1), [0, 1, 4]),
    ([5, 6, 9], Pace(speed=10), [0, 0.1, 0.4]),
    ([5, 5, 5, 5, 6], Pace(speed=1), [0, 0.25, 0.5, 0.75, 1]),
    ([5, 5, 3, 6, 4, 6], Pace(speed=1), [0, 0.5, 0.5, 1, 1, 1.5]),
    ([5, 105, 106], Pace(speed=1, max_gap=5), [0, 6, 7]),
    ([5, 105, 106], Pace(speed=10, max_gap=5), [0, 5.1, 5.2]),
    ([5, 5, 5, 5, 6], Pace(speed=1, rate=2), [0, 0.5, 1, 1.5, 2]),
    ([5, 6, 9], Pace(speed=1, rate=100), [0, 1, 4]),
    ([5, None, 5, None, 6], Pace(speed=1), [0, 0.5, 1]),
    ([], Pace(speed=1), []),
]


@pytest.mark.parametrize(("stamps", "pace", "expected"), PACES)
def test_paces(stamps: list[int | None], pace: Pace, expected: list[float]) -> None:
    """Rate, speed and gap, alone and together."""
    assert dues(stamps, pace) == pytest.approx(expected)


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 50)), max_size=60),
    st.one_of(st.none(), st.floats(0.1, 1000)),
    st.one_of(st.none(), st.floats(0.1, 1000)),
    st.one_of(st.none(), st.floats(0, 100)),
)
def test_pace_properties(
    stamps: list[int | None], rate: float | None, speed: float | None, max_gap: float | None
) -> None:
    """Due times keep the order and never fall, obey the rate, and stay within their own second."""
    found = dues(stamps, Pace(rate, speed, max_gap))
    assert found == sorted(found)
    if rate:
        assert all(due >= number / rate - 1e-9 for number, due in enumerate(found))
    elif speed and max_gap is None:
        plain = [stamp for stamp in stamps if stamp is not None]
        latest = [max(plain[: n + 1]) for n in range(len(plain))]
        for due, second in zip(found, latest, strict=True):
            begin = (second - plain[0]) / speed
            assert begin - 1e-6 <= due <= begin + 1 / speed + 1e-6


def test_a_second_of_any_size_is_laid_out_within_it() -> None:
    """More callbacks in a second than are held still stay within it, and are not held whole."""
    read = 0

    items = [Item(5, n) for n in range(3 * HELD)] + [Item(6)]
    found = [pair[0] for pair in schedule(items, Pace(speed=1)) if pair]
    assert found == sorted(found)
    assert found[-1] == 1
    assert max(found[:-1]) < 1

    def counted() -> Iterator[Item]:
        nonlocal read
        for item in items:
            read += 1
            yield item

    assert next(schedule(counted(), Pace(speed=1))) is not None
    assert read <= HELD + 1


@given(st.lists(st.integers(0, 4), max_size=80), st.integers(1, 10), st.randoms())
def test_lanes_keep_order_and_lose_nothing(keys: list[int], window: int, chance: random.Random) -> None:
    """Whatever ends when: each lane goes in order, one at a time, all come out, and the window holds."""
    lanes: Lanes[Item] = Lanes(window, window_bytes=7)
    waiting = [Item(0, number, key or None) for number, key in enumerate(keys)]
    out: list[Item] = []
    done: dict[Hashable, list[int]] = defaultdict(list)
    while waiting or lanes.held:
        while waiting and lanes.room:
            lanes.offer([waiting.pop(0)])
        assert lanes.held <= min(window, 7)
        assert len(list(lanes.waiting())) == lanes.held - len(out)
        while lanes.ready and chance.random() < 0.6:
            out.append(lanes.ready.popleft())
        busy = Counter(item.lane for item in out if item.lane is not None)
        assert not busy or max(busy.values()) == 1
        if out and chance.random() < 0.6:
            item = out.pop(chance.randrange(len(out)))
            done[item.lane].append(item.number)
            lanes.finish([item])
    assert sum(map(len, done.values())) == len(keys)
    for lane, numbers in done.items():
        if lane is not None:
            assert numbers == sorted(numbers)


def test_a_blocked_lane_does_not_hold_others() -> None:
    """While the first of a lane is out, others pass it by, until all the window waits."""
    lanes: Lanes[Item] = Lanes(window=4)
    for number, lane in enumerate("AABC"):
        lanes.offer([Item(0, number, lane)])
    assert [item.number for item in lanes.ready] == [0, 2, 3]
    assert not lanes.room


@given(
    st.floats(0.5, 500),
    st.lists(st.one_of(st.floats(0, 0.05), st.floats(0, 10)), max_size=200),
    st.randoms(),
)
def test_a_rate_is_never_exceeded(rate: float, gaps: list[float], chance: random.Random) -> None:
    """In any stretch of time no more requests leave than the rate allows, and what it lets make up for; and one."""
    limit, clock, left = RateLimit(rate), 0.0, []
    for gap in gaps:
        clock += gap
        if chance.random() < 0.05:
            limit.restart(clock)
        while limit.allows(clock):
            limit.take(clock)
            left.append(clock)
    for first in range(len(left)):
        for last in range(first, len(left)):
            assert last - first <= rate * (left[last] - left[first] + MADE_UP + 0.002) + 1


def test_a_rate_is_reached() -> None:
    """Who asks often enough gets all of it, with jitter and after a hold, which is not made up for."""
    limit, clock, left = RateLimit(50), 0.0, []
    while clock < 4:
        clock += random.Random(clock).choice((0.001, 0.01, 0.05))
        if not 1 <= clock < 2:
            while limit.allows(clock):
                limit.take(clock)
                left.append(clock)
        else:
            limit.restart(clock)
    assert sum(at < 1 for at in left) == pytest.approx(50, abs=4)
    assert sum(2 <= at < 4 for at in left) == pytest.approx(100, abs=4)


@pytest.mark.parametrize(
    ("status", "alive"),
    [(200, True), (204, True), (400, True), (409, True), (422, True), (0, False), (302, False), (500, False)]
    + [(status, False) for status in (401, 403, 404, 405, 407, 408, 410, 425, 429)],
)
def test_what_proves_a_target_alive(status: int, alive: bool) -> None:
    """2xx, and refusals of that one callback; not those that say nothing of it."""
    assert proves_alive(status) is alive


# what is waited for, at 10.0 on the clock, and when to look again
WAKEUPS = [
    (Waiting(), 10.1),
    (Waiting(held_until=10.05, retry_at=10.01), 10.05),
    (Waiting(held_until=70.0), 10.1),
    (Waiting(retry_at=10.02), 10.02),
    (Waiting(intent_due=10.04), 10.04),
    (Waiting(intent_due=10.04, has_room=False), 10.1),
    (Waiting(intent_due=9.0, rate_at=10.03), 10.03),
    (Waiting(intent_due=10.04, is_durable=False), 10.1),
    (Waiting(intent_due=9.0, is_durable=False), 10.1),
    (Waiting(unread_due=10.06), 10.06 - AHEAD),
    (Waiting(unread_due=9.0, rate_at=10.06), 10.06 - AHEAD),
    (Waiting(is_skipping=True), 10.0),
    (Waiting(is_skipping=True, retry_at=10.02), 10.0),
]


@pytest.mark.parametrize(("waiting", "expected"), WAKEUPS)
def test_when_the_engine_wakes_up(waiting: Waiting, expected: float) -> None:
    """At the first thing that can be done, and every tenth of a second."""
    assert next_wakeup(10.0, waiting) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1e5), min_size=1), st.lists(st.floats(0, 1e5)), st.floats(0, 1))
def test_histogram_quantiles(some: list[float], more: list[float], share: float) -> None:
    """A quantile is off by one percent at most, and merging is counting together."""
    one, two, both = Histogram(), Histogram(), Histogram()
    for histogram, values in ((one, some), (two, more), (both, some + more)):
        for value in values:
            histogram.add([value])
    one.merge(two)
    found = one.quantile(share)
    assert found == both.quantile(share)
    exact = sorted(some + more)[max(1, math.ceil(share * len(some + more))) - 1]
    assert found == pytest.approx(exact, rel=0.011, abs=2e-6)
    assert one.max == max(some + more)
