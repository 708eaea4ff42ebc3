"""When the engine has something to do again: one pure function of what it waits for."""

from math import inf
from typing import NamedTuple

AHEAD = 0.025  # seconds before it is due that an intent may be written: longer than a sync takes
TICK = 0.1  # seconds between looks at signals, at a log that grows, and of progress


class Waiting(NamedTuple):
    """What an engine waits for besides answers. Times are seconds from the start of the run; inf for nothing."""

    held_until: float = 0.0  # nothing may be sent before
    retry_at: float = inf  # the first retry
    rate_at: float = 0.0  # the rate limit allows nothing before
    has_room: bool = True  # another request may be in flight
    intent_due: float = inf  # the first intent is due
    is_durable: bool = True  # and on disk; that it is by now ends any wait
    unread_due: float = inf  # the next callback of the log is due
    is_skipping: bool = False  # the log has to be read on


def next_wakeup(clock: float, waiting: Waiting) -> float:
    """The time on the clock at which to look again if no answer comes."""
    tick = clock + TICK
    if clock < waiting.held_until:
        return min(tick, waiting.held_until)
    times = [tick, waiting.retry_at]
    if waiting.has_room:
        if waiting.intent_due < inf:
            times.append(max(waiting.intent_due, waiting.rate_at) if waiting.is_durable else tick)
        elif waiting.unread_due < inf:
            times.append(max(waiting.unread_due, waiting.rate_at) - AHEAD)
        elif waiting.is_skipping:
            return clock
    return min(times)
