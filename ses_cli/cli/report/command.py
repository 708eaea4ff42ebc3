"""`ses-events report`."""

import click

from ses_cli.cli.options import File, Reading, Selecting, reading, selecting
from ses_cli.cli.report.options import Designing, designing


@click.command()
@click.option("-o", "--output", type=File(), required=True, help="Write the page to FILE atomically.")
@designing
@reading
@selecting
def report(reading: Reading, selecting: Selecting, designing: Designing, output: str) -> int:
    """Write a self-contained HTML report on the health of your sending.

    \b
    ses-events report -o report.html logs/
    ses-events report -o report.html --since 7d --tz +08:00 --lang zh logs/
    ses-events report -o news.html --from-domain news.example.net --title "Newsletter" logs/
    ses-events report -o report.html --window 6h --baseline 14d logs/
    ses-events report -o report.html --addresses logs/      with the addresses to suppress, as a download

    The page is one file that needs no network: the verdict, events and rates over time against Tencent's limits,
    receivers, bounces and what to do about them, what became of the messages and how long it took, sender domains
    and templates, opens by hour and weekday. It holds aggregates and no address, unless --addresses is given. It
    takes pip install 'ses-events[report]'.
    """
    from ses_cli.cli.report import output as writing

    return writing.run(reading, selecting, designing, output)
