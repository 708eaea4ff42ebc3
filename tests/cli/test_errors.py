"""What is said of mistakes on the command line, of interrupts, and of defects of the program itself."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LIMIT, Program, Result
from tests.logs import log, record


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        ("replay --to u --rate 100/m l", '--rate: expected a number above 0, got "100/m"', "see ses-events replay"),
        ("replay --to u --rate 0 l", '--rate: expected a number above 0, got "0"', None),
        ("replay --to u -c 600 l", '--concurrency: expected a whole number from 1 to 512, got "600"', None),
        ("replay --to u --retries x l", '--retries: expected a whole number of 0 or more, got "x"', None),
        ("replay --to u --timeout 5x l", '--timeout: expected a duration such as 500ms, 5s or 2m, got "5x"', None),
        ("replay --to u --timeout 0 l", '--timeout: expected a duration above 0, got "0"', None),
        ("listen --timeout 0s", '--timeout: expected a duration above 0, got "0s"', None),
        ("listen --log=", '--log: expected the name of a file, got ""', None),
        ("summarize --output= l", '--output: expected the name of a file, got ""', None),
        ("summarize -o x.parquet l", "-o x.parquet: no format is named .parquet", "name it .txt, .json"),
        ("summarize -o x.csv.gz l", "-o x.csv.gz: outputs are not compressed", "compress it: -f csv | gzip >x.csv.gz"),
        ("replay l", "--to: missing", "see ses-events replay --help"),
        ("replay --to", "--to: a value is missing", None),
        ("replay --rat 5 l", "no such option: --rat", "did you mean"),
        ("summarize --max-line 1x l", '--max-line: expected a size such as 1048576, 64K or 1MiB, got "1x"', None),
        ("summarize --top 0 l", '--top: expected a whole number of 1 or more, or "all", got "0"', None),
        ("summarize --by dommain l", "--by: expected one of event, domain,", "did you mean domain?"),
        ("summarize --json=1 l", "--json: takes no value", None),
        ("summarize -j 0 l", '--jobs: expected a whole number of 1 or more, got "0"', None),
        ("bounces --expire soon l", '--expire: expected a date such as 2026-12-31, got "soon"', None),
        ("sumarize l", "no such command: sumarize", "did you mean summarize?"),
        ("xyzzy", "no such command: xyzzy", "one of summarize, validate, bounces, "),
        ("help sumarize", "no such command: sumarize", "did you mean summarize?"),
        ("--jsn", "no such option: --jsn", None),
        ("listen log.jsonl", "got unexpected extra argument", None),
    ],
)  # fmt: skip
def test_every_mistake_is_told_in_one_style(run: Program, arguments: str, said: str, hint: str | None) -> None:
    """`error: WHERE: what was expected, what was got`, a hint below, status 2, and no word more."""
    done = run(*arguments.split())
    assert done.status == 2
    error, *more = done.stderr.splitlines()
    assert error.startswith(f"error: {said}")
    assert all(line.startswith("hint: ") for line in more)
    assert len(more) <= 1
    assert hint is None or more[0].startswith(f"hint: {hint}")


def test_an_empty_name_is_no_log(run: Program) -> None:
    """What a shell makes of a variable that is not set is told as what it is."""
    done = run("summarize", "")
    assert (done.status, done.stderr.splitlines()[0]) == (2, 'error: expected the name of a log, got ""')


@pytest.mark.parametrize("command", ["summarize", "validate", "bounces", "replay", "listen"])
def test_help_can_be_asked_for_like_a_command(run: Program, command: str) -> None:
    """`help COMMAND` prints what `COMMAND --help` prints, and `help` what `--help` prints."""
    assert run("help", command).out == run(command, "--help").out
    assert run("help").out == run("--help").out


def broken(run: Program, failure: str, *arguments: str) -> Result:
    """A run of the program with a defect: a report that fails as it is made."""
    code = (
        "import sys; from ses_cli.reports.summary import Summary; from ses_cli.cli.main import main\n"
        f"def fail(*_, **__): {failure}\n"
        "Summary.__init__ = fail; sys.argv[0] = 'ses-events'; main()"
    )
    return Program(run.home, (sys.executable, "-c", code))(*arguments, env={"TMPDIR": str(run.home)})


@pytest.mark.parametrize(
    "failure",
    ["raise KeyError('someone@example.com')", "raise OSError(11, 'no more processes')", "raise BrokenPipeError"],
)
def test_a_defect_is_one_line_and_a_private_file(run: Program, failure: str) -> None:
    """An internal error ends with 70, says where it was, and names a file of its owner's with the traceback."""
    (run.home / "log.jsonl").write_bytes(log(record()))
    done = broken(run, failure, "summarize", "log.jsonl")
    assert done.status == 70, done.stderr
    told = re.fullmatch(r"error: internal error: \w+ in ses_cli/\S+\.py:\d+; the traceback is in (\S+)\n", done.stderr)
    assert told, done.stderr
    written = Path(told[1])
    assert written.parent == run.home
    assert written.stat().st_mode & 0o777 == 0o600
    assert "Traceback" in written.read_text()
    assert "someone" not in done.stderr


def test_an_error_of_the_system_names_its_file(run: Program) -> None:
    """An OSError that nobody foresaw is told with the file it is about, not with standard output, and ends with 3."""
    (run.home / "log.jsonl").write_bytes(log(record()))
    done = broken(run, "open('/nowhere/x')", "summarize", "log.jsonl")
    assert (done.status, done.stderr) == (3, "error: /nowhere/x: no such file or directory\n")


def test_a_full_disk_is_told_of_help_too(run: Program) -> None:
    """`--help` that cannot be printed says so, with status 3."""
    for arguments in ("--help", "help", "--version", "summarize --help"):
        done = subprocess.run(
            ["bash", "-c", f'"$@" {arguments} > /dev/full', "bash", *run.argv],
            env=run.environment(),
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
        assert (done.returncode, done.stderr) == (3, b"error: standard output: no space left on device\n")


def test_an_unreadable_file_among_others_is_told(run: Program) -> None:
    """What may not be read is named, the rest is counted, and the status is 3; for every user but root."""
    (run.home / "good.jsonl").write_bytes(log(record()))
    secret = run.home / "secret.jsonl"
    secret.write_bytes(log(record()))
    secret.chmod(0)
    done = run("summarize", "--json", "good.jsonl", "secret.jsonl")
    if os.access(secret, os.R_OK):
        pytest.skip("root reads everything")
    assert done.status == 3
    assert '"lines": 1,' in done.stdout
    assert done.stderr == "error: secret.jsonl: permission denied\n"


def test_nohup_outlives_a_closed_terminal(run: Program) -> None:
    """A hang-up that was ignored from the start, as by nohup, stays ignored."""
    fifo = run.home / "fifo"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [*run.argv, "summarize", "fifo"],
        cwd=run.home,
        env=run.environment(),
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),  # noqa: PLW1509
    )
    with fifo.open("wb") as pipe:  # opens when the program does
        process.send_signal(signal.SIGHUP)
        pipe.write(log(record()))
    out, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    assert out.startswith((b"1 lines: 1 valid", b"1 line: 1 valid"))
