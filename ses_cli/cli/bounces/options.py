"""The options of `bounces`: which addresses, and where their list goes."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ses_cli.cli.options import Top, grouped

if TYPE_CHECKING:
    from ses_cli.reports.bounces import Wanted

CLASSES = (
    "unknown-user",
    "invalid-address",
    "inactive-mailbox",
    "mailbox-full",
    "domain-not-found",
    "blocked-by-recipient",
    "spam-content",
    "sender-reputation",
    "authentication",
    "policy",
    "rate-limited",
    "greylisted",
    "message-too-large",
    "relay-denied",
    "suppressed",
    "server-error",
    "network",
    "unclassified",
)
ACTIONS = ("suppress", "retry", "fix-sender", "fix-content", "review")
EXPORTS = ("plain", "tencent", "aws-ses", "mailgun", "listmonk", "cloudflare")


@dataclass(frozen=True, slots=True)
class Choosing:
    """Which addresses, and how they are shown."""

    bounce_type: str | None
    classes: tuple[str, ...]
    actions: tuple[str, ...]
    min_count: int
    by: tuple[str, ...]
    sort: str
    top: int
    rules: str | None

    def wanted(self, also: frozenset[str]) -> "Wanted":
        """What the report is asked for; `also` are the other events wanted."""
        from ses_cli.reports.bounces import Wanted

        return Wanted(
            bounce_type=self.bounce_type,
            classes=frozenset(self.classes),
            actions=frozenset(self.actions),
            min_count=self.min_count,
            by=self.by,
            sort=self.sort,
            top=self.top or None,
            rules=Path(self.rules) if self.rules else None,
            also=also,
        )


@dataclass(frozen=True, slots=True)
class Exporting:
    """The suppression list that is asked for."""

    export: str | None
    complaints: bool
    unsubscribes: bool
    delivered_since: bool
    chunk: int
    expire: datetime.datetime | None

    def also(self) -> frozenset[str]:
        """Events other than bounces whose recipients are asked for."""
        wanted = {"spamreport": self.complaints, "unsubscribe": self.unsubscribes}
        return frozenset(event for event, is_wanted in wanted.items() if is_wanted)


choosing = grouped(
    "choosing",
    Choosing,
    Choosing.__slots__,
    click.option("--hard", "bounce_type", flag_value="hard_bounce", help="Hard bounces only."),
    click.option("--soft", "bounce_type", flag_value="soft_bounce", help="Soft bounces only."),
    click.option("--class", "classes", multiple=True, type=click.Choice(CLASSES), metavar="CLASS", help="Only these."),
    click.option("--action", "actions", multiple=True, type=click.Choice(ACTIONS), help="Only what asks for this."),
    click.option("--min-count", type=click.IntRange(1), default=1, help="Only addresses that bounced as often."),
    click.option("--by", multiple=True, type=click.Choice(("domain", "reason")), help="Groups instead of addresses."),
    click.option("--sort", type=click.Choice(("last", "count", "email", "domain")), default="last", show_default=True),
    click.option("--top", type=Top(), default="50", show_default=True, help="Rows to show; data formats have all."),
    click.option("--rules", metavar="FILE", help="Rules of your own, tried first: see docs/reasons.md."),
)
exporting = grouped(
    "exporting",
    Exporting,
    Exporting.__slots__,
    click.option("--export", type=click.Choice(EXPORTS), help="Write a suppression list for that system."),
    click.option("--complaints", is_flag=True, help="Export the recipients of spamreport events too."),
    click.option("--unsubscribes", is_flag=True, help="Export the recipients of unsubscribe events too."),
    click.option("--delivered-since", is_flag=True, help="Export what was delivered to since, too."),
    click.option("--chunk", type=click.IntRange(1), default=100, show_default=True, help="Addresses a tencent body."),
    click.option("--expire", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="When tencent's entries end."),
)
