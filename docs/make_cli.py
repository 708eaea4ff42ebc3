"""Writes docs/cli.md from what `--help` prints, and the manual pages."""

from pathlib import Path

import click

from ses_cli.cli.main import COMMANDS, cli

PAGE = Path(__file__).with_name("cli.md")
HEAD = """# Command line

What `--help` prints; made by `docs/make_cli.py`.
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_section(name) for name in ("", *COMMANDS))


def _section(name: str) -> str:
    root = click.Context(
        cli, info_name="ses-events", max_content_width=100, terminal_width=100, help_option_names=["-h", "--help"]
    )
    command: click.Command = cli
    context = root
    if name:
        found = cli.get_command(root, name)
        assert found is not None
        command = found
        context = click.Context(
            command,
            info_name=name,
            parent=root,
            max_content_width=100,
            terminal_width=100,
            help_option_names=["-h", "--help"],
        )
    title = f"ses-events {name}".strip()
    return f"\n## {title}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"


if __name__ == "__main__":
    import make_man

    PAGE.write_text(page())
    make_man.write()
