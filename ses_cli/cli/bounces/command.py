"""`ses-events bounces`."""

import click

from ses_cli.cli.bounces.options import Choosing, Exporting, check, choosing, exporting, selecting
from ses_cli.cli.options import FORMATS, Printing, Reading, Selecting, printing_as, reading


@click.command()
@choosing
@click.option("--events", "each", is_flag=True, help="List every event in log order, not one row per address.")
@click.option(
    "--explain", metavar="REASON", help="Explain a bounce reason and name the rule that matches; reads no log."
)
@click.option("-F", "--follow", is_flag=True, help="Keep reading as the log grows, and redraw, until Ctrl-C.")
@exporting
@reading
@selecting
@printing_as(*FORMATS, "plain")
def bounces(
    reading: Reading,
    selecting: Selecting,
    printing: Printing,
    choosing: Choosing,
    exporting: Exporting,
    each: bool,
    explain: str | None,
    follow: bool,
) -> int:
    """List bounced addresses, with the reason and what to do about each.

    \b
    ses-events bounces --hard log.jsonl
    ses-events bounces --hard --by reason log.jsonl         reasons, the most frequent first
    ses-events bounces --action fix-sender --by domain logs/
    ses-events bounces --hard --export tencent -o dead.ndjson logs/
    ses-events bounces --event deferred --by provider logs/ who delays mail, and what to do
    ses-events bounces --follow --by domain log.jsonl       a live view that survives log rotation
    ses-events bounces --explain "551 5.1.1 recipient is not exist"

    Not every hard bounce means a dead address: many are the sender's fault. Each row shows the address's newest hard
    bounce, or its newest soft bounce if it has no hard one. Only addresses whose action is suppress are exported,
    unless --action says otherwise. Deferred and dropped mail (--event) is only listed; a deferral never suppresses.
    """
    from ses_cli.cli.bounces import output as bouncing

    if follow:
        from functools import partial

        from ses_cli.cli import live, scanning
        from ses_cli.reports.bounces import Bounces

        live.refuse((each, "--events"), (explain, "--explain"), (exporting.export, "--export"))
        check(choosing, selecting, exporting, printing, each, explain)
        tz = selecting.zone()
        make = partial(Bounces, choosing.wanted(selecting, tz))
        return live.report(
            reading,
            selecting,
            printing,
            make,
            lambda outcome: scanning.rendered("bounces", outcome, printing, tz, scanning.account(outcome.ledger)),
        )
    check(choosing, selecting, exporting, printing, each, explain)
    if explain is not None:
        return bouncing.explain(explain, choosing, printing)
    if each:
        return bouncing.each(reading, selecting, printing, choosing)
    return bouncing.report(reading, selecting, printing, choosing, exporting)
