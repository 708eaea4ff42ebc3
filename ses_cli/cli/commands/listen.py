"""`ses-events listen`."""

import click

from ses_cli.cli.listen_options import Bounding, Keeping, Serving, bounding, keeping, serving


@click.command()
@keeping
@serving
@bounding
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something goes wrong.")
def listen(serving: Serving, bounding: Bounding, keeping: Keeping, quiet: bool) -> None:
    """Receive callbacks over HTTP, and acknowledge only what is on disk.

    \b
    ses-events listen                                         on 127.0.0.1:8080, behind a proxy
    ses-events listen --host 0.0.0.0 --token-file token       what the URL must carry: ?token=...
    ses-events listen --log /var/log/ses/callbacks.jsonl --rotate daily --compress zstd
    ses-events listen --tls-cert fullchain.pem --tls-key privkey.pem --host 0.0.0.0
    curl -d @callback.json http://127.0.0.1:8080/             try it

    Each callback posted is one line of the log as it came, and answered 200 once it is synced. What is no valid
    callback goes to NAME.rejects.jsonl beside the log, with the reasons, and is answered 200 too. What could not be
    stored is answered 503. Ctrl-C and SIGTERM end it in order, SIGHUP opens the log anew. See docs/listen.md.
    """
    import sys
    from functools import partial

    from ses_cli.capture.server import serve
    from ses_cli.cli import listening
    from ses_cli.cli.narrating import Narrator

    settings = listening.settings(serving, bounding, keeping)
    with Narrator(sys.stderr.buffer, partial(listening.greeting, settings), quiet) as narrator:
        narrator.stopped(serve(settings, listening.checks(settings.rules.max_body), narrator))
