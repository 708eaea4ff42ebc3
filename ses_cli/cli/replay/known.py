"""`replay --status JOURNAL`: what a journal says."""

from pathlib import Path

import click

from ses_cli.cli.given import refuse
from ses_cli.cli.options import Printing
from ses_cli.errors import Exit, UsageError
from ses_cli.render import data
from ses_cli.render.collisions import OutputFile, refuse_collisions
from ses_cli.render.output import write
from ses_cli.replay.journal import read_status
from ses_cli.replay.result.known import status_document, status_tables

_SAID = {"status", "to", "form", "output", "colour"}  # SES_EVENTS_TO may stand in the environment


def show_status(journal: str, printing: Printing) -> Exit:
    """Prints it. UsageError where options were given that say what to send."""
    names = [str(param.name) for param in click.get_current_context().command.params]
    refuse("with --status", *(name for name in names if name not in _SAID))
    refuse_collisions([journal], [OutputFile("-o", printing.output)])
    if not journal:
        raise UsageError("--status: expected a journal file")
    status = read_status(Path(journal))
    if printing.form == "json":
        write(data.document(status_document(journal, status)), printing.output)
    else:
        from ses_cli.render.screen import page  # start-up

        write([page("", status_tables(journal, status), printing.output, printing.colour, None)], printing.output)
    return Exit.DONE
