"""Every bounce, deferral or drop as it comes: rows of a part, which are printed and forgotten before the next."""

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import NamedTuple, Self

from ses_cli.batch import Batch
from ses_cli.events import SOFT
from ses_cli.identity import domain, from_domain
from ses_cli.reasons import Verdict
from ses_cli.reports.addresses import classifier
from ses_cli.reports.bounces import BouncesWanted
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
    "event",
)


class Bounced(NamedTuple):
    """One bounce, deferral or drop."""

    time: int  # Unix seconds
    email: str  # as logged
    bounce_type: str | None
    verdict: Verdict
    reason: str
    from_domain: str | None
    template: int | None
    event: str


@dataclass(slots=True)
class Listing:
    """A fold that holds the bounces of its own lines only: what is merged into it was already printed."""

    wanted: BouncesWanted
    bounces: list[Bounced] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Takes in the events wanted."""
        wanted, event = self.wanted, self.wanted.event
        for record in batch.callbacks(frozenset({event})):
            kind = (record.bounce_type or None) if event == "bounce" else None
            if wanted.bounce_type not in (None, kind):
                continue
            reason, template, time = record.reason or "", record.template_id or None, record.timestamp
            verdict = classifier(wanted.rules).classify(reason, SOFT if event == "deferred" else kind, record.email)
            if wanted.takes(verdict):
                sender = from_domain(record) or None
                self.bounces.append(Bounced(time, record.email, kind, verdict, reason, sender, template, event))

    def merge(self, later: Self) -> None:
        """Nothing to keep."""

    def data(self) -> Data:
        """One row an event."""
        return Data(NAMES, (_values(bounce, self.wanted.tz) for bounce in self.bounces))

    def tables(self) -> list[Table]:
        """None: rows that come one by one make no table."""
        return []

    def document(self) -> dict[str, object]:
        """None, for the same reason."""
        return {}


def _values(bounce: Bounced, tz: tzinfo | None) -> list[Value]:
    time, email, kind, (cls, action, rule, reply, enhanced), reason, sender, template, event = bounce
    said = [kind, cls, action, rule, reason, reply, enhanced]
    return [rfc3339(time, tz), email, domain(email), *said, sender, template, event]
