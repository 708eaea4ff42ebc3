"""`ses-events trigger`."""

import click

from ses_cli.cli.options import Printing, printing_as
from ses_cli.cli.replay.options import Sending, sending

EVENTS = ("delivered", "deferred", "dropped", "bounce", "open", "click", "spamreport", "unsubscribe")


@click.command()
@click.argument("event", type=click.Choice(EVENTS), metavar="EVENT")
@click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Set a field; an empty value leaves it out."
)
@click.option(
    "--count", type=click.IntRange(1, 100_000), metavar="N", default=1, show_default=True, help="Callbacks to send."
)
@click.option("--rate", type=click.FloatRange(0, min_open=True), metavar="N", help="Maximum requests per second.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@sending
@printing_as("table", "json")
def trigger(
    printing: Printing,
    sending: Sending,
    event: str,
    settings: tuple[str, ...],
    count: int,
    rate: float | None,
    dry_run: bool,
) -> int:
    """Make callbacks of an event type and send them, to test a handler before the first mail.

    \b
    ses-events trigger bounce --to http://127.0.0.1:8080/callback
    ses-events trigger click --to URL --set email=alice@example.com --set link=https://example.com/
    ses-events trigger bounce --to URL --set "reason=552 5.2.2 mailbox full" --set bounceType=soft_bounce
    ses-events trigger delivered --to URL --count 1000 --rate 50
    ses-events trigger open --to URL --dry-run                the request as it would go out

    EVENT is one of delivered, deferred, dropped, bounce, open, click, spamreport and unsubscribe. A callback has the
    newest documented form, an address at example.com and a message of its own; it is sent as replay sends, with
    retries. Exits with status 1 if one was not delivered.
    """
    from ses_cli.cli.trigger.sending import run

    return run(event, settings, count, rate, sending, printing, dry_run)
