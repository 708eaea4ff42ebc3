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
    """Send captured callbacks again: exact, paced, in order, resumable.

    \b
    ses-events replay --to http://127.0.0.1:8080/callback log.jsonl
    ses-events replay --to URL --dry-run log.jsonl             what would be sent
    ses-events replay --to URL --since 24h --rate 200 log.jsonl
    ses-events replay --to URL --speed 10 --max-gap 5s log.jsonl
    ses-events replay --to URL --failed rest.jsonl log.jsonl   keep what failed
    ses-events replay --to URL --follow log.jsonl              and what comes
    zcat old.gz | ses-events replay --to URL --journal sent.jsonl

    The body of each request is the line as it was captured. Callbacks of one message go in log order. Run the same
    command again to resume: the journal knows what was delivered. Every request carries webhook-id, the same for that
    callback over all attempts and runs: a receiver can tell by it what came twice.
    """
    from ses_cli.cli.replay import dry_run as planning
    from ses_cli.cli.replay import journal as journaling
    from ses_cli.cli.replay import run as replaying
    from ses_cli.cli.replay.setup import check_outputs, setup

    found = setup(reading, selecting, sending, pacing, remembering)
    path = journaling.place(found, remembering)
    check_outputs(found, path, printing, sending, remembering)
    if remembering.dry_run:
        return planning.show(found, path, printing)
    planning.guard(found, path, sending.yes)
    return replaying.send(found, path, printing, remembering)
