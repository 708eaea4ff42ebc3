"""What bounces tell of one recipient address.

What is said of an address (type, class, action, reason, codes) comes from its newest hard bounce, or where it has none
from its newest soft one: only a delivery speaks against a hard bounce, and that is told beside it.
"""

from dataclasses import dataclass
from datetime import tzinfo
from functools import cache, lru_cache
from pathlib import Path
from typing import Self

from ses_cli.callback import Callback
from ses_cli.events import HARD, SOFT
from ses_cli.identity import address, domain, from_domain
from ses_cli.reasons import Classifier, Verdict
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


@dataclass(slots=True)
class Address:
    """What is known of one recipient address. A million of them have to fit: what many have alike is shared."""

    email: str  # its domain in lower case
    bounce_type: str | None  # this to `verdict` are of the bounce that speaks for the address
    time: int
    reason: str
    verdict: Verdict
    first: int
    last: int
    count: int
    from_domains: tuple[str, ...]
    templates: tuple[int, ...]
    delivered_since: bool = False  # delivered to after its last hard bounce, known at the end

    @property
    def is_hard(self) -> bool:
        """Whether it bounced hard at least once; `time` is then that of the last hard bounce."""
        return self.bounce_type == HARD

    def merge(self, later: Self) -> None:
        """Takes in what was found later in the log; of two bounces of one second the later line is the newer."""
        if (later.is_hard, later.time) >= (self.is_hard, self.time):
            self.bounce_type, self.time = later.bounce_type, later.time
            self.reason, self.verdict = later.reason, later.verdict
        self.first = min(self.first, later.first)
        self.last = max(self.last, later.last)
        self.count += later.count
        if later.from_domains != self.from_domains:
            self.from_domains = tuple(sorted({*self.from_domains, *later.from_domains}))
        if later.templates != self.templates:
            self.templates = tuple(sorted({*self.templates, *later.templates}))


def bounced(record: Callback, rules: Path | None) -> Address:
    """What one bounce tells of its address."""
    kind, reason, time = record.bounce_type, record.reason or "", record.timestamp
    bounce_type = HARD if kind == HARD else SOFT if kind == SOFT else None
    verdict = classifier(rules).classify(reason, bounce_type, record.email)
    senders, templates = _sender(from_domain(record)), _template(record.template_id)
    return Address(address(record.email), bounce_type, time, reason, verdict, time, time, 1, senders, templates)


@cache
def classifier(rules: Path | None) -> Classifier:
    """One for each process: it learns."""
    return Classifier.load(rules)


@lru_cache(4096)
def _sender(name: str) -> tuple[str, ...]:
    return (name,) if name else ()


@lru_cache(4096)
def _template(number: int | None) -> tuple[int, ...]:
    return (number,) if number else ()


def values(row: Address, tz: tzinfo | None) -> list[Value]:
    """An address as data has it."""
    cls, action, rule, reply, enhanced = row.verdict
    return [
        row.email,
        domain(row.email),
        row.bounce_type,
        cls,
        action,
        rule,
        row.count,
        rfc3339(row.first, tz),
        rfc3339(row.last, tz),
        row.reason,
        reply,
        enhanced,
        list(row.from_domains),
        list(row.templates),
        row.delivered_since,
    ]
