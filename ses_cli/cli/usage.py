"""What is wrong with a command line, in the words of every other message."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

import click

from ses_cli.cli.defaults import set_where
from ses_cli.cli.options import List
from ses_cli.errors import UsageError

# click's own types name the value first: `'100/m' is not a valid float range.`
_VALUE = re.compile(r"(?P<quote>['\"]?)(?P<value>.*)(?P=quote) (?:is not|does not match) ", re.DOTALL)


def explain(error: click.ClickException, commands: Sequence[str]) -> UsageError:
    """An error of click as one of ours: where, what was expected, what was given, and a hint."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    more = f"see {context.command_path} --help" if context else None
    match error:
        case click.NoSuchCommand():
            close = get_close_matches(error.command_name, commands, 1)
            return UsageError(f"no such command: {error.command_name}", _meant(close) or f"one of {listed(commands)}")
        case click.NoSuchOption():
            return UsageError(f"no such option: {error.option_name}", _meant(error.possibilities or ()) or more)
        case click.BadOptionUsage():
            what = "takes no value" if "not take" in error.message else "a value is missing"
            return UsageError(f"{error.option_name}: {what}", more)
        case click.MissingParameter() if error.param:
            return UsageError(f"{_name(error.param)}: missing", more)
        case click.BadParameter() if error.param:
            return _bad(error, error.param, _place(context, error.param), more)
        case _:
            text = error.format_message().removesuffix(".")
            return UsageError(text[:1].lower() + text[1:], more)


def _place(context: click.Context | None, param: click.Parameter) -> str:
    """Where a value was given: the option, the variable, or the line of the settings file."""
    where = set_where(context, param) if context and isinstance(param, click.Option) else None
    return where or _name(param)


def _bad(error: click.BadParameter, param: click.Parameter, where: str, more: str | None) -> UsageError:
    kind = param.type.kind if isinstance(param.type, List) else param.type
    found, expected = _VALUE.match(error.message), _expected(kind)
    if not found or not expected:  # one of our own types, which say it themselves
        return UsageError(f"{where}: {error.message}", more)
    close = get_close_matches(found["value"], kind.choices, 1) if isinstance(kind, click.Choice) else []
    given = found["value"].removesuffix(".0")  # a number out of its range is told as it was converted
    return UsageError(f'{where}: expected {expected}, got "{given}"', _meant(close) or more)


def _expected(kind: click.ParamType[object]) -> str:
    """What a type of click takes, "" for our own."""
    match kind:
        case click.Choice():
            return f"one of {listed(list(map(str, kind.choices)))}"
        case click.IntRange():
            return "a whole number" + _between(kind.min, kind.max)
        case click.FloatRange():
            return "a number" + (f" above {kind.min:g}" if kind.min_open and kind.min is not None else "")
        case click.DateTime():
            return "a date such as 2026-12-31"
        case _ if kind is click.INT:
            return "a whole number"
        case _ if kind is click.FLOAT:
            return "a number"
        case _:
            return ""


def _between(least: float | None, most: float | None) -> str:
    if least is None:
        return ""
    return f" from {least:g} to {most:g}" if most is not None else f" of {least:g} or more"


def _name(param: click.Parameter) -> str:
    """The long name of an option, the metavar of an argument."""
    return max(param.opts, key=len) if isinstance(param, click.Option) else str(param.metavar or param.name)


def _meant(close: Sequence[str]) -> str | None:
    return f"did you mean {listed(close, 'or')}?" if close else None


def listed(names: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
