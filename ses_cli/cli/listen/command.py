"""`ses-events listen`."""

import click

from ses_cli.cli.given import refuse
from ses_cli.cli.listen.options import (
    Bounding,
    Forwarding,
    Keeping,
    Observing,
    Serving,
    bounding,
    forwarding,
    keeping,
    observing,
    serving,
)


@click.command()
@keeping
@serving
@bounding
@forwarding
@observing
def listen(
    serving: Serving, bounding: Bounding, keeping: Keeping, forwarding: Forwarding, observing: Observing
) -> None:
    """Receive callbacks over HTTP, and acknowledge only what is on disk.

    \b
    ses-events listen                                         on 127.0.0.1:8080, behind a proxy
    ses-events listen --host 0.0.0.0 --token-file token       the URL must carry ?token=...
    ses-events listen --log /var/log/ses/callbacks.jsonl --rotate daily --compress zstd
    ses-events listen --tls-cert fullchain.pem --tls-key privkey.pem --host 0.0.0.0
    ses-events listen --forward-to http://127.0.0.1:9000/in   also forward what is stored
    ses-events listen --metrics 9091 --log-format json        for Prometheus and a log collector
    curl -d @callback.json http://127.0.0.1:8080/             send a test callback

    Each callback becomes one line of the log, byte for byte, and is answered 200 once it is synced to disk. A body
    that is not a valid callback is written to NAME.rejects.jsonl beside the log, with the reasons, and is answered 200
    too. What could not be stored is answered 503. Ctrl-C and SIGTERM shut it down cleanly, SIGHUP reopens the log. See
    docs/listen.md.
    """
    from ses_cli.cli.listen.forwarding import allow
    from ses_cli.cli.listen.running import run
    from ses_cli.cli.listen.settings import settings

    if not forwarding.forward_to:
        refuse("without --forward-to", "yes")
    is_allowed = allow(forwarding.forward_to, forwarding.yes) if forwarding.forward_to else False
    run(settings(serving, bounding, keeping), forwarding.forward_to, is_allowed, observing)
