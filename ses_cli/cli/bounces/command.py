"""`ses-events bounces`."""

import click

from ses_cli.cli.bounces.options import Asking, BounceChoice, Exporting, asking, check, choosing, exporting, selecting
from ses_cli.cli.options import FORMATS, Printing, Reading, Selecting, printing_as, reading


@click.command()
@choosing
@asking
@exporting
@reading
@selecting
@printing_as(*FORMATS, "plain", unless=("export", "learn"))
def bounces(
    reading: Reading,
    selecting: Selecting,
    printing: Printing,
    choosing: BounceChoice,
    asking: Asking,
    exporting: Exporting,
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
    ses-events bounces --action review --by reason -o review.tsv logs/
    ses-events bounces --learn review.tsv -o mine.toml      rules for --rules, once you have decided

    Not every hard bounce means a dead address: many are the sender's fault. Each row shows the address's newest hard
    bounce, or its newest soft bounce if it has no hard one. Only addresses whose action is suppress are exported,
    unless --action says otherwise. Deferred and dropped mail (--event) is only listed; a deferral never suppresses.
    """
    from ses_cli.cli.bounces import output as bouncing

    if asking.follow:
        from functools import partial

        from ses_cli.cli import live, scanning
        from ses_cli.reports.bounces import Bounces

        asked = (asking.each, "--events"), (asking.explain, "--explain"), (asking.learn, "--learn")
        live.refuse(*asked, (exporting.export, "--export"))
        check(choosing, selecting, exporting, printing, asking)
        tz = selecting.zone()
        make = partial(Bounces, choosing.wanted(selecting, tz))
        return live.report(
            reading,
            selecting,
            printing,
            make,
            lambda outcome: scanning.rendered("bounces", outcome, printing, tz, scanning.account(outcome.ledger)),
        )
    check(choosing, selecting, exporting, printing, asking)
    if asking.explain is not None:
        return bouncing.explain(asking.explain, choosing, printing)
    if asking.learn is not None:
        from ses_cli.cli.bounces.learn import learned

        return learned(asking.learn, choosing, printing)
    if asking.each:
        return bouncing.each(reading, selecting, printing, choosing)
    return bouncing.report(reading, selecting, printing, choosing, exporting)
