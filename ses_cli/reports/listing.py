"""Every bounce as it comes: rows of a part, which are printed and forgotten before the next."""

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import NamedTuple, Self

from ses_cli.batch import Batch
from ses_cli.identity import domain, from_domain
from ses_cli.reasons import Verdict
from ses_cli.reports.addresses import classifier
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


class Bounced(NamedTuple):
    """One bounce."""

    time: int  # Unix seconds
    email: str  # as logged
    bounce_type: str | None
    verdict: Verdict
    reason: str
    from_domain: str | None
    template: int | None


@dataclass(slots=True)
class Listing:
    """A fold that holds the bounces of its own lines only: what is merged into it was already printed."""

    wanted: Wanted
    bounces: list[Bounced] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Takes in the bounces wanted."""
        wanted = self.wanted
        for record in batch.callbacks(frozenset({"bounce"})):
            if wanted.bounce_type not in (None, record.bounce_type):
                continue
            kind, reason, template = record.bounce_type or None, record.reason or "", record.template_id or None
            verdict = classifier(wanted.rules).classify(reason, kind)
            if wanted.takes(verdict):
                sender = from_domain(record) or None
                self.bounces.append(Bounced(record.timestamp, record.email, kind, verdict, reason, sender, template))

    def merge(self, later: Self) -> None:
        """Nothing to keep."""

    def data(self) -> Data:
        """One row a bounce."""
        return Data(NAMES, (_values(bounce, self.wanted.tz) for bounce in self.bounces))

    def tables(self) -> list[Table]:
        """None: rows that come one by one make no table."""
        return []

    def document(self) -> dict[str, object]:
        """None, for the same reason."""
        return {}


def _values(bounce: Bounced, tz: tzinfo | None) -> list[Value]:
    time, email, kind, (cls, action, rule, reply, enhanced), reason, sender, template = bounce
    said = [kind, cls, action, rule, reason, reply, enhanced]
    return [rfc3339(time, tz), email, domain(email), *said, sender, template]
