"""What became of messages, by the hour, and which of them failed.

Each message counts once for a thing, whatever was called back twice: its end in the hour of that, its first deferral,
open, click, unsubscription and report each in theirs. An open or a report of a message that was delivered counts also
in the hour of the delivery: a share of the messages delivered then is one of those messages.
"""

from bisect import bisect
from collections.abc import Sequence
from itertools import groupby
from typing import Protocol, Self

from ses_cli.message.counting import Listed, MessageCounter
from ses_cli.message.life import End, life
from ses_cli.message.row import KEY, MEANING, ROW
from ses_cli.message.sent import Sent
from ses_cli.message.steps import Step

OPENED = len(Step)  # beside the steps: a delivered message that was opened, in the hour of its delivery
COMPLAINED = OPENED + 1
HOUR = 3600
# a group or its label, what happened (a `Step`, `OPENED` or `COMPLAINED`), the hour since 1970, and how often
Told = tuple[int, int, int, int]
Labels = Sequence[tuple[int, int]]  # groups with what stands for them
Edges = Sequence[int] | None  # hours
_READS = (Step.CLICK, Step.UNSUBSCRIBE, Step.SPAMREPORT)


class Ends(Protocol):
    """Counts what became of messages."""

    def add(self, rows: bytes, lives: MessageCounter | None = None, /) -> None:
        """Takes in messages of a part, all of whose rows are there, in any order, with reasons that were judged.

        `lives` counts them too.
        """

    def merge(self, other: Self, /) -> None:
        """Takes in what another has counted, of other messages; that is spent then."""

    def counts(self, labels: Labels, edges: Edges, /) -> Sequence[Told]:
        """What became of the messages of groups with labels, by these, in the order of what is told.

        With edges, instead of each hour the last edge that is not later; what is before the first or from the last one
        on is left out.
        """

    def failures(self, labels: Labels, edges: Edges, /) -> Sequence[Told]:
        """Messages that bounced, were dropped or delayed, by what stands for the meaning instead of what happened."""


class PythonEnds:
    """See `Ends`."""

    def __init__(self) -> None:
        self._counts: dict[_Place, int] = {}
        self._failed: dict[_Place, int] = {}

    def add(self, rows: bytes, lives: MessageCounter | None = None, /) -> None:
        if lives:
            lives.add(rows, Listed.NONE, 0)
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

    def merge(self, other: Self, /) -> None:
        for mine, theirs in ((self._counts, other._counts), (self._failed, other._failed)):
            for place, n in theirs.items():
                _count(mine, place, n)

    def counts(self, labels: Labels, edges: Edges, /) -> Sequence[Told]:
        return _told(self._counts, labels, edges)

    def failures(self, labels: Labels, edges: Edges, /) -> Sequence[Told]:
        return _told(self._failed, labels, edges)


_Place = tuple[int, int, int]  # a group, what happened and the hour


def _count(counts: dict[_Place, int], place: _Place, n: int = 1) -> None:
    counts[place] = counts.get(place, 0) + n


def _told(counts: dict[_Place, int], labels: Labels, edges: Edges) -> Sequence[Told]:
    known = dict(labels)
    found: dict[_Place, int] = {}
    for (group, thing, hour), n in counts.items():
        at = hour if edges is None else _edge(edges, hour)
        if group in known and at is not None:
            _count(found, (known[group], thing, at), n)
    return sorted((*place, n) for place, n in found.items())


def _edge(edges: Sequence[int], hour: int) -> int | None:
    at = bisect(edges, hour)
    return edges[at - 1] if 0 < at < len(edges) else None


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
