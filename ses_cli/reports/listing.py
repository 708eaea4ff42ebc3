"""Every bounce as it comes: rows of a part, which are printed and forgotten before the next."""

from dataclasses import dataclass, field
from typing import Self

from ses_cli.batch import Batch
from ses_cli.identity import domain
from ses_cli.reports.addresses import bounced
from ses_cli.reports.bounces import Wanted
from ses_cli.table import Data, Table, Value
from ses_cli.times import rfc3339

NAMES = (
    "time",
    "email",
    "domain",
    "bounce_type",
    "class",
    "action",
    "rule",
    "reason",
    "reply_code",
    "enhanced_code",
    "from_domain",
    "template",
)


@dataclass(slots=True)
class Listing:
    """A fold that holds the bounces of its own lines only: what is merged into it was already printed."""

    wanted: Wanted
    rows: list[list[Value]] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Takes in the bounces wanted."""
        for record in batch.callbacks(frozenset({"bounce"})):
            if self.wanted.bounce_type not in (None, record.bounce_type):
                continue
            found = bounced(record, self.wanted.rules)
            email, (cls, action, rule, reply, enhanced) = record.email, found.verdict
            if (self.wanted.classes and cls not in self.wanted.classes) or (
                self.wanted.actions and action not in self.wanted.actions
            ):
                continue
            sender = next(iter(found.from_domains), None)
            template = next(iter(found.templates), None)
            said = [found.bounce_type, cls, action, rule, found.reason, reply, enhanced]
            self.rows.append([rfc3339(found.time), email, domain(email), *said, sender, template])

    def merge(self, later: Self) -> None:
        """Nothing to keep."""

    def data(self) -> Data:
        """One row a bounce."""
        return Data(NAMES, self.rows)

    def tables(self) -> list[Table]:
        """None: rows that come one by one make no table."""
        return []

    def document(self) -> dict[str, object]:
        """None, for the same reason."""
        return {}
