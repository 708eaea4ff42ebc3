"""Steps of messages, and messages counted, by the native engine."""

from collections import Counter
from collections.abc import Sequence
from typing import Self

from ses_cli.batch import Key
from ses_cli.batch.collected import Judge, MessageBlock, Parts
from ses_cli.message import PROXIES, Durations, End, Flag, Life, Sent, Totals
from ses_cli.message.counting import Listed, MessageCounter
from ses_cli.message.ends import Edges, Labels, Told
from ses_cli.message.row import Message
from ses_cli.native import _engine

_SENT, _ENDS = tuple(Sent), tuple(End)
_FLAGS = tuple(map(Flag, range(2 ** len(Flag))))
_PROXIES = [(text, is_whole) for _, text, is_whole in PROXIES]


class NativeMessages:
    """See `ses_cli.batch.CollectedMessages`."""

    def __init__(self, by: Sequence[Key], has_texts: bool, judge: Judge | None) -> None:
        self._messages = _engine.Messages(list(by), has_texts, _PROXIES, judge)

    def add(self, lines: _engine.Lines) -> None:
        """Takes in the counted records of a batch."""
        self._messages.add(lines)

    def merge(self, later: Self) -> None:
        self._messages.merge(later._messages)

    @property
    def size(self) -> int:
        return self._messages.size

    @property
    def unassigned(self) -> int:
        return self._messages.unassigned

    def take(self) -> MessageBlock:
        rows, texts, groups, samples = self._messages.take()
        return MessageBlock(Parts(*rows), Parts(*texts), groups, samples)


class NativeCounter:
    """See `ses_cli.message.counting.PythonCounter`."""

    def __init__(self, labels: Sequence[tuple[int, int]] = ()) -> None:
        self.counter = _engine.MessageCounter(labels)

    def add(self, rows: bytes, listed: Listed, until: int) -> list[Message]:
        found = self.counter.add(rows, listed.value, max(until, 0))
        return [Message(key, group, _life(values)) for key, group, values in found]

    def merge(self, other: Self) -> None:
        self.counter.merge(other.counter)

    def totals(self) -> dict[int, Totals]:
        return {group: _totals(*totals) for group, totals in self.counter.totals()}

    def whole(self) -> Totals:
        return _totals(*self.counter.whole())


class NativeEnds:
    """See `ses_cli.message.ends.Ends`."""

    def __init__(self) -> None:
        self._ends = _engine.Ends()

    def add(self, rows: bytes, lives: MessageCounter | None = None, /) -> None:
        self._ends.add(rows, lives.counter if isinstance(lives, NativeCounter) else None)

    def merge(self, other: Self, /) -> None:
        self._ends.merge(other._ends)

    def counts(self, labels: Labels, edges: Edges, /) -> Sequence[Told]:
        return self._ends.counts(labels, edges)

    def failures(self, labels: Labels, edges: Edges, /) -> Sequence[Told]:
        return self._ends.failures(labels, edges)


def _totals(counts: list[int], times: list[tuple[dict[int, int], int | None]]) -> Totals:
    return Totals(counts, *(Durations(Counter(lengths), most) for lengths, most in times))


def _life(values: tuple[int | None, ...]) -> Life:
    sent, known_from, *between, end, flags = values
    return Life._make((sent, _SENT[known_from or 0], *between, _ENDS[end or 0], _FLAGS[flags or 0]))
