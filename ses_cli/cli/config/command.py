"""`ses-events config`."""

import click

from ses_cli.cli.options import Printing, printing_as


@click.command()
@click.argument("command", required=False, metavar="[COMMAND]")
@printing_as("table", "json")
@click.pass_context
def config(context: click.Context, printing: Printing, command: str | None) -> int:
    """Show the defaults you have set, and where each comes from.

    \b
    ses-events config                what the settings file and the environment set
    ses-events config replay         every option of a command, and where its value comes from
    ses-events --config other.toml config

    The settings file has a table for each command, and in it options by their long names:

    \b
    [summarize]
    top = 10
    tz = "+08:00"
    [replay]
    rate = 200

    In the environment, SES_EVENTS_SUMMARIZE_TOP sets the same. The command line comes first, then the environment, then
    the file. Secrets are taken only from a file of their own (--secret-file, --token-file) or from the environment.
    """
    from ses_cli.cli.config.output import document, in_force, table
    from ses_cli.render import data
    from ses_cli.render.output import write

    found = in_force(context.find_root(), command)
    if printing.form == "json":
        write(data.document(document(context.find_root(), found)), printing.output)
    else:
        from ses_cli.render.screen import page

        headline, shown = table(context.find_root(), found)
        write([page(headline, shown, printing.output, printing.colour, None)], printing.output)
    return 0
