"""Writes the manual pages docs/man/*.1 from the help of each command; the wheel installs them."""

import re
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from ses_cli.cli.main import COMMANDS, cli

PAGES = Path(__file__).with_name("man")


def pages() -> dict[str, str]:
    """Every page by its file name."""
    root = click.Context(cli, info_name="ses-events", help_option_names=["-h", "--help"])
    found = {"ses-events.1": _page(cli, root)}
    for name in COMMANDS:
        command = cli.get_command(root, name)
        assert command
        found[f"ses-events-{name}.1"] = _page(command, click.Context(command, info_name=name, parent=root))
    return found


def _page(command: click.Command, context: click.Context) -> str:
    title = context.command_path.replace(" ", "-")
    summary, _, description = cleandoc(command.help or "").partition("\n\n")
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [
        f'.TH "{title.upper()}" 1 "" "ses-events" "User Commands"',
        ".SH NAME",
        f"{_roff(title)} \\- {_roff(summary.rstrip('.').replace(chr(10), ' '))}",
        ".SH SYNOPSIS",
        f".B {_roff(context.command_path)}",
        _roff(usage),
        ".SH DESCRIPTION",
        *_paragraphs(description),
        ".SH OPTIONS",
        *_options(command, context),
    ]
    if isinstance(command, click.Group):
        lines += [".SH SEE ALSO", ", ".join(f"\\fBses\\-events\\-{name}\\fR(1)" for name in COMMANDS)]
    else:
        lines += [".SH SEE ALSO", "\\fBses\\-events\\fR(1)"]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs are filled; those after a line with `\\b` (click's mark) keep their lines."""
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("\b\n"):
            yield from (".PP", ".nf", *map(_roff, paragraph.splitlines()[1:]), ".fi")
        elif paragraph.strip():
            yield from (".PP", _roff(paragraph.replace("\n", " ")))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if record and record[1]:
            names, text = record
            yield from (".TP", f".B {_roff(names)}", _roff(text))


def _roff(text: str) -> str:
    """Text that roff prints as it is: backslashes, hyphens, and dots and quotes that begin a line."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def write() -> None:
    """Replaces the pages."""
    PAGES.mkdir(exist_ok=True)
    for old in PAGES.glob("*.1"):
        old.unlink()
    for file, content in pages().items():
        (PAGES / file).write_text(content)
