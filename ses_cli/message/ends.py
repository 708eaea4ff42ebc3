"""What became of messages, by the hour, and which of them failed.

Each message counts once for a thing, whatever was called back twice: its end in the hour of that, its first deferral,
open, click, unsubscription and report each in theirs. An open or a report of a message that was delivered counts also
in the hour of the delivery: a share of the messages delivered then is one of those messages.
"""

from bisect import bisect
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol

from ses_cli.message.life import End, life
from ses_cli.message.row import KEY, ROW
from ses_cli.message.sent import Sent
from ses_cli.message.steps import Step

OPENED = len(Step)  # beside the steps: a delivered message that was opened, in the hour of its delivery
COMPLAINED = OPENED + 1
HOUR = 3600
Counted = tuple[int, int, int]  # a group, what happened (a `Step`, `OPENED` or `COMPLAINED`) and the hour since 1970
Failed = tuple[bytes, int, int, int]  # key, step, time and group of a message
_READS = (Step.CLICK, Step.UNSUBSCRIBE, Step.SPAMREPORT)


class Ends(Protocol):
    """Counts what became of messages."""

    def add(self, rows: bytes, /) -> list[Failed]:
        """Takes in messages all of whose rows are there, in any order; those that bounced, were dropped or delayed."""

    def counts(self, labels: Sequence[tuple[int, int]], edges: Sequence[int], /) -> Mapping[Counted, int]:
        """All of it, with the labels of groups instead of those, and instead of each hour the last edge not later."""


class PythonEnds:
    """See `Ends`."""

    def __init__(self) -> None:
        self._counts: dict[Counted, int] = {}

    def add(self, rows: bytes, /) -> list[Failed]:
        ordered = sorted([rows[at : at + ROW] for at in range(0, len(rows), ROW)])
        failed: list[Failed] = []
        for key, several in groupby(ordered, lambda row: row[:KEY]):
            mine = list(several)
            group = next((int.from_bytes(row[32:]) for row in mine if any(row[32:])), 0)
            happened, steps = _read([(int.from_bytes(row[KEY:21]), row[21]) for row in mine])
            for time, thing in happened:
                counted = group, thing, time // HOUR
                self._counts[counted] = self._counts.get(counted, 0) + 1
            failed += [(key, step, time, group) for time, step in steps]
        return failed

    def counts(self, labels: Sequence[tuple[int, int]], edges: Sequence[int], /) -> Mapping[Counted, int]:
        known = dict(labels)
        found: dict[Counted, int] = {}
        for (group, thing, hour), n in self._counts.items():
            at = bisect(edges, hour)
            key = known.get(group, group), thing, edges[at - 1] if at else hour
            found[key] = found.get(key, 0) + n
        return found


Steps = list[tuple[int, int]]  # time, and what it is


def _read(steps: Steps) -> tuple[Steps, Steps]:
    """What counts of a message, and how it failed."""
    firsts: dict[int, int] = {}
    for time, step in steps:
        firsts.setdefault(step, time)
    opened = min((firsts[step] for step in (Step.OPEN, Step.MACHINE_OPEN) if step in firsts), default=None)
    failed = [(firsts[step], int(step)) for step in (Step.DEFERRED,) if step in firsts]
    happened = [(firsts[step], int(step)) for step in _READS if step in firsts]
    happened += [] if opened is None else [(opened, int(Step.OPEN))]
    ended = _end(firsts, steps)
    if ended is not None and ended[1] == Step.DELIVERED:
        happened += [ended] + ([(ended[0], OPENED)] if opened is not None else [])
        happened += [(ended[0], COMPLAINED)] if Step.SPAMREPORT in firsts else []
    elif ended is not None:
        failed.append(ended)
    return happened + failed, failed


def _end(firsts: dict[int, int], steps: Steps) -> tuple[int, int] | None:
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
