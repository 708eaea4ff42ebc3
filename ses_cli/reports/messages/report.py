"""Messages counted: what became of them, how long it took, and which of them are to be looked at."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import nsmallest
from typing import NamedTuple, Self

from ses_cli.batch import Batch
from ses_cli.batch import Value as Key
from ses_cli.engine import message_counter
from ses_cli.message import Count, Totals
from ses_cli.message.counting import Listed, MessageCounter
from ses_cli.message.row import PARTS, Message, find_text, unpack_texts
from ses_cli.reports.messages import counts, funnel, groups, listing
from ses_cli.reports.messages.rows import NAMES, row
from ses_cli.reports.messages.store import MOST, Store
from ses_cli.reports.messages.wanted import MessagesWanted
from ses_cli.table import Data, Table, Value
from ses_cli.times import shown, zone_name

Groups = list[tuple[tuple[Key, ...], Totals]]


class Counted(NamedTuple):
    """What all messages come to."""

    whole: Totals
    groups: Groups  # the largest first, among equals by name
    number: int  # of messages to be looked at
    listed: list[Message]  # the oldest of them


@dataclass(slots=True)
class Messages:
    """A fold. It holds steps, not messages: these are made when it is asked what it found."""

    wanted: MessagesWanted = field(default_factory=MessagesWanted)
    most: int = MOST  # bytes held in memory
    first: int | None = None  # times of the oldest and of the newest callback
    last: int | None = None
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.wanted.keys, self.wanted.listed is not Listed.NONE, self.most)

    def add(self, batch: Batch) -> None:
        """Takes in the callbacks of a batch."""
        period = batch.period()
        if period:
            self._widen(*period)
            self.store.add(batch)

    def merge(self, later: Self) -> None:
        """Takes in what was found later in the log."""
        if later.first is not None and later.last is not None:
            self._widen(later.first, later.last)
        self.store.merge(later.store)

    def is_gathering(self) -> bool:
        """Steps of messages are kept until all are there."""
        return True

    def _widen(self, first: int, last: int) -> None:
        self.first = first if self.first is None else min(first, self.first)
        self.last = last if self.last is None else max(last, self.last)

    @property
    def now(self) -> int:
        """When the log ends: its newest callback, unless that is of the future."""
        return min(self.last or 0, int(time.time()))

    def count(self, listed: Listed) -> Counted:
        """Makes messages of the steps, one part after another, and counts them."""
        self.store.settle()
        counter, number, found = self._counted(listed)
        whole = counter.whole()
        by_group: dict[tuple[Key, ...], Totals] = {}
        for group, totals in counter.totals().items():
            values = self.store.groups[group] if group else (None,) * len(self.wanted.keys)
            name = self.wanted.group(values)
            if name in by_group:
                by_group[name].merge(totals)
            else:
                by_group[name] = totals
        ordered = sorted(by_group.items(), key=lambda item: (-item[1][Count.TOTAL], *map(str, item[0])))
        return Counted(whole, ordered, number, found)

    def _counted(self, listed: Listed) -> tuple[MessageCounter, int, list[Message]]:
        """A counter of all messages; how many are listed, and the oldest of them."""
        work = partial(self._count_parts, listed)
        (counter, number, found), *others = self.store.divided(work, self.wanted.jobs)
        for other, more_number, more in others:
            counter.merge(other)
            number += more_number
            found = self._oldest(found + more)
        return counter, number, found

    def _count_parts(self, listed: Listed, parts: Iterable[int]) -> tuple[MessageCounter, int, list[Message]]:
        counter, number, found = message_counter(), 0, list[Message]()
        for at in parts:
            more = counter.add(self.store.rows(at), listed, self._until)
            number += len(more)
            found = self._oldest(found + more)
        return counter, number, found

    def _oldest(self, found: list[Message]) -> list[Message]:
        top = self.wanted.top
        return sorted(found, key=_age) if top is None else nsmallest(top, found, key=_age)

    @property
    def _until(self) -> int:
        return self.now - self.wanted.older_than

    def document(self) -> dict[str, object]:
        """`tz`, the counts and times, `groups`; the messages that are wanted one by one."""
        found, wanted = self.count(Listed.NONE), self.wanted
        return {
            "tz": zone_name(wanted.tz),
            **counts.document(found.whole),
            "without_message": self.store.unassigned,
            "groups": [counts.group(wanted.grouped_by, values, totals) for values, totals in found.groups],
            **({} if wanted.listed is Listed.NONE else {f"{wanted.listed.name.lower()}_messages": self._rows()}),
        }

    def data(self) -> Data:
        """The messages that are wanted one by one, else one row a group."""
        if self.wanted.listed is Listed.NONE:
            return counts.data(self.wanted.grouped_by, self.count(Listed.NONE).groups)
        return self._rows()

    def _rows(self) -> Data:
        return Data(NAMES, self._each())

    def _each(self) -> Iterator[Sequence[Value]]:
        """The messages by their keys, an order that says nothing, but is always the same."""
        self.store.settle()
        for at in range(PARTS):
            found = message_counter().add(self.store.rows(at), self.wanted.listed, self._until)
            texts = {key: (bulk_id, email) for key, bulk_id, email in unpack_texts(self.store.texts(at))}
            for message in found:
                yield row(*texts[message.key], message.life, self.wanted.tz)

    def tables(self) -> list[Table]:
        """The messages that are wanted one by one, the oldest first; else the funnel, the times and the groups."""
        wanted, found = self.wanted, self.count(self.wanted.listed)
        if wanted.listed is Listed.NONE:
            tables = funnel.tables(found.whole, self.store.unassigned)
            tables += groups.tables(wanted.grouped_by, found.groups, found.whole, wanted.top)
            return [*tables, *listing.sequences(found.whole, ["--impossible lists the messages"])]
        named = [
            listing.Named(*find_text(self.store.texts(message.key[0]), message.key), message.life)
            for message in found.listed
        ]
        if wanted.listed is Listed.PENDING:
            return [listing.pending(named, found.number, wanted.older_than, self.now)]
        return [*listing.sequences(found.whole, []), listing.messages(named, found.number)]

    def headline(self) -> str:
        """The period, for people."""
        if self.first is None or self.last is None:
            return ""
        return f"{shown(self.first, self.wanted.tz)} to {shown(self.last, self.wanted.tz)}"


def _age(message: Message) -> tuple[int, bytes]:
    return message.life.since, message.key
