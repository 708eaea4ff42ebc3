"""Which options were given, and the refusal of those that would do nothing."""

import click
from click.core import ParameterSource

from ses_cli.errors import UsageError

_GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.PROMPT)
_SET = (*_GIVEN, ParameterSource.ENVIRONMENT, ParameterSource.DEFAULT_MAP)


def given(*names: str, sources: tuple[ParameterSource, ...] = _GIVEN) -> list[str]:
    """Those of the current command's parameters that the user gave, as they are spelled: `--min-count`.

    Not those that the environment or the settings file set: they are defaults, and need not fit every call.
    """
    context = click.get_current_context()
    params = {param.name: param for param in reversed(context.command.params)}
    known = [name for name in names if name in params]
    return [_spelled(params[name]) for name in known if context.get_parameter_source(name) in sources]


def given_values(*names: str) -> list[str]:
    """Those that are set, wherever: `--domain qq.com`; one entry for each value of an option that can be repeated."""
    params = click.get_current_context().params
    found = []
    for name in names:
        for option in given(name, sources=_SET):
            values = params[name] if isinstance(params[name], tuple) else (params[name],)
            found += [f"{option} {value}" for value in values]
    return found


def _spelled(param: click.Parameter) -> str:
    return max(param.opts, key=len) if isinstance(param, click.Option) else "FILE"


def refuse(why: str, *names: str, hint: str | None = None) -> None:
    """Raises UsageError where one of these options was given: `--complaints does nothing without --export`."""
    for option in given(*names):
        raise UsageError(f"{option} does nothing {why}", hint)


def refuse_twice(option: str, values: tuple[str, ...]) -> None:
    """Raises UsageError where an option that can be repeated has the same value twice."""
    for value in values:
        if values.count(value) > 1:
            raise UsageError(f"{option} {value} is given twice")


def is_on(flag: str) -> bool:
    """Whether the current command runs with this flag, wherever it was set."""
    return bool(click.get_current_context().params.get(flag))
