"""The real program, run the way a user runs it."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import pytest
from hypothesis import settings

from tests.forked import Forked, can_run

settings.register_profile("suite", max_examples=40, deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("suite")

# a shell starts what runs in the background with these ignored, and programs started here would inherit that
for _number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)

# SES_EVENTS_PROGRAM names another build, such as an installed wheel
_FROM_TREE = [sys.executable, "-m", "ses_cli"]
PROGRAM = shlex.split(os.environ.get("SES_EVENTS_PROGRAM", "")) or _FROM_TREE
_TREE = str(Path(__file__).parent.parent)
# the last of these would have every run compile its modules anew
_DROPPED = (
    "SES_EVENTS_LOG",
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "FORCE_COLOR",
    "TERM",
    "PYTHONPATH",
    "PYTHONDONTWRITEBYTECODE",
)
_NOTHING = os.open(os.devnull, os.O_RDONLY)
LIMIT = 60  # seconds: a run that hangs fails

_forked = cache(Forked)


@dataclass(frozen=True)
class Result:
    """What a run left."""

    status: int
    out: bytes
    stderr: str

    @property
    def stdout(self) -> str:
        return self.out.decode()


@dataclass(frozen=True)
class Program:
    """Runs the program in `home`, with nothing on standard input unless it is given."""

    home: Path
    argv: tuple[str, ...] = tuple(PROGRAM)

    def environment(self, **changes: str) -> dict[str, str]:
        """The environment of a run: UTC, a data directory of its own, nothing that colours or names logs."""
        kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
        if "SES_EVENTS_PROGRAM" not in os.environ:
            kept["PYTHONPATH"] = _TREE
        homes = {"XDG_DATA_HOME": str(self.home / "data"), "XDG_CONFIG_HOME": str(self.home / "config")}
        return {**kept, "TZ": "UTC", **homes, **changes}

    def __call__(
        self,
        *arguments: str | Path,
        stdin: bytes | IO[bytes] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdout: IO[bytes] | int = subprocess.PIPE,
    ) -> Result:
        argv, changes = list(map(str, arguments)), env or {}
        if self.argv == tuple(_FROM_TREE) and can_run(argv, changes):
            given = stdin if isinstance(stdin, bytes) else stdin.fileno() if stdin else _NOTHING
            to = stdout if isinstance(stdout, int) else stdout.fileno()
            status, out, errors = _forked()(argv, self.environment(**changes), cwd or self.home, given, to, LIMIT)
            return Result(status, out, errors.decode(errors="replace"))
        done = subprocess.run(
            [*self.argv, *argv],
            env=self.environment(**changes),
            cwd=cwd or self.home,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=LIMIT,
            check=False,
            input=stdin if isinstance(stdin, bytes) else None,
            stdin=None if isinstance(stdin, bytes) else stdin or subprocess.DEVNULL,
        )
        return Result(done.returncode, done.stdout or b"", done.stderr.decode(errors="replace"))

    def start(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL
    ) -> "subprocess.Popen[bytes]":
        """The program running, in a process group of its own."""
        return subprocess.Popen(
            [*self.argv, *map(str, arguments)],
            env=self.environment(**(env or {})),
            cwd=self.home,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )


@pytest.fixture
def run(tmp_path: Path) -> Program:
    """The program, in an empty directory."""
    return Program(tmp_path)
