"""Is the sending healthy: what the published rules make of each sender domain and day, and what changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING, NamedTuple, Self

from ses_cli.batch import Batch
from ses_cli.collection import no_collection
from ses_cli.reports.health import change_views, views, words
from ses_cli.reports.health.changes import Change, changes
from ses_cli.reports.health.compared import compared
from ses_cli.reports.health.conditions import CHANGE, Condition, Failure, changed, failures, silence
from ses_cli.reports.health.days import SenderDay, day_of, sender_days
from ses_cli.reports.health.mails import MailCounts, Mails
from ses_cli.reports.health.novelties import Novelty, novelties
from ses_cli.reports.health.periods import A_WEEK, DAY, Baseline
from ses_cli.reports.health.rates import COUNTS, RATES
from ses_cli.reports.health.sentences import Context
from ses_cli.table import Data, Table
from ses_cli.times import zone_name

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a log."""

    window: int = DAY  # hours, the newest of which are looked at
    baseline: Baseline = A_WEEK
    quotas: tuple[tuple[str | None, int], ...] = ()  # mails a day of a sender domain; None is all others
    top: int | None = field(default=20, compare=False)  # rows that people see
    rules: Path | None = None  # the user's own rules of bounce reasons, tried first
    tz: tzinfo | None = None
    files: tuple[str, ...] = field(default=(), compare=False)  # the logs, as they are named in commands
    conditions: tuple[Condition, ...] = ()  # what makes the answer bad
    max_silence: float | None = None  # seconds since the newest callback that make it bad
    time: float = field(default=0.0, compare=False)  # now, Unix seconds
    jobs: int | None = field(default=1, compare=False)  # workers that count the messages, None for one a core


class Found(NamedTuple):
    """All that is found of a log."""

    mails: Mails
    days: list[SenderDay]  # the newest first
    recent: list[SenderDay]  # those of the window
    context: Context | None  # None where there is no mail
    changes: list[Change]
    novelties: list[Novelty]
    failures: list[Failure]  # conditions that hold


def find(mails: Mails, asked: Asked, other: Mails | None = None) -> Found:
    """All there is to tell of messages; `other` are those of another log, where one is the baseline."""
    days = sender_days(mails, dict(asked.quotas))
    is_silent = [] if asked.max_silence is None else [*silence(asked.max_silence, mails.last, asked.time)]
    both = compared(mails, asked.window, asked.baseline, other)
    if both is None:
        return Found(mails, days, [], None, [], [], is_silent)
    recent = [one for one in days if one.day >= day_of(both.periods.start) and one.counts["sent"]]
    context, moved = Context(both, asked.tz, asked.files, asked.rules), changes(both)
    failed = [*failures(asked.conditions, recent)]
    if any(one.name == CHANGE for one in asked.conditions):
        failed += changed(moved, context)
    return Found(mails, days, recent, context, moved, novelties(both), [*failed, *is_silent])


@dataclass(slots=True)
class Health:
    """A fold. `other` is the log that it is compared with, where it is one of its own."""

    asked: Asked = field(default_factory=Asked)
    counts: MailCounts = field(default_factory=MailCounts)
    other: Mails | None = None
    _counted: Mails | None = None
    _found: Found | None = None

    def __post_init__(self) -> None:
        self.counts.rules = self.asked.rules

    def add(self, batch: Batch) -> None:
        """Takes in the records of a batch."""
        self._found = self._counted = None
        self.counts.add(batch)

    def merge(self, later: Self) -> None:
        """Takes in what was found later in the log."""
        self._found = self._counted = None
        self.counts.merge(later.counts)

    def is_gathering(self) -> bool:
        """Steps of messages are kept until all are there."""
        return True

    def __getstate__(self) -> object:
        """Copies, and what goes to another process, hold no answers."""
        self._found = self._counted = None
        return object.__getstate__(self)

    def counted(self) -> Mails:
        """What became of the messages."""
        if self._counted is None:
            self._counted = self.counts.counted(self.asked.jobs)
        return self._counted

    def found(self) -> Found:
        """All there is to tell."""
        if self._found is None:
            mails = self.counted()
            with no_collection():
                self._found = find(mails, self.asked, self.other)
        return self._found

    def recent(self) -> list[SenderDay]:
        """The days of the window on which mail was sent."""
        return self.found().recent

    def verdict(self) -> str:
        """The answer in a sentence or two."""
        found = self.found()
        return "\n".join([words.verdict(found.recent), *change_views.verdict(found.context, found.changes)])

    def document(self) -> dict[str, object]:
        """The definitions, `senders`, `changes` and what is new or gone."""
        found = self.found()
        return {
            "tz": zone_name(self.asked.tz),
            "counts": COUNTS,
            "without_message": found.mails.without_message,
            "rates": {rate.name: rate.formula for rate in RATES.values()},
            "rules": views.rules(),
            **change_views.periods(found.context),
            "senders": list(views.senders(found.days)),
            "changes": [change_views.change(one, found.context) for one in found.changes if found.context],
            "failed": [change_views.failure(one) for one in found.failures],
            "novelties": [change_views.novelty(one) for one in found.novelties],
        }

    def data(self) -> Data:
        """One row for each sender domain and day."""
        return views.data(self.found().days)

    def tables(self) -> list[Table]:
        """What the rules make of each, what changed, and the rates."""
        found, top = self.found(), self.asked.top
        shown = found.recent[:top] if top else found.days
        tables = [views.judgements(shown, len(found.days) - len(shown))]
        if found.context:
            tables += change_views.tables(found.context, found.changes, found.novelties, top)
        tables += [views.rates(shown), views.advice(found.recent)]
        return [table for table in tables if table.rows]
