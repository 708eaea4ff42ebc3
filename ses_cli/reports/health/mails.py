"""Messages counted, each once for a thing: by what became of it, where and when; failures by their meaning."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ses_cli.batch import Batch, Sample, Value
from ses_cli.batch import Key as BatchKey
from ses_cli.engine import message_counter, message_ends
from ses_cli.events import HARD, SOFT
from ses_cli.message.counting import Listed
from ses_cli.message.ends import COMPLAINED, OPENED, Ends
from ses_cli.message.row import PARTS
from ses_cli.message.steps import Step
from ses_cli.message.totals import Totals
from ses_cli.reports.health.meanings import HOUR, Meaning, Place, judge_of
from ses_cli.reports.health.periods import A_WEEK, Baseline, edges
from ses_cli.reports.messages.store import Store
from ses_cli.reports.tally import UNTYPED

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


@dataclass(slots=True)
class Mails:
    """All that is counted of a log."""

    records: dict[tuple[str, Place], int] = field(default_factory=dict)  # messages by what became of them, and where
    failures: dict[tuple[Meaning, Place], int] = field(default_factory=dict)  # those that failed or were delayed
    samples: Mapping[tuple[str, Meaning], Sample] = field(default_factory=dict)  # the newest, by recipient domain
    last: int | None = None  # of the newest callback, Unix seconds
    without_message: int = 0  # callbacks without a bulkId or an address

    def newest(self) -> int | None:
        """The newest hour in which a message met its end; where there is none, in which anything happened."""
        return _newest(((kind, place[3]) for kind, place in self.records), self.last)


def _newest(happened: Iterable[tuple[str, int]], last: int | None) -> int | None:
    ends = max((hour for kind, hour in happened if kind in ENDS), default=None)
    return ends if ends is not None or last is None else last // HOUR


@dataclass
class Counted:
    """What became of all messages of a log, to be asked for by any of their values and any hours."""

    groups: Groups  # sender domain, recipient domain and template
    samples: Mapping[tuple[str, Meaning], Sample]
    last: int | None
    without_message: int
    meanings: Mapping[int, Meaning] = field(default_factory=dict)  # by what stands for each
    ends: Ends = field(default_factory=message_ends)

    def __post_init__(self) -> None:
        self._places = {group: _place(values) for group, values in self.groups.items()}

    def by(self, at: int | None, kept: Sequence[int] = ()) -> Iterator[tuple[str, Value, int, int]]:
        """What became of messages, their sender (0), recipient (1) or template (2), or nothing; the hour; how many.

        Instead of each hour the last one `kept` that is not later, where some are.
        """
        numbers, names = self._labels(at)
        for (label, thing, hour), n in self.ends.counts(numbers, kept).items():
            yield _KINDS[thing], names[label], hour, n

    def failed_by(self, at: int | None, kept: Sequence[int] = ()) -> Iterator[tuple[Meaning, Value, int, int]]:
        """The same of messages that failed or were delayed, by their meanings."""
        numbers, names = self._labels(at)
        for (label, meaning, hour), n in self.ends.failures(numbers, kept).items():
            yield self.meanings[meaning], names[label], hour, n

    def _labels(self, at: int | None) -> tuple[list[tuple[int, int]], list[Value]]:
        """A number for each group, and the values that these number."""
        labels: dict[Value, int] = {}
        numbers = [
            (group, labels.setdefault(None if at is None else values[at], len(labels)))
            for group, values in self.groups.items()
        ]
        return numbers, list(labels)

    def mails(self, window: int = 0, baseline: Baseline = A_WEEK) -> Mails:
        """All of it, with the hours told apart that a window and its baseline take; without a window all are."""
        happened = [(kind, hour) for kind, _, hour, _ in self.by(None)]
        newest = _newest(happened, self.last)
        kept: Sequence[int] = ()
        if happened and newest is not None and window:
            kept = edges((hour for _, hour in happened), newest, window, baseline)
        places, kinds, meanings = self._places, _KINDS, self.meanings
        records = {
            (kinds[thing], (*places[group], hour)): n for (group, thing, hour), n in self.ends.counts((), kept).items()
        }
        failures = {
            (meanings[meaning], (*places[group], hour)): n
            for (group, meaning, hour), n in self.ends.failures((), kept).items()
        }
        return Mails(records, failures, self.samples, self.last, self.without_message)


def _place(values: tuple[Value, ...]) -> tuple[str | None, str, int | None]:
    sender, name, template = values
    return None if sender is None else str(sender), str(name), None if template is None else int(template)


def _store() -> Store:
    return Store(_KEYS, has_texts=False)


@dataclass(slots=True)
class MailCounts:
    """A part of a log, of which messages are counted when all of it is there."""

    rules: Path | None = None
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

    def counted(self) -> Counted:
        """What became of the messages."""
        store = self.store
        store.settle()
        samples = {(name, self.meanings[meaning]): sample for (name, meaning), sample in store.samples.items()}
        groups = {0: (None, "", None), **store.groups}
        found = Counted(groups, samples, self.last, store.unassigned, self.meanings)
        for at in range(PARTS):
            found.ends.add(store.rows(at))
        return found

    def lives(self) -> tuple[Totals, dict[str, Totals]]:
        """What all messages come to, and those of each recipient domain; of opens no machine is told apart."""
        self.store.settle()
        counter = message_counter()
        for at in range(PARTS):
            counter.add(self.store.rows(at), Listed.NONE, 0)
        found: dict[str, Totals] = {}
        for group, totals in counter.totals().items():
            if group:
                found.setdefault(str(self.store.groups[group][1]), Totals()).merge(totals)
        return counter.whole(), found
