"""`ses-events replay`."""

import click

from ses_cli.cli.options import Printing, Reading, Selecting, printing_as, selecting, streaming
from ses_cli.cli.replay.options import Pacing, Remembering, Sending, pacing, remembering, sending


@click.command()
@sending
@pacing
@remembering
@streaming
@selecting
@printing_as("table", "json")
def replay(
    reading: Reading,
    selecting: Selecting,
    printing: Printing,
    sending: Sending,
    pacing: Pacing,
    remembering: Remembering,
) -> int:
    """Send captured callbacks again: byte for byte, in order, at a given rate, resumable.

    \b
    ses-events replay --to http://127.0.0.1:8080/callback log.jsonl
    ses-events replay --to URL --dry-run log.jsonl             what would be sent
    ses-events replay --to URL --since 24h --rate 200 log.jsonl
    ses-events replay --to URL --speed 10 --max-gap 5s log.jsonl
    ses-events replay --to URL --failed rest.jsonl log.jsonl   keep what failed
    ses-events replay --to URL --follow log.jsonl              and keep up with the log
    ses-events replay --status log.jsonl.replay-HOST.db        what was delivered
    zcat old.gz | ses-events replay --to URL --journal sent.db

    The body of each request is the line as it was captured. Callbacks of one message are sent in log order. Run the
    same command again to resume: the journal remembers what was delivered. Each request has a webhook-id, which is the
    same for the same callback in all attempts and runs, so that a receiver can ignore duplicates.
    """
    from ses_cli.cli.replay.known import show_status
    from ses_cli.cli.replay.output import confirm, show
    from ses_cli.cli.replay.running import send
    from ses_cli.cli.replay.settings import understand

    if remembering.status is not None:
        return show_status(remembering.status, printing)
    given = understand(reading, selecting, printing, sending, pacing, remembering)
    if remembering.dry_run:
        return show(given, reading, printing)
    confirm(given.settings, sending.yes)
    return send(
        given,
        reading,
        printing,
        failed_file=remembering.failed,
        results_file=remembering.results,
        metrics_file=remembering.metrics,
        parent=pacing.parent,
        status_fd=pacing.status_fd,
    )
