"""`ses-events messages`."""

import click

from ses_cli.cli.options import File, Printing, Reading, Selecting, Top, printing, reading, selecting_messages


@click.command()
@click.option("--top", type=Top(), default="20", show_default=True, help="Rows to show; data formats have all of them.")
@click.option("--rules", type=File(), help="Your own rules for reasons, tried first; see docs/reasons.md.")
@reading
@selecting_messages
@printing
def messages(reading: Reading, selecting: Selecting, printing: Printing, top: int, rules: str | None) -> int:
    """Show what became of each message.

    \b
    ses-events messages --email alice@qq.com logs/       the story of each mail to this address
    ses-events messages --bulk-id ID --since 7d logs/    of each mail of one SendEmail call
    ses-events messages --message-id ID --json logs/

    A message is a bulkId and an address: one SendEmail call has one bulkId for up to 50 recipients. Callbacks may come
    in any order, and more than once.
    """
    from ses_cli.cli.messages import output
    from ses_cli.errors import UsageError

    if not (selecting.emails or selecting.bulk_ids or selecting.message_ids):
        raise UsageError("which messages?", "--email, --bulk-id or --message-id says")
    return output.stories(reading, selecting, printing, top or None, rules)
