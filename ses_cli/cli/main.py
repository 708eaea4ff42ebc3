"""The program: its commands by name, and the one boundary that errors do not cross."""

import os
import sys
from importlib import import_module

import click

from ses_cli import __version__
from ses_cli.errors import Exit, SesEventsError, TargetError

COMMANDS = ("summarize", "validate", "bounces", "replay", "listen")  # one package each, of that name


class Commands(click.Group):
    """Imports a command when it is called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"ses_cli.cli.{cmd_name}.command")
        command = getattr(module, cmd_name)
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> object:
        try:
            result: object = super().invoke(ctx)
            if sys.stdout is not None:  # closed by the caller
                sys.stdout.flush()
        except SesEventsError as error:
            return _told(error)
        except BrokenPipeError:  # click would take it for its own
            return _reader_left()
        return result


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ses-events", message="%(prog)s %(version)s")
def cli() -> None:
    """Check, summarise, replay and capture the callbacks of Tencent Cloud SES.

    \b
    ses-events summarize log.jsonl             what happened, by type and domain
    ses-events validate log.jsonl              what is wrong with the log
    ses-events bounces --hard log.jsonl        whom to stop mailing, and why
    ses-events replay --to URL log.jsonl       send them again
    ses-events listen                          receive callbacks into the log
    ses-events summarize --since 24h logs/     a directory, the last day only
    zcat old.gz | ses-events summarize --json  piped in, for a script

    A log is JSON Lines, one callback a line as it was received, compressed or not. Where no FILE is given it is
    standard input if something is piped in, else the files that SES_EVENTS_LOG names, else the default log,
    ses-events/callbacks.jsonl in the user's data directory.

    Exit status: 0 done; 1 done, and the answer is bad news; 2 usage; 3 something could not be read or written;
    130 interrupted.
    """


def main() -> None:
    """Runs the program and exits."""
    sys.exit(run())


def run() -> int:
    """The exit status of the command line."""
    try:
        status = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except SystemExit:  # click's answer to a closed pipe while it prints help
        return _reader_left()
    except OSError as error:
        _forget_stdout()
        return _told(TargetError(f"standard output: {(error.strerror or str(error)).lower()}"))
    return status if isinstance(status, int) else Exit.DONE


def _told(error: SesEventsError) -> Exit:
    from ses_cli.render import messages

    messages.error(error)
    return error.status


def _reader_left() -> Exit:
    """Nobody reads standard output any more: no error."""
    _forget_stdout()
    return Exit.DONE


def _forget_stdout() -> None:
    """The interpreter flushes at its end what could not be written: let it go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
