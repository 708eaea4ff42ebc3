"""Is the sending healthy: what the published rules make of each sender domain and day."""

from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Self

from ses_cli.batch import Batch
from ses_cli.reports.health import views, words
from ses_cli.reports.health.counts import Counts
from ses_cli.reports.health.days import SenderDay, day_of, sender_days
from ses_cli.reports.health.rates import COUNTS, RATES
from ses_cli.table import Data, Table
from ses_cli.times import zone_name


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a log."""

    window: int = 24  # hours, the newest of which are looked at
    quotas: tuple[tuple[str | None, int], ...] = ()  # mails a day of a sender domain; None is all others
    top: int | None = 20  # rows that people see
    rules: Path | None = None  # the user's own rules of bounce reasons, tried first
    tz: tzinfo | None = None


@dataclass(slots=True)
class Health:
    """A fold."""

    asked: Asked = field(default_factory=Asked)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.counts.rules = self.asked.rules

    def add(self, batch: Batch) -> None:
        """Counts the records of a batch."""
        self.counts.add(batch)

    def merge(self, later: Self) -> None:
        """Counts what was found later in the log."""
        self.counts.merge(later.counts)

    def days(self) -> list[SenderDay]:
        """Each sender domain and day, the newest first."""
        return sender_days(self.counts, dict(self.asked.quotas))

    def recent(self) -> list[SenderDay]:
        """Those of the window."""
        end = self.counts.newest()
        return [one for one in self.days() if end is not None and one.day >= day_of(end - self.asked.window)]

    def verdict(self) -> str:
        """The answer in one sentence."""
        return words.verdict(self.recent())

    def document(self) -> dict[str, object]:
        """The definitions, and `senders`."""
        return {
            "tz": zone_name(self.asked.tz),
            "counts": COUNTS,
            "rates": {rate.name: rate.formula for rate in RATES.values()},
            "rules": views.rules(),
            "senders": list(views.senders(self.days())),
        }

    def data(self) -> Data:
        """One row for each sender domain and day."""
        return views.data(self.days())

    def tables(self) -> list[Table]:
        """What the rules make of each, and the rates."""
        days, recent = self.days(), self.recent()
        shown = recent[: self.asked.top] if self.asked.top else days
        tables = [views.judgements(shown, len(days) - len(shown)), views.rates(shown), views.advice(recent)]
        return [table for table in tables if table.rows]
