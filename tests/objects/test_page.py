"""What docs/storage.md claims is run."""

import re
import shlex
from pathlib import Path

import click
import pytest

from ses_cli.cli.main import cli
from tests.conftest import Program
from tests.objects.conftest import Moto

PAGE = (Path(__file__).parents[2] / "docs" / "storage.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)
EXAMPLE = (Path(__file__).parents[2] / "examples" / "callbacks.jsonl").read_bytes()


def test_every_command_runs(run: Program, moto: Moto) -> None:
    """The commands that read objects, run as they stand there."""
    moto.bucket("logs", {"callbacks/2026-01-05.jsonl": EXAMPLE, "callbacks/2026-01-06.jsonl": EXAMPLE[:1000]})
    (run.home / "more.jsonl").write_bytes(EXAMPLE)
    commands = [shlex.split(line, comments=True) for line in BLOCKS[0].splitlines()]
    assert len(commands) == 5
    for program, *arguments in commands:
        assert program == "ses-events"
        done = run(*arguments, env=moto.environment)
        assert done.status in (0, 1), done.stderr
        assert done.stdout


@pytest.mark.parametrize("line", [*BLOCKS[1].splitlines(), *BLOCKS[2].splitlines()])
def test_options_are_those_there_are(line: str) -> None:
    """A command that writes to a store, or goes on for ever, is parsed at least."""
    _, name, *arguments = shlex.split(line)
    command = cli.get_command(click.Context(cli), name)
    assert command
    context = command.make_context(name, arguments)
    assert context.params["ship" if name == "listen" else "output"].startswith("s3://")
