"""`ses-events check`."""

import click

from ses_cli.cli.check.options import Checking, checking
from ses_cli.cli.check.options import check as refuse_idle
from ses_cli.cli.options import FORMATS, Printing, Reading, Selecting, printing_as, reading, selecting_senders


@click.command()
@checking
@reading
@selecting_senders
@printing_as(*FORMATS, "prometheus")
def check(reading: Reading, selecting: Selecting, printing: Printing, checking: Checking) -> int:
    """Check the health of your sending: what Tencent's published rules make of it, what changed, and why.

    \b
    ses-events check log.jsonl
    ses-events check --level 3 log.jsonl                 is the next level near?
    ses-events check --quota news.example.net=20000 logs/
    ses-events check --window 6h --baseline 14d logs/    what has changed since this morning?
    ses-events check --baseline yesterday.jsonl today.jsonl
    ses-events check --fail-on lower --fail-on 'complaint_rate >= 0.1%' --max-silence 1h logs/
    ses-events check -o /var/lib/node_exporter/ses.prom logs/
    ses-events check --json log.jsonl | jq -r '.changes[].sentence'

    Each sender domain is judged per day (UTC+8). A bounce is an invalid address or a spam bounce by the class of
    its reason. The most recent hours are compared with those before: changes beyond chance are reported, with the part
    of the mail that accounts for them. docs/check.md has the rules, the definitions of all rates, and the methods.
    """
    from ses_cli.cli.check import output

    refuse_idle(printing, checking)
    return output.report(reading, selecting, printing, checking)
