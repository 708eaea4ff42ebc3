"""The options of `bounces`: which events and addresses, and where their list goes."""

import datetime
from typing import TYPE_CHECKING, NamedTuple

import click

from ses_cli.cli.given import refuse, refuse_twice
from ses_cli.cli.options import File, Printing, Selecting, Top, grouped, path_of, selecting_by
from ses_cli.errors import UsageError
from ses_cli.events import FAILURES

if TYPE_CHECKING:
    from datetime import tzinfo

    from ses_cli.reports.bounces import BouncesWanted

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


class BounceChoice(NamedTuple):
    """Which addresses, and how they are shown."""

    hard: bool
    soft: bool
    classes: tuple[str, ...]
    actions: tuple[str, ...]
    min_count: int
    by: tuple[str, ...]
    sort: str
    top: int
    rules: str | None

    @property
    def bounce_type(self) -> str | None:
        """The one type of bounce asked for, None for all."""
        return "hard_bounce" if self.hard else "soft_bounce" if self.soft else None

    def wanted(
        self, selecting: Selecting, tz: "tzinfo | None", also: frozenset[str] = frozenset(), is_local: bool = True
    ) -> "BouncesWanted":
        """What the report is asked for; `also` are the other events wanted."""
        from ses_cli.reports.bounces import BouncesWanted

        return BouncesWanted(
            bounce_type=self.bounce_type if event_of(selecting) == "bounce" else None,
            classes=frozenset(self.classes),
            actions=frozenset(self.actions),
            min_count=self.min_count,
            by=self.by,
            sort=self.sort,
            top=self.top or None,
            rules=path_of(self.rules),
            also=also,
            tz=tz,
            event=event_of(selecting),
            is_local=is_local,
        )


def event_of(selecting: Selecting) -> str:
    """The type of the events that are listed."""
    return selecting.events[0] if selecting.events else "bounce"


class Asking(NamedTuple):
    """What else is asked for than rows of addresses."""

    each: bool
    explain: str | None
    learn: str | None
    follow: bool


class Exporting(NamedTuple):
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


def check(
    choosing: BounceChoice, selecting: Selecting, exporting: Exporting, printing: Printing, asking: Asking
) -> None:
    """Refuses options that would do nothing, or contradict each other. Raises UsageError."""
    _check_event(choosing, selecting, exporting)
    if choosing.hard and choosing.soft:
        raise UsageError("--hard and --soft are mutually exclusive", "without either, both are listed")
    if asking.explain is not None:
        refuse("with --explain, which reads no log", "learn", *_OF_LOGS)
    if asking.learn is not None:
        refuse("with --learn, which reads no log", *_OF_LOGS)
        refuse("with --learn, which writes rules", "hard", "soft", "form", "colour", "excel")
    if asking.each:
        refuse("with --events", "export", "by", "min_count", "sort", "top")
    if not exporting.export:
        refuse("without --export", "complaints", "unsubscribes", "delivered_since", "chunk", "expire")
        _check_form(choosing, printing)
        return
    refuse("with --export", "by", "form", "top")
    if exporting.export != "tencent":
        refuse(f"with --export {exporting.export}: it is for tencent", "chunk", "expire")
    if exporting.expire and exporting.expire.date() < datetime.date.today():
        raise UsageError(f"--expire {exporting.expire:%Y-%m-%d} is in the past", "the entries would expire at once")


def _check_event(choosing: BounceChoice, selecting: Selecting, exporting: Exporting) -> None:
    if len(selecting.events) > 1:
        raise UsageError("--event is given twice", "a report lists events of one type")
    event = event_of(selecting)
    if selecting.events:
        refuse(f"with --event {event}, which leaves other events out", "complaints", "unsubscribes")
    if event == "bounce":
        return
    refuse(f"with --event {event}: only bounces are hard or soft", "hard", "soft")
    if exporting.export:
        raise UsageError(f"--export lists bounced addresses, not those of {event} events", "leave --event out")
    if event == "deferred" and "suppress" in choosing.actions:
        raise UsageError("--action suppress: a deferral suppresses no address", "leave it out, or --event")


