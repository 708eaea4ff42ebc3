"""No output is ever an input: refused before anything is opened for writing, whatever the names."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import LIMIT, Program
from tests.logs import log, record

CONTENT = log(record(), record(event="delivered"), {"event": "bonce"})
COMMANDS = {
    "summarize": ["summarize"],
    "validate": ["validate"],
    "quiet": ["validate", "-q", "--json"],
    "bounces": ["bounces"],
    "listing": ["bounces", "--events", "-f", "ndjson"],
    "export": ["bounces", "--export", "tencent"],
    "replay": ["replay", "--to", "http://127.0.0.1:9/", "-f", "table"],
    "dry run": ["replay", "--to", "http://127.0.0.1:9/", "--dry-run", "--json"],
}


def itself(path: Path) -> str:
    return str(path)


def symlink(path: Path) -> str:
    (path.parent / "link").symlink_to(path.name)
    return "link"


def hard_link(path: Path) -> str:
    os.link(path, path.parent / "hard")
    return "hard"


def detour(path: Path) -> str:
    (path.parent / "there").mkdir()
    return f"there/../{path.name}"


@pytest.mark.parametrize("option", ["-o", "--rejects"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
@pytest.mark.parametrize("name", [itself, symlink, hard_link, detour])
def test_an_output_is_never_the_log(run: Program, command: list[str], option: str, name: Callable[[Path], str]) -> None:
    """Whatever the command, the option and the name: status 2, one line, and the log is what it was."""
    path = run.home / "log.jsonl"
    path.write_bytes(CONTENT)
    other = name(path)
    done = run(*command, option, other, path)
    assert done.status == 2, done.stderr
    assert done.stderr.startswith(f"error: {option} {other}: ")
    assert "input" in done.stderr
    assert path.read_bytes() == CONTENT
    assert done.out == b""
    assert not [found for found in os.listdir(run.home) if found.startswith(".")]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_an_output_is_no_member_of_a_directory_that_is_read(run: Program, command: list[str]) -> None:
    """A log in a directory that is read is an input, and so is what the next run would take for one."""
    (run.home / "logs" / "deep").mkdir(parents=True)
    path = run.home / "logs" / "deep" / "log.jsonl"
    path.write_bytes(CONTENT)
    (run.home / "elsewhere").symlink_to("logs/deep")
    for output in ("logs/deep/log.jsonl", "elsewhere/log.jsonl", "logs/new.ndjson"):
        done = run(*command, "-o", output, "logs")
        assert done.status == 2, done.stderr
        assert done.stderr.startswith(f"error: -o {output}: ")
    assert path.read_bytes() == CONTENT
    assert os.listdir(run.home / "logs") == ["deep"]


@pytest.mark.parametrize("arguments", [
    ["validate", "--rejects", "x", "-o", "x"],
    ["validate", "--rejects", "x", "-o", "./x"],
    ["validate", "--rejects", "-"],
    ["summarize", "--rejects", "old", "-o", "link"],
    ["replay", "--to", "http://127.0.0.1:9/", "--failed", "x", "--rejects", "x"],
    ["replay", "--to", "http://127.0.0.1:9/", "--failed", "x", "-o", "x"],
    ["replay", "--to", "http://127.0.0.1:9/", "--journal", "x", "-o", "x"],
    ["replay", "--to", "http://127.0.0.1:9/", "--journal", "x", "--failed", "x"],
    ["replay", "--to", "http://127.0.0.1:9/", "--journal", "log.jsonl"],
    ["replay", "--to", "http://127.0.0.1:9/", "--failed", "log.jsonl"],
    ["replay", "--to", "http://127.0.0.1:9/", "--failed", "-"],
    ["replay", "--to", "http://127.0.0.1:9/", "--metrics", "log.jsonl"],
    ["replay", "--to", "http://127.0.0.1:9/", "--metrics", "x", "-o", "x"],
    ["bounces", "--rules", "old", "-o", "old"],
    ["replay", "--to", "http://127.0.0.1:9/", "--secret-file", "old", "-o", "link"],
], ids=" ".join)  # fmt: skip
def test_no_two_outputs_are_one_file(run: Program, arguments: list[str]) -> None:
    """Two outputs that are one file, or one that is a file of settings, are refused, and nothing is made."""
    (run.home / "log.jsonl").write_bytes(CONTENT)
    (run.home / "old").write_text("")
    (run.home / "link").symlink_to("old")
    before = sorted(os.listdir(run.home))
    done = run(*arguments, "log.jsonl", env={"SES_EVENTS_SECRET": ""})
    assert done.status == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert (run.home / "log.jsonl").read_bytes() == CONTENT
    assert sorted(os.listdir(run.home)) == before


def test_standard_input_and_output_are_files_too(run: Program) -> None:
    """`-o LOG < LOG` and `LOG >> LOG` are refused; devices and pipes are not."""
    path = run.home / "log.jsonl"
    path.write_bytes(CONTENT)
    for script, status in (
        ('"$@" summarize -o log.jsonl < log.jsonl', 2),
        ('"$@" summarize log.jsonl >> log.jsonl', 2),
        ('"$@" validate -o /dev/null --rejects /dev/null log.jsonl', 1),
        ('"$@" summarize -o /dev/stdout log.jsonl | cat > out', 0),
    ):
        command = ["bash", "-c", f"set -o pipefail; {script}", "bash", *run.argv]
        done = subprocess.run(
            command, cwd=run.home, env=run.environment(), capture_output=True, timeout=LIMIT, check=False
        )
        assert done.returncode == status, (script, done.stderr)
        assert path.read_bytes() == CONTENT


def test_every_file_of_an_export_is_checked(run: Program) -> None:
    """Where a list is written in several files, none of them may be a log that was read."""
    path = run.home / "dead-2.jsonl"
    path.write_bytes(log(*(record(email=f"a{n}@b.example", bulkId=f"q{n}") for n in range(100_001))))
    before = path.stat().st_size
    done = run("bounces", "--export", "aws-ses", "-o", "dead.jsonl", path.name)
    assert done.status == 2, done.stderr
    assert path.stat().st_size == before
    assert os.listdir(run.home) == [path.name]
