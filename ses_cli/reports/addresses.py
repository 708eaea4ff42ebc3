"""What bounces tell of one recipient address.

What is said of an address (type, class, action, reason, codes) comes from its newest hard bounce, or where it has none
from its newest soft one: only a delivery speaks against a hard bounce, and that is told beside it.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from sys import intern
from typing import NamedTuple, Self

from ses_cli.events import HARD, Callback
from ses_cli.reasons import Classifier, Verdict
from ses_cli.selection import domain, from_domain
from ses_cli.table import Value
from ses_cli.times import rfc3339

NAMES = (
    "email",
    "domain",
    "bounce_type",
    "class",
    "action",
    "rule",
    "count",
    "first",
    "last",
    "reason",
    "reply_code",
    "enhanced_code",
    "from_domains",
    "templates",
    "delivered_since",
)


class Evidence(NamedTuple):
    """What one bounce says."""

    is_hard: bool
    time: int
    bounce_type: str | None
    reason: str
    verdict: Verdict


@dataclass(slots=True)
class Address:
    """What is known of one recipient address."""

    best: Evidence
    first: int
    last: int
    count: int = 1
    last_hard: int | None = None
    from_domains: tuple[str, ...] = ()
    templates: tuple[int, ...] = ()

    def merge(self, later: Self) -> None:
        """Takes in what was found later in the log; of two bounces of one second the later line is the newer."""
        if (later.best.is_hard, later.best.time) >= (self.best.is_hard, self.best.time):
            self.best = later.best
        self.first = min(self.first, later.first)
        self.last = max(self.last, later.last)
        self.count += later.count
        if later.last_hard is not None:
            self.last_hard = max(later.last_hard, self.last_hard or 0)
        if later.from_domains != self.from_domains:
            self.from_domains = tuple(sorted({*self.from_domains, *later.from_domains}))
        if later.templates != self.templates:
            self.templates = tuple(sorted({*self.templates, *later.templates}))


class Row(NamedTuple):
    """One address, as it is shown."""

    email: str
    known: Address
    delivered_since: bool  # it was delivered to after its last hard bounce

    @property
    def verdict(self) -> Verdict:
        """What its evidence means."""
        return self.known.best.verdict


def bounced(record: Callback, rules: Path | None) -> Address:
    """What one bounce tells of its address."""
    bounce_type, reason, time = record.get("bounceType") or None, record.get("reason") or "", record["timestamp"]
    verdict = classifier(rules).classify(reason, bounce_type)
    is_hard = bounce_type == HARD
    sender, template = from_domain(record), record.get("templateId")
    return Address(
        Evidence(is_hard, time, bounce_type, reason, verdict),
        first=time,
        last=time,
        last_hard=time if is_hard else None,
        from_domains=(intern(sender),) if sender else (),
        templates=(template,) if template else (),
    )


@cache
def classifier(rules: Path | None) -> Classifier:
    """One for each process: it learns."""
    return Classifier.load(rules)


def values(row: Row) -> list[Value]:
    """A row as data has it."""
    best, known = row.known.best, row.known
    cls, action, rule, reply, enhanced = best.verdict
    return [
        row.email,
        domain(row.email),
        best.bounce_type,
        cls,
        action,
        rule,
        known.count,
        rfc3339(known.first),
        rfc3339(known.last),
        best.reason,
        reply,
        enhanced,
        list(known.from_domains),
        list(known.templates),
        row.delivered_since,
    ]
