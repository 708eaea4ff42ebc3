"""Completion in real shells."""

import shlex
import shutil
import subprocess

import pytest

from tests.conftest import Program

BASH = """
source script
COMP_WORDS=({words} "$1") COMP_CWORD={count}
_ses_events_completion ses-events
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_each_shell(run: Program, shell: str) -> None:
    """`completion SHELL` prints a script that the shell, where there is one, takes without a word."""
    done = run("completion", shell)
    assert (done.status, done.stderr) == (0, "")
    assert "_SES_EVENTS_COMPLETE" in done.stdout
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=done.out, capture_output=True, timeout=20, check=False)
        assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "last", "found"),
    [
        ("ses-events", "su", ["summarize"]),
        ("ses-events summarize --by", "bounce", ["bounce-type"]),
        ("ses-events summarize --event", "del", ["delivered"]),
        ("ses-events replay", "--conc", ["--concurrency"]),
        ("ses-events completion", "f", ["fish"]),
    ],
)
def test_bash_completes(run: Program, words: str, last: str, found: list[str]) -> None:
    """Commands, options and their choices are completed."""
    (run.home / "script").write_bytes(run("completion", "bash").out)
    program = run.home / "ses-events"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(run.argv)} "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH.format(words=words, count=len(words.split())), "bash", last],
        env=run.environment() | {"PATH": f"{run.home}:/usr/bin:/bin"},
        cwd=run.home,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.decode().split() == found


@pytest.mark.parametrize("words", ["ses-events summarize", "ses-events bounces --rules", "ses-events replay --journal"])
def test_files_are_left_to_the_shell(run: Program, words: str) -> None:
    """Where a file is wanted, the shell is told to complete one."""
    wanted = {
        "_SES_EVENTS_COMPLETE": "bash_complete",
        "COMP_WORDS": f"{words} lo",
        "COMP_CWORD": str(len(words.split())),
    }
    assert run(env=wanted).stdout == "file,lo\n"
