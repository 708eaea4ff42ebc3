"""Golden cases: a directory each, with the command line and what it must print.

`cmd` is what follows `ses-events`, in words as a shell splits them; `stdout`, `stderr` and `status` are what comes of
it (an absent one is empty, or 0). Any other file is there for the command to read; what the command writes is
compared with `expected/`. Run with SES_EVENTS_GOLDEN=write to write what is there now.
"""

import os
import shlex
import shutil
from pathlib import Path

import pytest

from tests.conftest import Program

CASES = sorted(path.parent for path in (Path(__file__).parent / "golden").glob("*/cmd"))
RESULTS = ("stdout", "stderr", "status")


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_golden(case: Path, run: Program) -> None:
    """The program prints what the case says, byte for byte."""
    shutil.copytree(case, run.home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected", *RESULTS, "cmd"))
    done = run(*shlex.split((case / "cmd").read_text()))
    found = {"stdout": done.stdout, "stderr": done.stderr, "status": f"{done.status}\n" if done.status else ""}
    if os.environ.get("SES_EVENTS_GOLDEN") == "write":
        for name, text in found.items():
            (case / name).write_text(text) if text else (case / name).unlink(missing_ok=True)
        for wanted in (case / "expected").glob("*"):
            wanted.write_text((run.home / wanted.name).read_text())
    for name, text in found.items():
        wanted = case / name
        assert text == (wanted.read_text() if wanted.exists() else ""), name
    for wanted in (case / "expected").glob("*"):
        assert (run.home / wanted.name).read_text() == wanted.read_text(), wanted.name


def test_there_are_cases() -> None:
    """The cases are found."""
    assert len(CASES) > 20
