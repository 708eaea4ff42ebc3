"""What is in force: each option's value, and whether the file, the environment or the program set it."""

from typing import NamedTuple

import click

from ses_cli.cli.defaults import SettingsFile, options, set_where, settings_path
from ses_cli.replay.http.mask import MASK, mask_url
from ses_cli.table import Column, Kind, Table

_OWN = ("config", "completion", "help")  # commands without defaults worth showing


class Setting(NamedTuple):
    """One option of one command."""

    command: str
    option: str
    value: str | None
    source: str  # the place in the settings file, the variable's name, or "default"


def in_force(root: click.Context, only: str | None) -> list[Setting]:
    """All options of the command `only`; without it, what is set for any. Raises UsageError for an unknown command."""
    group = root.command
    assert isinstance(group, click.Group)
    names = [name for name in group.list_commands(root) if name not in _OWN]
    if only is not None and only not in names:
        raise click.NoSuchCommand(only, ctx=root)
    found = [setting for name in ([only] if only else names) for setting in _settings(root, group, name)]
    return found if only else [setting for setting in found if setting.source != "default"]


def _settings(root: click.Context, group: click.Group, name: str) -> list[Setting]:
    command = group.get_command(root, name)
    assert command
    context = command.make_context(name, [], parent=root, resilient_parsing=True)
    found = []
    for key, option in options(command):
        found.append(Setting(name, f"--{key}", _shown(key, option, context), set_where(context, option) or "default"))
    return found


def _shown(key: str, option: click.Option, context: click.Context) -> str | None:
    """The value without secrets, None where there is none."""
    value = context.params.get(str(option.name))
    if value is None or value == ():
        return None
    if key == "header":
        return MASK
    if option.metavar == "URL":
        return mask_url(str(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def settings_of(root: click.Context) -> SettingsFile:
    """The settings that the program was started with."""
    settings = root.obj
    assert isinstance(settings, SettingsFile)
    return settings


def table(root: click.Context, found: list[Setting]) -> tuple[str, list[Table]]:
    """For people."""
    path = settings_of(root).path
    headline = f"settings file: {path}" if path else f"settings file: none ({settings_path()} would be read)"
    columns = (Column("command", Kind.KEY), Column("option"), Column("value"), Column("from"))
    return headline, [Table("", columns, found)] if found else []


def document(root: click.Context, found: list[Setting]) -> dict[str, object]:
    """For programs."""
    path = settings_of(root).path
    rows = [setting._asdict() for setting in found]
    return {"schema": "ses-events/config@1", "settings_file": str(path) if path else None, "options": rows}
