"""The program: its commands by name, and the one boundary that errors do not cross."""

import os
import select
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import click

from ses_cli import __version__
from ses_cli.cli.defaults import SettingsFile, read_settings, take_from_environment
from ses_cli.cli.signals import end_on_signals, tell_interrupted
from ses_cli.errors import Exit, SesEventsError, TargetError, reason

COMMANDS = (  # a package each, of that name
    *("summarize", "validate", "bounces", "check", "messages", "export", "report"),
    *("replay", "listen", "trigger"),
    *("config", "completion"),
)


class Commands(click.Group):
    """Imports a command when it is called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "help":
            return show_help
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"ses_cli.cli.{cmd_name}.command")
        command: click.Command = getattr(module, cmd_name)
        take_from_environment(command, cmd_name)
        if isinstance(settings := ctx.obj, SettingsFile):  # not while help is made into a page
            ctx.default_map = {**(ctx.default_map or {}), cmd_name: settings.defaults(command, cmd_name)}
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            result: object = super().invoke(ctx)
            _flush()
        except BrokenPipeError as error:  # click would take it for its own
            return _broken_pipe(error)
        except KeyboardInterrupt:
            return _interrupted()
        return result


@click.command("help")
@click.argument("name", metavar="[COMMAND]", required=False)
@click.pass_context
def show_help(ctx: click.Context, name: str | None) -> None:
    """Print the help of a command."""
    root = ctx.find_root()
    command = cli.get_command(root, name) if name else cli
    if command is None:
        raise click.NoSuchCommand(str(name), ctx=root)
    click.echo(command.get_help(click.Context(command, info_name=name, parent=root) if name else root))


def _version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        from ses_cli.engine import describe_engine

        click.echo(f"ses-events {__version__} ({describe_engine()})")
        context.exit()


def _configure(context: click.Context, _: click.Parameter, name: str | None) -> None:
    context.obj = read_settings(name, COMMANDS)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and the engine.",
)
@click.option(
    "--config",
    metavar="FILE",
    envvar="SES_EVENTS_CONFIG",
    is_eager=True,
    expose_value=False,
    callback=_configure,
    help="Defaults of options.  [default: ses-events/config.toml in the user's configuration directory]",
)
def cli() -> None:
    """Summarize, validate, replay and receive the callbacks of Tencent Cloud SES.

    \b
    ses-events summarize log.jsonl             counts and rates, by type and domain
    ses-events validate log.jsonl              what is wrong with the log
    ses-events bounces --hard log.jsonl        addresses to stop mailing, and why
    ses-events check log.jsonl                 is my sending healthy?
    ses-events messages --email ADDRESS logs/  what became of each mail to this address
    ses-events replay --to URL log.jsonl       send callbacks again
    ses-events listen                          receive callbacks into the log
    ses-events summarize --since 24h logs/     the last day of all logs in a directory
    zcat old.gz | ses-events summarize --json  from a pipe, for a script

    A log is JSON Lines: one callback per line, as it was received. It may be compressed (gzip, zstd, bzip2, xz).
    Without FILE, logs are read from standard input if something is piped in, else from the files that SES_EVENTS_LOG
    names, else from the default log, ses-events/callbacks.jsonl in the user's data directory.

    Exit status: 0 success; 1 success, but the answer is bad (invalid records, undelivered callbacks); 2 usage error;
    3 something could not be read or written; 70 internal error; 130 interrupted.
    """


def main() -> NoReturn:
    """Runs the program and ends the process.

    By then all is written and closed. The interpreter would take every object apart first, which takes as long as a
    short log, and wait for the threads of object storage, which may take minutes.
    """
    end_on_signals()
    status = run()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed
            stream.flush()
    os._exit(status)


def run() -> int:
    """The exit status of the command line."""
    threading.excepthook = _thread_failed
    try:
        status = cli.main(prog_name="ses-events", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Exit.USAGE
    except SystemExit:  # click's answer to a closed pipe while it prints help
        return _reader_left()
    except BaseException as error:
        return _failed(error)
    return status if isinstance(status, int) else Exit.DONE


def _failed(error: BaseException) -> int:
    from ses_cli.cli import crash

    match error:
        case SesEventsError():
            status = crash.told(error)
        case click.ClickException():
            from ses_cli.cli.usage import explain

            status = crash.told(explain(error, COMMANDS))
        case MemoryError():
            status = crash.told(SesEventsError("out of memory", "--jobs 1 needs less"))
        case OSError():
            status = crash.tell_os_error(error)
        case _:
            status = crash.tell(error)
    try:
        _flush()
    except OSError:
        _forget_stdout()
    except TargetError:
        pass  # what went wrong is told
    return status


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    from ses_cli.cli import crash

    if failed.exc_value is not None:
        crash.tell(failed.exc_value)


def _flush() -> None:
    if sys.stdout is None:  # closed by the caller
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _forget_stdout()
        raise TargetError(f"standard output: {reason(error)}") from None


def _interrupted() -> Exit:
    tell_interrupted()
    return Exit.INTERRUPTED


def _broken_pipe(error: BrokenPipeError) -> int:
    """Nothing to tell where it was standard output that nobody reads; any other pipe is a defect."""
    poll = select.poll()
    poll.register(1, select.POLLOUT)
    has_left = any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))
    return _reader_left() if has_left else _failed(error)


def _reader_left() -> Exit:
    """Nobody reads standard output any more: no error."""
    _forget_stdout()
    return Exit.DONE


def _forget_stdout() -> None:
    """The interpreter flushes at its end what could not be written: let it go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
