"""`ses-events summarize`."""

import click

from ses_cli.cli.given import refuse, refuse_twice
from ses_cli.cli.options import Printing, Reading, Selecting, Top, printing, reading, selecting

BY = ("event", "domain", "provider", "from-domain", "bounce-type", "template", "sender", "task", "bulk-id")
TIMES = ("hour", "day", "week", "weekday")


@click.command()
@click.option("--by", multiple=True, type=click.Choice(BY + TIMES), help="Group by this (repeatable).")
@click.option(
    "--top", type=Top(), default="20", show_default=True, help="Groups to show; data formats have all of them."
)
@click.option("-F", "--follow", is_flag=True, help="Keep reading as the log grows, and redraw, until Ctrl-C.")
@reading
@selecting
@printing
def summarize(
    reading: Reading, selecting: Selecting, printing: Printing, by: tuple[str, ...], top: int, follow: bool
) -> int:
    """Count callbacks by event type and recipient domain.

    \b
    ses-events summarize log.jsonl
    ses-events summarize --by day log.jsonl              one row per day, with bars
    ses-events summarize --by from-domain --by day logs/
    ses-events summarize --event bounce --by bounce-type --since 7d log.jsonl
    ses-events summarize --json log.jsonl | jq .events.bounce
    ses-events summarize --follow log.jsonl              a live view that survives log rotation

    Delivery rate is delivered / (delivered + bounce + dropped), bounce rate is bounce / (delivered + bounce +
    dropped): only records that tell how a mail ended are counted.
    """
    from collections.abc import Iterator
    from functools import partial

    from ses_cli.cli import scanning
    from ses_cli.render.output import write
    from ses_cli.reports.summary import Summary
    from ses_cli.scan import Outcome

    refuse_twice("--by", by)
    is_top = printing.form in ("table", "markdown")
    if not is_top:
        refuse(f"with --format {printing.form}, which has all groups", "top", hint="pipe it to head")
    tz = selecting.zone()
    make = partial(Summary, by, tz, top or None, frozenset(selecting.events), is_top=is_top)

    def rendered(outcome: Outcome[Summary]) -> Iterator[bytes]:
        period = outcome.fold.period()
        line = scanning.account(outcome.ledger) + (f"\n{period}" if period else "")
        return scanning.rendered("summary", outcome, printing, tz, line)

    if follow:
        from ses_cli.cli import live

        return live.report(reading, selecting, printing, make, rendered)
    outcome = scanning.fold(scanning.find_input(reading, printing), reading, selecting, make)
    write(rendered(outcome), printing.output)
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)
