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
from ses_cli.message.row import KEY, MEANING, ROW
from ses_cli.message.sent import Sent
from ses_cli.message.steps import Step

OPENED = len(Step)  # beside the steps: a delivered message that was opened, in the hour of its delivery
COMPLAINED = OPENED + 1
HOUR = 3600
Counted = tuple[int, int, int]  # a group, what happened (a `Step`, `OPENED` or `COMPLAINED`) and the hour since 1970
_READS = (Step.CLICK, Step.UNSUBSCRIBE, Step.SPAMREPORT)


class Ends(Protocol):
    """Counts what became of messages."""

    def add(self, rows: bytes, /) -> None:
        """Takes in messages all of whose rows are there, in any order, with reasons that were judged."""

    def counts(self, labels: Sequence[tuple[int, int]], edges: Sequence[int], /) -> Mapping[Counted, int]:
        """All of it, with the labels of groups instead of those, and instead of each hour the last edge not later.

        In the order of all these.
        """

    def failures(self, labels: Sequence[tuple[int, int]], edges: Sequence[int], /) -> Mapping[Counted, int]:
        """Messages that bounced, were dropped or delayed, by what stands for the meaning instead of what happened."""


class PythonEnds:
    """See `Ends`."""

    def __init__(self) -> None:
        self._counts: dict[Counted, int] = {}
        self._failed: dict[Counted, int] = {}

    def add(self, rows: bytes, /) -> None:
        ordered = sorted([rows[at : at + ROW] for at in range(0, len(rows), ROW)])
        for _, several in groupby(ordered, lambda row: row[:KEY]):
            mine = list(several)
            group = next((int.from_bytes(row[32:]) for row in mine if any(row[32:])), 0)
            happened, failed = _read(
                [(int.from_bytes(row[KEY:21]), row[21], int.from_bytes(row[MEANING])) for row in mine]
            )
            for time, thing in happened + [(time, step) for time, step, _ in failed]:
                _count(self._counts, (group, thing, time // HOUR))
            for time, _, meaning in failed:
                _count(self._failed, (group, meaning, time // HOUR))

    def counts(self, labels: Sequence[tuple[int, int]], edges: Sequence[int], /) -> Mapping[Counted, int]:
        return _told(self._counts, labels, edges)

    def failures(self, labels: Sequence[tuple[int, int]], edges: Sequence[int], /) -> Mapping[Counted, int]:
        return _told(self._failed, labels, edges)


def _count(counts: dict[Counted, int], key: Counted, n: int = 1) -> None:
    counts[key] = counts.get(key, 0) + n


def _told(
    counts: Mapping[Counted, int], labels: Sequence[tuple[int, int]], edges: Sequence[int]
) -> Mapping[Counted, int]:
    known = dict(labels)
    found: dict[Counted, int] = {}
    for (group, thing, hour), n in counts.items():
        at = bisect(edges, hour)
        _count(found, (known.get(group, group), thing, edges[at - 1] if at else hour), n)
    return dict(sorted(found.items()))


Row = tuple[int, int, int]  # time, step and what stands for the meaning
Rows = list[Row]


def _read(rows: Rows) -> tuple[list[tuple[int, int]], Rows]:
    """What counts of a message, each with its time, and how it failed."""
    firsts: dict[int, Row] = {}
    for row in rows:
        firsts.setdefault(row[1], row)
    opened = min((firsts[step][0] for step in (Step.OPEN, Step.MACHINE_OPEN) if step in firsts), default=None)
    failed = [firsts[step] for step in (Step.DEFERRED,) if step in firsts]
    happened = [(firsts[step][0], int(step)) for step in _READS if step in firsts]
    happened += [] if opened is None else [(opened, int(Step.OPEN))]
    ended = _end(firsts, rows)
    if ended is not None and ended[1] == Step.DELIVERED:
        happened += [ended[:2]] + ([(ended[0], OPENED)] if opened is not None else [])
        happened += [(ended[0], COMPLAINED)] if Step.SPAMREPORT in firsts else []
    elif ended is not None:
        failed.append(ended)
    return happened, failed


def _end(firsts: dict[int, Row], rows: Rows) -> Row | None:
    """How a message ended; None where that is not known."""
    match life([row[:2] for row in rows], 0, Sent.NOTHING).end:
        case End.DELIVERED:
            return firsts[Step.DELIVERED]
        case End.DROPPED:
            return firsts[Step.DROPPED]
        case End.BOUNCED if Step.HARD_BOUNCE in firsts:
            return firsts[Step.HARD_BOUNCE]
        case End.BOUNCED:
            return [one for one in rows if one[1] in (Step.SOFT_BOUNCE, Step.UNTYPED_BOUNCE)][-1]
        case _:
            return None