def _check_form(choosing: BounceChoice, printing: Printing) -> None:
    refuse_twice("--by", choosing.by)
    if printing.form == "plain":
        refuse("with --format plain, which has one address a line", "by")
    if printing.form not in ("table", "markdown"):
        refuse(f"with --format {printing.form}, which has all rows", "top", hint="pipe it to head")
    if printing.form in ("ndjson", "csv", "tsv") and len(choosing.by) > 1:
        raise UsageError(
            f"{printing.form} holds one table, but --by {' --by '.join(choosing.by)} makes two", "use --json"
        )


_OF_LOGS = (
    *("files", "max_line", "strict", "rejects", "jobs"),
    *("events", "domains", "from_domains", "emails", "bulk_ids", "templates", "since", "until", "tz", "dedupe"),
    *("classes", "actions", "min_count", "by", "sort", "top"),
    *("export", "complaints", "unsubscribes", "delivered_since", "chunk", "expire", "each", "follow"),
)
choosing = grouped(
    "choosing",
    BounceChoice,
    BounceChoice._fields,
    click.option("--hard", is_flag=True, help="Only hard bounces."),
    click.option("--soft", is_flag=True, help="Only soft bounces."),
    click.option(
        "--class",
        "classes",
        multiple=True,
        type=click.Choice(CLASSES),
        metavar="CLASS",
        help="Only reasons of this class, see docs/reasons.md (repeatable).",
    ),
    click.option(
        "--action",
        "actions",
        multiple=True,
        type=click.Choice(ACTIONS),
        help="Only addresses that need this action (repeatable).",
    ),
    click.option(
        "--min-count",
        type=click.IntRange(1),
        metavar="N",
        default=1,
        help="Only addresses with at least this many bounces.",
    ),
    click.option(
        "--by",
        multiple=True,
        type=click.Choice(("domain", "provider", "reason")),
        help="Show groups instead of addresses (repeatable).",
    ),
    click.option(
        "--sort",
        type=click.Choice(("last", "count", "email", "domain")),
        default="last",
        show_default=True,
        help="Order of the rows.",
    ),
    click.option(
        "--top", type=Top(), default="50", show_default=True, help="Rows to show; data formats have all of them."
    ),
    click.option("--rules", type=File(), help="Your own rules, tried first; see docs/reasons.md."),
)
selecting = selecting_by(
    click.option(
        "--event",
        "events",
        multiple=True,
        type=click.Choice(FAILURES),
        help="Events to list; the other filters take several values, separated by commas.  [default: bounce]",
    )
)
asking = grouped(
    "asking",
    Asking,
    Asking._fields,
    click.option("--events", "each", is_flag=True, help="List every event in log order, not one row per address."),
    click.option(
        "--explain", metavar="REASON", help="Explain a bounce reason and name the rule that matches; reads no log."
    ),
    click.option(
        "--learn",
        type=File(),
        help="Turn your own verdicts into rules for --rules (see docs/reasons.md); reads no log.",
    ),
    click.option("-F", "--follow", is_flag=True, help="Keep reading as the log grows, and redraw, until Ctrl-C."),
)
exporting = grouped(
    "exporting",
    Exporting,
    Exporting._fields,
    click.option("--export", type=click.Choice(EXPORTS), help="Write a suppression list in this system's format."),
    click.option("--complaints", is_flag=True, help="Also export recipients of spamreport events."),
    click.option("--unsubscribes", is_flag=True, help="Also export recipients of unsubscribe events."),
    click.option("--delivered-since", is_flag=True, help="Also export addresses with a delivery after the bounce."),
    click.option(
        "--chunk",
        type=click.IntRange(1),
        metavar="N",
        default=100,
        show_default=True,
        help="Addresses per request body, for tencent.",
    ),
    click.option(
        "--expire", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="When the entries expire, for tencent."
    ),
)
