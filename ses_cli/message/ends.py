"""What became of messages, by the hour, and which of them failed.

Each message counts once for a thing, whatever was called back twice: its end in the hour of that, its first deferral,
first open and first report each in theirs. An open or a report of a message that was delivered also counts in the hour
of the delivery: a share of the messages delivered then is one of those messages.
"""

from itertools import groupby
from typing import NamedTuple

from ses_cli.message.life import End, life
from ses_cli.message.row import KEY, ROW
from ses_cli.message.sent import Sent
from ses_cli.message.steps import Step

OPENED = len(Step)  # beside the steps: a delivered message that was opened, in the hour of its delivery
COMPLAINED = OPENED + 1
_HOUR = 3600
Failed = tuple[bytes, int, int, int]  # key, step, time and group of a message


class Ends(NamedTuple):
    """Messages by group, what happened (a `Step`, `OPENED` or `COMPLAINED`) and hour since 1970."""

    counts: dict[tuple[int, int, int], int]
    failed: list[Failed]  # that bounced, were dropped, or were delayed


def message_ends(rows: bytes) -> Ends:
    """What became of messages, all of whose rows are there, in any order; by the engine in Python."""
    ordered = sorted([rows[at : at + ROW] for at in range(0, len(rows), ROW)])
    found = Ends({}, [])
    for key, several in groupby(ordered, lambda row: row[:KEY]):
        mine = list(several)
        group = next((int.from_bytes(row[32:]) for row in mine if any(row[32:])), 0)
        _add(found, key, group, [(int.from_bytes(row[KEY:21]), row[21]) for row in mine])
    return found


def _add(found: Ends, key: bytes, group: int, steps: list[tuple[int, int]]) -> None:
    firsts: dict[int, int] = {}
    for time, step in steps:
        firsts.setdefault(step, time)
    opened = min((firsts[step] for step in (Step.OPEN, Step.MACHINE_OPEN) if step in firsts), default=None)
    things = [(firsts[step], int(step)) for step in (Step.DEFERRED, Step.SPAMREPORT) if step in firsts]
    things += [] if opened is None else [(opened, int(Step.OPEN))]
    ended = _end(firsts, steps)
    if ended is not None:
        things.append(ended)
        if ended[1] == Step.DELIVERED:
            things += [(ended[0], OPENED)] if opened is not None else []
            things += [(ended[0], COMPLAINED)] if Step.SPAMREPORT in firsts else []
    for time, thing in things:
        counted = group, thing, time // _HOUR
        found.counts[counted] = found.counts.get(counted, 0) + 1
    failed = [ended] if ended is not None and ended[1] != Step.DELIVERED else []
    failed += [(firsts[Step.DEFERRED], int(Step.DEFERRED))] if Step.DEFERRED in firsts else []
    found.failed.extend((key, step, time, group) for time, step in failed)


def _end(firsts: dict[int, int], steps: list[tuple[int, int]]) -> tuple[int, int] | None:
    """When a message ended, and how; None where that is not known."""
    match life(steps, 0, Sent.NOTHING).end:
        case End.DELIVERED:
            return firsts[Step.DELIVERED], int(Step.DELIVERED)
        case End.DROPPED:
            return firsts[Step.DROPPED], int(Step.DROPPED)
        case End.BOUNCED if Step.HARD_BOUNCE in firsts:
            return firsts[Step.HARD_BOUNCE], int(Step.HARD_BOUNCE)
        case End.BOUNCED:
            return [one for one in steps if one[1] in (Step.SOFT_BOUNCE, Step.UNTYPED_BOUNCE)][-1]
        case _:
            return None
