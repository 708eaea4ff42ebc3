"""The container files start the program with options that it has."""

import json
import re
from pathlib import Path

import click
import pytest

from ses_cli.cli.main import cli

ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "examples" / "container"


def in_image() -> list[str]:
    text = (CONTAINER / "Containerfile").read_text().replace("\\\n", "")
    found: list[str] = json.loads(re.findall(r"^CMD (\[.*\])$", text, flags=re.MULTILINE)[-1])
    return found


def in_compose() -> list[str]:
    text = (CONTAINER / "compose.yaml").read_text()
    block = re.findall(r"    command:\n((?:      - .*\n)+)", text)[0]
    return [line.removeprefix("      - ") for line in block.splitlines()]


@pytest.mark.parametrize("words", [in_image(), in_compose()], ids=["Containerfile", "compose.yaml"])
def test_the_command_is_one_that_the_program_takes(words: list[str]) -> None:
    """The command line parses, and names the port and the secret that the files around it provide."""
    root = click.Context(cli, info_name="ses-events")
    command = cli.get_command(root, words[0])
    assert command
    context = command.make_context(words[0], words[1:], parent=root)
    assert context.params["port"] == 8080
    assert context.params["token_file"] == "/run/secrets/token"
