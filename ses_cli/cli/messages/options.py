"""The options of `messages`: what of them is shown."""

from typing import TYPE_CHECKING, NamedTuple

import click

from ses_cli.cli.given import refuse, refuse_twice
from ses_cli.cli.options import Duration, File, Printing, Selecting, Top, grouped, path_of
from ses_cli.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

BY = ("domain", "provider", "from-domain", "template")


class Looking(NamedTuple):
    """What of the messages is shown."""

    by: tuple[str, ...]
    pending: bool
    impossible: bool
    older_than: float
    top: int
    rules: str | None

    def is_story(self, selecting: Selecting) -> bool:
        """Whether single messages were named."""
        return bool(selecting.emails or selecting.bulk_ids or selecting.message_ids)

    def rules_path(self) -> "Path | None":
        """The user's own rules."""
        return path_of(self.rules)


def check(looking: Looking, selecting: Selecting, printing: Printing) -> None:
    """Refuses options that would do nothing, or contradict each other. Raises UsageError."""
    refuse_twice("--by", looking.by)
    if looking.is_story(selecting):
        refuse("with --email, --bulk-id or --message-id: each message's story is told", "by", "pending", "impossible")
    else:
        refuse("without --email, --bulk-id or --message-id: reasons are in stories", "rules")
    if not looking.pending:
        refuse("without --pending", "older_than")
    if looking.pending and looking.impossible:
        raise UsageError("--pending and --impossible are mutually exclusive", "run it once for each")
    if looking.pending or looking.impossible:
        _check_listed(looking, printing)
    if printing.form not in ("table", "markdown"):
        refuse(f"with --format {printing.form}, which has all rows", "top", hint="pipe it to head")


def _check_listed(looking: Looking, printing: Printing) -> None:
    if looking.by and printing.form != "json":
        option = "--pending" if looking.pending else "--impossible"
        raise UsageError(f"{option} and --by are mutually exclusive", f"{option} lists messages, --by counts them")


looking = grouped(
    "looking",
    Looking,
    Looking._fields,
    click.option("--by", multiple=True, type=click.Choice(BY), help="Group by this (repeatable).  [default: domain]"),
    click.option("--pending", is_flag=True, help="List messages without a final outcome."),
    click.option("--impossible", is_flag=True, help="List messages whose callbacks contradict each other."),
    click.option(
        "--older-than",
        type=Duration(),
        default="1h",
        show_default=True,
        help="With --pending: sent at least this long before the end of the log.",
    ),
    click.option(
        "--top", type=Top(), default="20", show_default=True, help="Rows to show; data formats have all of them."
    ),
    click.option("--rules", type=File(), help="Your own rules for reasons, tried first; see docs/reasons.md."),
)
