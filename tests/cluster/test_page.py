"""What docs/scale.md claims is run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ses_cli.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scale.md").read_text()
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
COMMANDS = "".join(re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL))


def test_the_calculation_is_what_it_says() -> None:
    """The times for larger logs are calculated again."""
    done = subprocess.run([sys.executable, "-c", EXAMPLE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == re.findall(r"# -> (.*)", EXAMPLE)


@pytest.mark.parametrize("line", [line for line in COMMANDS.splitlines() if line.startswith("ses-events")])
def test_the_options_are_those_there_are(line: str) -> None:
    """Each command takes what the page gives it."""
    _, name, *arguments = shlex.split(line, comments=True)
    command = cli.get_command(click.Context(cli), name)
    assert command
    params = command.make_context(name, arguments).params
    assert params["cluster"] or params["state"]
