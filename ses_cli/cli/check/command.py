"""`ses-events check`."""

import click

from ses_cli.cli.check.options import Checking, checking
from ses_cli.cli.check.options import check as refuse_idle
from ses_cli.cli.options import Printing, Reading, Selecting, printing, reading, selecting


@click.command()
@checking
@reading
@selecting
@printing
def check(reading: Reading, selecting: Selecting, printing: Printing, checking: Checking) -> int:
    """Check the health of your sending: what Tencent's published rules make of it.

    \b
    ses-events check log.jsonl
    ses-events check --level 3 log.jsonl                 is a raise near?
    ses-events check --quota news.example.net=20000 logs/
    ses-events check --json log.jsonl | jq '.senders[] | {day, from_domain, level}'

    Each sender domain is judged by the day, in UTC+8. A bounce is an invalid address or a spam bounce by the class of
    its reason. docs/check.md has the rules, the classes and the definitions of all rates.
    """
    from ses_cli.cli.check import output

    refuse_idle(printing)
    return output.report(reading, selecting, printing, checking)
