"""The files that start a cluster: systemd and Compose read them, and Dask takes the options."""

import configparser
import shlex
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]
from distributed.cli import dask_scheduler, dask_worker

CLUSTER = Path(__file__).parents[2] / "examples" / "cluster"
UNITS = sorted(CLUSTER.glob("*.service"))
COMPOSE: Any = yaml.safe_load((CLUSTER / "compose.yaml").read_text())
COMMANDS = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}


def unit(path: Path) -> configparser.RawConfigParser:
    """A unit."""
    parser = configparser.RawConfigParser(strict=False, delimiters="=", comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text())
    return parser


def command_lines() -> list[str]:
    """The commands that the files start."""
    units = [unit(path)["Service"]["ExecStart"].removeprefix("/opt/ses-events/bin/") for path in UNITS]
    return [*units, *(service["command"] for service in COMPOSE["services"].values())]


@pytest.mark.parametrize("line", command_lines())
def test_dask_takes_the_options(line: str) -> None:
    """Each command line parses, and the workers are sent to the port that the scheduler has."""
    program, kind, *arguments = shlex.split(line)
    command: click.Command = COMMANDS[kind]
    params = command.make_context(kind, arguments).params
    assert program == "dask"
    assert params["dashboard"] is False
    if kind == "worker":
        assert str(params["scheduler"]).endswith(":8786")
    else:
        assert params["port"] in (None, "8786")


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_the_units_are_well_formed(path: Path) -> None:
    """The sections are those of a service; systemd, where there is one, misses nothing but the program."""
    assert unit(path).sections() == ["Unit", "Service", "Install"]
    if which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)
        told = [line for line in done.stderr.splitlines() if path.name in line and "is not executable" not in line]
        assert told == []


def test_the_image_has_what_the_services_need() -> None:
    """Both services are of one image, built from the repository, with the extras for objects and clusters."""
    builds = [service["build"] for service in COMPOSE["services"].values()]
    assert builds[0] == builds[1]
    context = (CLUSTER / builds[0]["context"]).resolve()
    dockerfile = (context / builds[0]["dockerfile"]).read_text()
    assert (context / "pyproject.toml").exists()
    assert "[cloud,cluster]" in dockerfile
    assert COMPOSE["services"]["scheduler"]["ports"] == ["8786:8786"]
