"""The life of a message: what came of it, when, and whether the callbacks contradict each other."""

from collections.abc import Iterable
from enum import IntEnum, IntFlag
from typing import NamedTuple

from ses_cli.message.sent import Sent
from ses_cli.message.steps import Step

_FINAL = (Step.DELIVERED, Step.HARD_BOUNCE, Step.DROPPED)  # nothing that delivers mail comes after one of these
_TRIES = (Step.DEFERRED, Step.SOFT_BOUNCE, Step.UNTYPED_BOUNCE)  # another try may follow
_OPENS = (Step.OPEN, Step.MACHINE_OPEN)
_READ = (*_OPENS, Step.CLICK, Step.UNSUBSCRIBE, Step.SPAMREPORT)  # what only a mail that arrived can lead to


class End(IntEnum):
    """How a message ended."""

    PENDING = 0  # nothing says so far
    DELIVERED = 1
    BOUNCED = 2
    DROPPED = 3
    NOT_LOGGED = 4  # it was read, so it arrived; the callback that says so is not in the log


class Flag(IntFlag):
    """What cannot be: times are those of the callbacks, and what is of one second contradicts nothing."""

    DELIVERED_AFTER_HARD_BOUNCE = 1
    OPEN_BEFORE_DELIVERED = 2
    TWO_ENDS = 4
    TRY_AFTER_END = 8
    OPEN_UNDELIVERED = 16


FLAGS: dict[Flag, tuple[str, str]] = {
    Flag.DELIVERED_AFTER_HARD_BOUNCE: ("delivered-after-hard-bounce", "delivered later than it bounced hard"),
    Flag.OPEN_BEFORE_DELIVERED: ("open-before-delivered", "opened, clicked or reported earlier than it was delivered"),
    Flag.TWO_ENDS: ("two-ends", "delivered, bounced hard or dropped more than once"),
    Flag.TRY_AFTER_END: ("try-after-end", "deferred or bounced soft later than it ended"),
    Flag.OPEN_UNDELIVERED: ("open-undelivered", "opened, clicked or reported, but it bounced or was dropped"),
}


class Life(NamedTuple):
    """What is known of one message. Times are Unix seconds, None where there is none."""

    sent: int | None
    known_from: Sent
    since: int  # when it was sent, or else its first callback
    delivered: int | None  # the first time
    bounced: int | None  # the first hard bounce, or else the last other one
    dropped: int | None  # the first time
    deferrals: int
    retries: int  # tries before it was delivered: deferrals and bounces that were not hard
    first_open: int | None
    first_person: int | None  # the first open that is no known machine's
    opens: int
    first_click: int | None
    clicks: int
    has_complained: bool
    has_unsubscribed: bool
    end: End
    flags: Flag


def life(steps: Iterable[tuple[int, int]], sent: int, known_from: Sent) -> Life:
    """The life of a message by its distinct steps, each a time and a `Step`, in any order; at least one."""
    times: dict[int, list[int]] = {}
    for time, step in steps:
        times.setdefault(step, []).append(time)
    firsts = {step: min(found) for step, found in times.items()}
    lasts = {step: max(found) for step, found in times.items()}
    counts = {step: len(found) for step, found in times.items()}
    delivered, hard, other = firsts.get(Step.DELIVERED), firsts.get(Step.HARD_BOUNCE), _last(lasts, *_TRIES[1:])
    tries = [time for step in _TRIES for time in times.get(step, ())]
    end = _end(firsts)
    return Life(
        sent=sent or None,
        known_from=known_from,
        since=sent or min(firsts.values()),
        delivered=delivered,
        bounced=other if hard is None else hard,
        dropped=firsts.get(Step.DROPPED),
        deferrals=counts.get(Step.DEFERRED, 0),
        retries=0 if delivered is None else sum(time <= delivered for time in tries),
        first_open=_first(firsts, *_OPENS),
        first_person=firsts.get(Step.OPEN),
        opens=sum(counts.get(step, 0) for step in _OPENS),
        first_click=firsts.get(Step.CLICK),
        clicks=counts.get(Step.CLICK, 0),
        has_complained=Step.SPAMREPORT in firsts,
        has_unsubscribed=Step.UNSUBSCRIBE in firsts,
        end=end,
        flags=_flags(firsts, lasts, sum(counts.get(step, 0) for step in _FINAL), end),
    )


def _end(firsts: dict[int, int]) -> End:
    """A hard bounce is believed before a delivery, that before anything else."""
    if Step.HARD_BOUNCE in firsts:
        return End.BOUNCED
    if Step.DELIVERED in firsts:
        return End.DELIVERED
    if Step.DROPPED in firsts:
        return End.DROPPED
    if Step.SOFT_BOUNCE in firsts or Step.UNTYPED_BOUNCE in firsts:
        return End.BOUNCED
    return End.NOT_LOGGED if any(step in firsts for step in _READ) else End.PENDING


def _flags(firsts: dict[int, int], lasts: dict[int, int], ends: int, end: End) -> Flag:
    delivered, hard, read = firsts.get(Step.DELIVERED), firsts.get(Step.HARD_BOUNCE), _first(firsts, *_READ)
    final, tried = _first(firsts, *_FINAL), _last(lasts, *_TRIES)
    flags = Flag(0)
    if delivered is not None and hard is not None and lasts[Step.DELIVERED] > hard:
        flags |= Flag.DELIVERED_AFTER_HARD_BOUNCE
    if delivered is not None and read is not None and read < delivered:
        flags |= Flag.OPEN_BEFORE_DELIVERED
    if ends > 1:
        flags |= Flag.TWO_ENDS
    if final is not None and tried is not None and tried > final:
        flags |= Flag.TRY_AFTER_END
    if delivered is None and read is not None and end in (End.BOUNCED, End.DROPPED):
        flags |= Flag.OPEN_UNDELIVERED
    return flags


def _first(times: dict[int, int], *steps: Step) -> int | None:
    return min((times[step] for step in steps if step in times), default=None)


def _last(times: dict[int, int], *steps: Step) -> int | None:
    return max((times[step] for step in steps if step in times), default=None)
