"""Messages counted, each once for a thing: by what became of it, where and when; failures by their meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Generic, NamedTuple, Self, TypeVar

from ses_cli.batch import Batch, Value
from ses_cli.batch import Key as BatchKey
from ses_cli.batch.collected import Sample
from ses_cli.engine import message_counter, message_ends
from ses_cli.events import HARD, SOFT
from ses_cli.message.counting import MessageCounter
from ses_cli.message.ends import COMPLAINED, OPENED, Ends
from ses_cli.message.steps import Step
from ses_cli.message.totals import Totals
from ses_cli.reports.health.meanings import HOUR, Meaning, Place, judge_of
from ses_cli.reports.kinds import UNTYPED
from ses_cli.reports.messages.store import Store

if TYPE_CHECKING:
    from pathlib import Path

# What became of messages. `open`, `click`, `unsubscribe` and `spamreport` are the first in the hour in which they
# happened; `opened` and `complained` are messages delivered, in the hour of their delivery.
_KINDS: Mapping[int, str] = {
    Step.DELIVERED: "delivered",
    Step.HARD_BOUNCE: HARD,
    Step.SOFT_BOUNCE: SOFT,
    Step.UNTYPED_BOUNCE: UNTYPED,
    Step.DROPPED: "dropped",
    Step.DEFERRED: "deferred",
    Step.OPEN: "open",
    Step.CLICK: "click",
    Step.UNSUBSCRIBE: "unsubscribe",
    Step.SPAMREPORT: "spamreport",
    OPENED: "opened",
    COMPLAINED: "complained",
}
ENDS = frozenset({"delivered", HARD, SOFT, UNTYPED, "dropped"})
_KEYS = (BatchKey.FROM_DOMAIN, BatchKey.DOMAIN, BatchKey.TEMPLATE)
Groups = Mapping[int, tuple[Value, ...]]
K = TypeVar("K")
S = TypeVar("S")


class Lives(NamedTuple):
    """What messages come to; of opens no machine is told apart."""

    whole: Totals
    by_domain: Mapping[str, Totals]  # the recipient's


@dataclass
class Mails:
    """What became of all messages of a log, to be asked for by any of their values and any hours."""

    groups: Groups = field(default_factory=dict)  # sender domain, recipient domain and template
    ends: Ends = field(default_factory=message_ends)
    meanings: Mapping[int, Meaning] = field(default_factory=dict)  # by what stands for each
    samples: Mapping[tuple[str, Meaning], Sample] = field(default_factory=dict)  # the newest, by recipient domain
    last: int | None = None  # of the newest callback, Unix seconds
    without_message: int = 0  # callbacks without a bulkId or an address
    lives: Lives | None = None  # where they are wanted

    @cached_property
    def places(self) -> list[tuple[int, Place]]:
        """Where messages are from and where they went, by what stands for it, in the order of that."""
        return sorted([(group, _place(values)) for group, values in self.groups.items()], key=itemgetter(0))

    def by(self, of: Callable[[Place], K | None]) -> Grouped[K]:
        """Messages by what is made of their places; those of which that is None are left out."""
        return Grouped(self, of)

    @cached_property
    def _happened(self) -> list[tuple[str, int]]:
        return [(kind, hour) for kind, _, hour, _ in self.by(lambda _: ()).counts()]

    @cached_property
    def hours(self) -> list[int]:
        """The hours in which anything happened, in order."""
        return sorted({hour for _, hour in self._happened})

    def newest(self) -> int | None:
        """The newest hour in which a message met its end; where there is none, in which anything happened."""
        ends = max((hour for kind, hour in self._happened if kind in ENDS), default=None)
        return ends if ends is not None or self.last is None else self.last // HOUR


class Grouped(Generic[K]):
    """Messages by what is made of where they are from and where they went."""

    def __init__(self, mails: Mails, of: Callable[[Place], K | None]) -> None:
        self._mails = mails
        numbers: dict[K, int] = {}
        self._labels = []
        for group, place in mails.places:
            if (name := of(place)) is not None:
                self._labels.append((group, numbers.setdefault(name, len(numbers))))
        self._names = list(numbers)

    def counts(self, edges: Sequence[int] | None = None) -> Iterator[tuple[str, K, int, int]]:
        """What became of messages, what they are grouped by, the hour, and how many: see `Ends.counts`."""
        names = self._names
        for label, thing, hour, n in self._mails.ends.counts(self._labels, edges):
            yield _KINDS[thing], names[label], hour, n

    def add_to(
        self, found: Mapping[frozenset[str], dict[S, int]], edges: Sequence[int], of: Callable[[K, int], S]
    ) -> None:
        """Adds how many became any of these kinds, by what is made of what they are grouped by and the hour."""
        sums: dict[frozenset[str], dict[tuple[int, int], int]] = {kinds: {} for kinds in found}
        into = {thing: [sums[kinds] for kinds in found if kind in kinds] for thing, kind in _KINDS.items()}
        for label, thing, hour, n in self._mails.ends.counts(self._labels, edges):
            key = label, hour  # numbers first: it takes less to look for them
            for each in into[thing]:
                each[key] = each.get(key, 0) + n
        for kinds, counts in found.items():
            for (label, hour), n in sums[kinds].items():
                name = of(self._names[label], hour)
                counts[name] = counts.get(name, 0) + n

    def failures(self, edges: Sequence[int] | None = None) -> Iterator[tuple[Meaning, K, int, int]]:
        """The same of messages that failed or were delayed, by their meanings."""
        names, meanings = self._names, self._mails.meanings
        for label, meaning, hour, n in self._mails.ends.failures(self._labels, edges):
            yield meanings[meaning], names[label], hour, n


def _place(values: tuple[Value, ...]) -> Place:
    sender, name, template = values
    return None if sender is None else str(sender), str(name), None if template is None else int(template)


def _store() -> Store:
    return Store(_KEYS, has_texts=False)


@dataclass(slots=True)
class MailCounts:
    """A part of a log, of which messages are counted when all of it is there."""

    rules: Path | None = None
    has_lives: bool = False  # how long it took is wanted too
    store: Store = field(default_factory=_store)
    meanings: dict[int, Meaning] = field(default_factory=dict)  # by what stands for each
    last: int | None = None

    def add(self, batch: Batch) -> None:
        """Takes in the records of a batch."""
        period = batch.period()
        if period is None:
            return
        self.last = period[1] if self.last is None else max(self.last, period[1])
        judge = judge_of(self.rules)
        self.store.add(batch, judge)
        self._learn(judge.meanings)

    def _learn(self, meanings: dict[int, Meaning]) -> None:
        if not self.meanings:
            self.meanings = meanings  # those of all parts in this process
        elif meanings is not self.meanings:
            self.meanings = {**self.meanings, **meanings}

    def merge(self, later: Self) -> None:
        """Takes in what was met later, which is spent then."""
        if later.last is not None:
            self.last = later.last if self.last is None else max(self.last, later.last)
        self.store.merge(later.store)
        self._learn(later.meanings)

    def __getstate__(self) -> object:
        """Copies, and what goes to another process, have the meanings that they need."""
        self.store.settle()
        self.meanings = {meaning: self.meanings[meaning] for _, meaning in self.store.samples}
        return object.__getstate__(self)

    def counted(self, jobs: int | None = 1) -> Mails:
        """What became of the messages, which so many threads count."""
        store = self.store
        store.settle()
        domains = _numbered(store.groups)
        (ends, lives), *others = store.divided(partial(self._count, domains), jobs)
        for more, other in others:
            ends.merge(more)
            if lives and other:
                lives.merge(other)
        groups = {0: (None, "", None), **store.groups}
        samples = {(name, self.meanings[meaning]): sample for (name, meaning), sample in store.samples.items()}
        found = Mails(groups, ends, self.meanings, samples, self.last, store.unassigned)
        if lives:
            totals = lives.totals()
            named = {name: totals[number] for name, number in domains.items() if number in totals}
            found.lives = Lives(lives.whole(), named)
        return found

    def _count(self, domains: Mapping[str, int], parts: Iterable[int]) -> tuple[Ends, MessageCounter | None]:
        labels = [(group, domains[str(values[1])]) for group, values in self.store.groups.items()]
        ends, lives = message_ends(), message_counter(labels) if self.has_lives else None
        for at in parts:
            ends.add(self.store.rows(at), lives)
        return ends, lives


def _numbered(groups: Groups) -> dict[str, int]:
    """A number for each recipient domain; 0 is that of no group."""
    names = dict.fromkeys(str(values[1]) for values in groups.values())
    return {name: number for number, name in enumerate(names, 1)}
