"""Messages counted, each once for a thing: by what became of it, where and when; failures by their meaning."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from ses_cli.batch import Batch, Value
from ses_cli.batch import Key as BatchKey
from ses_cli.engine import message_ends
from ses_cli.events import HARD, SOFT
from ses_cli.identity import domain, message_key
from ses_cli.message.ends import COMPLAINED, OPENED, Ends
from ses_cli.message.row import PARTS, message_id
from ses_cli.message.steps import Step, step
from ses_cli.reports.health.failing import Failing
from ses_cli.reports.health.meanings import FAILURES, HOUR, Meaning, Place, Sample, meaning_of
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
    ends: Ends = field(default_factory=message_ends)
    failed: dict[tuple[Meaning, int, int], int] = field(default_factory=dict)  # by meaning, group and hour

    def add(self, rows: bytes, meanings: Callable[[], Mapping[tuple[bytes, int, int], Meaning]]) -> None:
        """Takes in messages, all of whose rows are there."""
        found = self.ends.add(rows)
        known = meanings() if found else {}
        for key, thing, time, group in found:
            failed = known[key, thing, time], group, time // HOUR
            self.failed[failed] = self.failed.get(failed, 0) + 1

    def __post_init__(self) -> None:
        self._places = {group: _place(values) for group, values in self.groups.items()}

    def by(self, at: int | None) -> Iterator[tuple[str, Value, int, int]]:
        """What became of messages, their sender (0), recipient (1) or template (2), or nothing; the hour; how many."""
        labels: dict[Value, int] = {}
        numbers = [
            (group, labels.setdefault(None if at is None else values[at], len(labels)))
            for group, values in self.groups.items()
        ]
        names = list(labels)
        for (label, thing, hour), n in self.ends.counts(numbers, ()).items():
            yield _KINDS[thing], names[label], hour, n

    def failures(self) -> Iterator[tuple[Meaning, Place, int]]:
        """Messages that failed or were delayed."""
        for (meaning, group, hour), n in self.failed.items():
            yield meaning, (*self._places[group], hour), n

    def mails(self, window: int = 0, baseline: Baseline = A_WEEK) -> Mails:
        """All of it, with the hours told apart that a window and its baseline take; without a window all are."""
        happened = [(kind, hour) for kind, _, hour, _ in self.by(None)]
        newest = _newest(happened, self.last)
        kept: Sequence[int] = ()
        if happened and newest is not None and window:
            kept = edges((hour for _, hour in happened), newest, window, baseline)
        places, found = self._places, Mails({}, {}, self.samples, self.last, self.without_message)
        for (group, thing, hour), n in self.ends.counts((), kept).items():
            found.records[_KINDS[thing], (*places[group], hour)] = n
        for meaning, place, n in self.failures():
            key = meaning, place
            found.failures[key] = found.failures.get(key, 0) + n
        return found


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
    failing: Failing = field(default_factory=Failing)
    samples: dict[tuple[str, Meaning], Sample] = field(default_factory=dict)
    last: int | None = None

    def add(self, batch: Batch) -> None:
        """Takes in the records of a batch."""
        period = batch.period()
        if period is None:
            return
        self.last = period[1] if self.last is None else max(self.last, period[1])
        self.store.add(batch)
        for record in batch.callbacks(FAILURES):
            bulk_id, email = message_key(record)
            if bulk_id and email:
                name = domain(email)
                meaning, text = meaning_of(record, name, self.rules)
                self.failing.add(message_id(bulk_id, email), step(record), record.timestamp, meaning)
                self._sample((name, meaning), (record.timestamp, text))

    def _sample(self, key: tuple[str, Meaning], sample: Sample) -> None:
        known = self.samples.get(key)
        if known is None or sample > known:
            self.samples[key] = sample

    def merge(self, later: Self) -> None:
        """Takes in what was met later, which is spent then."""
        if later.last is not None:
            self.last = later.last if self.last is None else max(self.last, later.last)
        self.store.merge(later.store)
        self.failing.merge(later.failing)
        for key, sample in later.samples.items():
            self._sample(key, sample)

    def counted(self) -> Counted:
        """What became of the messages."""
        self.store.settle()
        groups = {0: (None, "", None), **self.store.groups}
        found = Counted(groups, self.samples, self.last, self.store.unassigned)
        for at in range(PARTS):
            found.add(self.store.rows(at), partial(self.failing.meanings, at))
        return found
