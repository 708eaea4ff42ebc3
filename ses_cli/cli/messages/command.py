"""`ses-events messages`."""

import click

from ses_cli.cli.messages.options import Looking, looking
from ses_cli.cli.options import Printing, Reading, Selecting, printing, reading, selecting_messages


@click.command()
@looking
@reading
@selecting_messages
@printing
def messages(reading: Reading, selecting: Selecting, printing: Printing, looking: Looking) -> int:
    """Show what became of each message: how many arrived, how fast, and the whole story of one.

    \b
    ses-events messages log.jsonl                        from sent to clicked, how long it took
    ses-events messages --by template --by domain logs/
    ses-events messages --pending log.jsonl              what has no outcome after an hour
    ses-events messages --email alice@qq.com logs/       the story of each mail to this address
    ses-events messages --bulk-id ID --since 7d logs/    of each mail of one SendEmail call
    ses-events messages -f ndjson logs/ > messages.ndjson

    A message is a bulkId and an address: one SendEmail call has one bulkId for up to 50 recipients. Callbacks may come
    in any order, and more than once. --email, --bulk-id and --message-id show the story of each message; without them,
    all messages are counted, in bounded memory.
    """
    from ses_cli.cli.messages import output
    from ses_cli.cli.messages.options import check

    check(looking, selecting, printing)
    if looking.is_story(selecting):
        return output.stories(reading, selecting, printing, looking)
    return output.overview(reading, selecting, printing, looking)
