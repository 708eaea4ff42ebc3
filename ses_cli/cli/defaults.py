"""Defaults of options: from the settings file, and from `SES_EVENTS_COMMAND_OPTION` in the environment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import click
from click.core import ParameterSource

from ses_cli.errors import UsageError, reason

PREFIX = "SES_EVENTS"
# what may hold a secret is taken from a file of its own, or from the environment
_SECRET = {"header": "the headers of a request may be secrets: give them with -H"}
_SECRET_URL = {"to": "SES_EVENTS_TO", "forward-to": "SES_EVENTS_FORWARD_TO"}


class SettingsFile(NamedTuple):
    """What a settings file says: for each command a table of its options."""

    path: str | None = None
    tables: Mapping[str, Mapping[str, object]] = {}

    def defaults(self, command: click.Command, name: str) -> dict[str, object]:
        """The values for click's default map, by parameter. Raises UsageError where an option is unknown or wrong."""
        known = dict(options(command))
        found = {}
        for key, value in self.tables.get(name, {}).items():
            where = f"{self.path}: {name}.{key}"
            if key not in known:
                close = closest(key, known)
                raise UsageError(f"{where}: no such option", f"did you mean {close}?" if close else None)
            _refuse_secret(where, key, value)
            found[str(known[key].name)] = _converted(where, known[key], value)
        return found


def settings_path(environment: Mapping[str, str] = os.environ) -> str:
    """Where settings are looked for when no file is named."""
    folder = environment.get("XDG_CONFIG_HOME") or "~/.config"
    return os.path.join(os.path.expanduser(folder), "ses-events", "config.toml")


def read_settings(name: str | None, commands: tuple[str, ...]) -> SettingsFile:
    """The settings of this file; without a name, of the user's own if there is one. Raises UsageError."""
    path = name or settings_path()
    if not name and not os.path.isfile(path):
        return SettingsFile()
    import tomllib  # start-up

    try:
        with open(path, encoding="utf-8") as text:
            tables = tomllib.loads(text.read())
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{path}: {why}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not TOML: {str(error)[:1].lower()}{str(error)[1:]}") from None
    for command, table in tables.items():
        if command not in commands or not isinstance(table, dict):
            close = closest(command, commands)
            hint = f"did you mean [{close}]?" if close else "a table for each command, such as [summarize]"
            raise UsageError(f"{path}: {command}: expected a command's table", hint)
    return SettingsFile(path, tables)


def closest(word: str, known: Iterable[str]) -> str | None:
    """What a misspelled word was meant to be, None where nothing is like it."""
    from difflib import get_close_matches  # start-up: most words are right

    return next(iter(get_close_matches(word, list(known), 1)), None)


def options(command: click.Command) -> Iterator[tuple[str, click.Option]]:
    """The options that can have a default, by the name that follows the dashes; one for each parameter."""
    seen: set[str | None] = {"help"}
    for param in command.params:
        if isinstance(param, click.Option) and param.name not in seen and not param.hidden and not param.is_eager:
            seen.add(param.name)
            yield max(param.opts, key=len).lstrip("-"), param


def take_from_environment(command: click.Command, name: str) -> None:
    """Has each option look for its default in the environment too."""
    for key, option in options(command):
        if key in _SECRET:  # click would split it at blanks, too
            continue
        own = f"{PREFIX}_{name}_{key}".upper().replace("-", "_")
        others = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
        option.envvar = [*dict.fromkeys([*others, own])]


def set_where(context: click.Context, option: click.Option) -> str | None:
    """The variable, or the place in the settings file, that gives an option its value; None where neither does."""
    source = context.get_parameter_source(str(option.name))
    if source is ParameterSource.ENVIRONMENT:
        return next((name for name in option.envvar or () if os.environ.get(name)), None)
    if source is ParameterSource.DEFAULT_MAP and isinstance(settings := context.find_root().obj, SettingsFile):
        return f"{settings.path}: {context.info_name}.{max(option.opts, key=len).lstrip('-')}"
    return None


def _refuse_secret(where: str, key: str, value: object) -> None:
    if key in _SECRET:
        raise UsageError(f"{where}: not taken from a settings file", _SECRET[key])
    if key in _SECRET_URL and isinstance(value, str) and ("?" in value or "@" in value):
        hint = f"give it in {_SECRET_URL[key]}, from a file that only you can read"
        raise UsageError(f"{where}: a URL that may hold a secret is not taken from a settings file", hint)


def _converted(where: str, option: click.Option, value: object) -> object:
    """The value as the command line would have it; click checks it when the command runs."""
    if option.is_flag:
        if not isinstance(value, bool):
            raise UsageError(f"{where}: expected true or false")
        return value
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in values):
        raise UsageError(f"{where}: expected a string or a number" + (", or a list of them" if option.multiple else ""))
    if option.multiple:
        return [str(each) for each in values]
    if isinstance(value, list):
        raise UsageError(f"{where}: expected one value, not a list")
    return str(value)
