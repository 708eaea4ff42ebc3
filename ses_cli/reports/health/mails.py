"""Messages counted, each once for a thing: by what became of it, where and when; failures by their meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ses_cli.batch import Batch
from ses_cli.batch import Key as BatchKey
from ses_cli.engine import message_ends
from ses_cli.events import HARD, SOFT
from ses_cli.identity import domain, message_key
from ses_cli.message.ends import COMPLAINED, OPENED
from ses_cli.message.row import PARTS, message_id
from ses_cli.message.steps import Step, step
from ses_cli.reports.health.counts import FAILURES, HOUR, Meaning, Place, Sample, meaning_of
from ses_cli.reports.health.failing import Failing
from ses_cli.reports.messages.store import Store
from ses_cli.reports.tally import UNTYPED

# What became of messages. `open` and `spamreport` are the first in the hour in which they happened; `opened` and
# `complained` are messages delivered, in the hour of their delivery.
_KINDS = {
    Step.DELIVERED: "delivered",
    Step.HARD_BOUNCE: HARD,
    Step.SOFT_BOUNCE: SOFT,
    Step.UNTYPED_BOUNCE: UNTYPED,
    Step.DROPPED: "dropped",
    Step.DEFERRED: "deferred",
    Step.OPEN: "open",
    Step.SPAMREPORT: "spamreport",
    OPENED: "opened",
    COMPLAINED: "complained",
}
ENDS = frozenset({"delivered", HARD, SOFT, UNTYPED, "dropped"})
_EVENTS = {Step.DROPPED: "dropped", Step.DEFERRED: "deferred"}
_KEYS = (BatchKey.FROM_DOMAIN, BatchKey.DOMAIN, BatchKey.TEMPLATE)


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
        ends = max((place[3] for kind, place in self.records if kind in ENDS), default=None)
        return ends if ends is not None or self.last is None else self.last // HOUR


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

    def mails(self) -> Mails:
        """The messages, one part of them after another."""
        self.store.settle()
        found = Mails({}, {}, self.samples, self.last, self.store.unassigned)
        for at in range(PARTS):
            ends = message_ends(self.store.rows(at))
            for (group, thing, hour), n in ends.counts.items():
                counted = _KINDS[thing], self._place(group, hour)
                found.records[counted] = found.records.get(counted, 0) + n
            meanings = self.failing.meanings(at) if ends.failed else {}
            for key, thing, time, group in ends.failed:
                failed = meanings[key, thing, time], self._place(group, time // HOUR)
                found.failures[failed] = found.failures.get(failed, 0) + 1
        return found

    def _place(self, group: int, hour: int) -> Place:
        sender, name, template = self.store.groups[group]
        return (
            None if sender is None else str(sender),
            str(name),
            None if template is None else int(template),
            hour,
        )
