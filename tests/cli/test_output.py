"""Where output goes, what it looks like there, and what happens when it cannot go there."""

import csv
import fcntl
import io
import json
import os
import pty
import re
import resource
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.conftest import LIMIT, Program
from tests.logs import log, record

LOG = log(
    *(
        record(event=event, email=f"a@{'long-' * (n % 4)}domain-{n}.example", timestamp=1654064683 + 50_000 * n)
        for n in range(30)
        for event in ("delivered", "bounce", "open", "click", "deferred", "dropped", "spamreport", "unsubscribe")
    ),
    record(colour="red"),
    {"event": "bonce"},
)
FORMATS = ("table", "json", "ndjson", "csv", "tsv", "markdown")


@pytest.fixture
def path(run: Program) -> Path:
    found = run.home / "log.jsonl"
    found.write_bytes(LOG)
    return found


def shell(run: Program, script: str) -> "subprocess.CompletedProcess[bytes]":
    """Runs a shell script in which `$@` is the program."""
    command, environment = ["bash", "-c", script, "bash", *run.argv], run.environment()
    return subprocess.run(
        command,
        cwd=run.home,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )


def terminal(run: Program, *arguments: str, width: int = 80, env: dict[str, str] | None = None) -> tuple[int, str]:
    """The status of a run whose output is a terminal of that width, and what the terminal got."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    process = subprocess.Popen(
        [*run.argv, *arguments],
        cwd=run.home,
        env=run.environment(**{"TERM": "xterm-256color", **(env or {})}),
        stdin=subprocess.DEVNULL,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    got = b""
    try:
        while data := os.read(parent, 65536):
            got += data
    except OSError:  # the other end is closed
        pass
    os.close(parent)
    return process.wait(LIMIT), got.decode().replace("\r\n", "\n")


COLOUR = re.compile(r"\x1b\[[0-9;]*m")
BAR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # colours, and what draws the bar of a slow run


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("command", [["summarize"], ["summarize", "--by", "day"], ["validate", "-q"]],
                         ids=["summarize", "by", "validate"])  # fmt: skip
def test_no_line_is_wider_than_the_terminal(run: Program, path: Path, command: list[str], width: int) -> None:
    """On a terminal tables are coloured, fit, and leave out nothing."""
    _, text = terminal(run, *command, path.name, width=width)
    tables = COLOUR.sub("", text).split("note:")[0].split("\n", 2)[2].splitlines()
    assert COLOUR.search(text)
    assert max(map(cell_len, tables)) <= width


@pytest.mark.parametrize("command", ["summarize", "validate"])
def test_without_colour_a_terminal_gets_what_a_pipe_gets(run: Program, path: Path, command: str) -> None:
    """NO_COLOR, --no-color and TERM=dumb take the colours away; on a wide terminal that is all the difference."""
    piped = run(command, path)
    assert "\x1b" not in piped.stdout + piped.stderr
    coloured = terminal(run, command, str(path), width=2000)[1]
    assert "\x1b" in coloured
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert terminal(run, command, str(path), width=2000, env=env)[1] == piped.stdout + piped.stderr
    bare = "".join(line.rstrip() + "\n" for line in COLOUR.sub("", coloured).splitlines())
    assert bare == piped.stdout + piped.stderr
    status, text = terminal(run, command, str(path), "--no-color", width=2000)
    assert status == piped.status
    assert text.startswith(piped.stdout)


def test_a_pipe_gets_colours_only_when_it_asks(run: Program, path: Path) -> None:
    """--color colours a pipe too; nothing is cut or folded there."""
    plain = run("summarize", "--top", "all", path).stdout
    coloured = run("summarize", "--top", "all", "--color", path).stdout
    assert coloured != plain
    assert [line.rstrip() for line in COLOUR.sub("", coloured).splitlines()] == plain.splitlines()
    assert "long-long-long-domain-27.example" in plain


@pytest.mark.parametrize("command", ["summarize", "validate"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_what_a_reader_of_it_reads(run: Program, path: Path, command: str, form: str) -> None:
    """JSON, NDJSON, CSV and TSV are read back by their own readers, with the same rows."""
    done = run(command, "-f", form, path)
    assert done.status == (1 if command == "validate" else 0)
    document = json.loads(run(command, "--json", path).out)
    assert document["schema"] == f"ses-events/{'summary' if command == 'summarize' else 'validation'}@1"
    problems = document["problems"].values(), document["warnings"].values()
    rows = document["domains"] if command == "summarize" else [{}] * sum(map(sum, problems))
    match form:
        case "json":
            assert json.loads(done.out) == document
        case "ndjson":
            found = [json.loads(line) for line in done.stdout.splitlines()]
            assert found == rows if command == "summarize" else len(found) == len(rows)
        case "csv" | "tsv":
            reader = csv.DictReader(io.StringIO(done.stdout), delimiter="," if form == "csv" else "\t")
            found = list(reader)
            assert len(found) == len(rows)
            if command == "summarize":
                assert found == [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
        case _:
            assert "242 lines: 241 valid, 1 invalid" in done.stdout


@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.parametrize("command", ["summarize", "validate"])
def test_a_file_gets_what_standard_output_gets(run: Program, path: Path, command: str, form: str) -> None:
    """With -o the same bytes go to the file, and nothing to standard output; `-` is standard output."""
    piped = run(command, "-f", form, path)
    written = run(command, "-f", form, "-o", "out", path)
    assert written.out == b""
    assert (run.home / "out").read_bytes() == piped.out
    assert written.status == piped.status
    assert run(command, "-f", form, "-o", "-", path).out == piped.out


def test_a_file_is_replaced_whole(run: Program, path: Path) -> None:
    """The old file keeps its mode and its links; nothing is left beside the new one."""
    old = run.home / "out"
    old.write_text("old")
    old.chmod(0o640)
    link = run.home / "link"
    link.symlink_to("out")
    assert run("summarize", "-o", "link", path).status == 0
    assert link.is_symlink()
    assert old.read_text().startswith("242 lines")
    assert old.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(run.home)) == ["link", "log.jsonl", "out"]


@pytest.mark.parametrize("target", ["out", "rejects"])
def test_a_full_disk_leaves_the_old_file(run: Program, path: Path, target: str) -> None:
    """When there is no room for a file the run fails with 3, the old one stands and nothing is left beside it."""
    (run.home / "old").write_text("old")
    path.write_bytes(LOG + b"x" * 5000 + b"\n")
    option = "-o" if target == "out" else "--rejects"
    done = subprocess.run(
        [*run.argv, "validate", option, "old", path],
        cwd=run.home,
        env=run.environment(PYTHONDONTWRITEBYTECODE="1"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
    )
    assert done.returncode == 3, done.stderr
    assert b"error: old: file too large" in done.stderr
    assert b"Traceback" not in done.stderr
    assert (run.home / "old").read_text() == "old"
    assert sorted(os.listdir(run.home)) == ["log.jsonl", "old"]


@pytest.mark.usefixtures("path")
def test_a_full_device_is_told_of(run: Program) -> None:
    """Standard output or -o on a full device: one line that says so, and status 3."""
    for script in (
        '"$@" summarize log.jsonl > /dev/full',
        '"$@" summarize -o /dev/full log.jsonl',
        '"$@" validate log.jsonl >/dev/full',
    ):
        done = shell(run, script)
        told = [line for line in done.stderr.decode().splitlines() if line.startswith("error:")]
        assert len(told) == 1, done.stderr
        assert "no space left on device" in told[0]
        assert b"Traceback" not in done.stderr
        assert b"Exception" not in done.stderr
        assert done.returncode == 3


@pytest.mark.parametrize("where", ["nowhere/out", ".", "log.jsonl/out"])
def test_an_output_that_cannot_be_is_told_of(run: Program, path: Path, where: str) -> None:
    """A target in no directory, or that is one, is an error that names it."""
    for option in ("-o", "--rejects"):
        done = run("summarize", option, where, path)
        assert done.status == 3
        assert done.stderr.startswith(f"error: {where}: ")
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    ["summarize --by bulk-id --top all", "validate", "validate -f csv", "summarize -f ndjson --by bulk-id"],
)
def test_a_closed_pipe_is_silent(run: Program, command: str) -> None:
    """When the reader has seen enough, the program ends with 0 and says nothing."""
    path = run.home / "log.jsonl"
    path.write_bytes(log(*(record(bulkId=f"q-{n}", colour="red") for n in range(800))))
    done = shell(run, f'"$@" {command} log.jsonl | head -1; echo ${{PIPESTATUS[0]}}')
    assert done.stderr == b""
    assert done.stdout.splitlines()[-1] == b"0"
    done = shell(run, f'"$@" {command} log.jsonl | true; echo ${{PIPESTATUS[0]}}')
    assert (done.stderr, done.stdout) == (b"", b"0\n")


@pytest.mark.usefixtures("path")
def test_closed_output_is_no_traceback(run: Program) -> None:
    """With standard output or standard error closed the program does what it can, and prints no traceback."""
    done = shell(run, '"$@" summarize log.jsonl >&-')
    assert b"Traceback" not in done.stderr
    assert done.returncode == 3
    done = shell(run, '"$@" summarize log.jsonl 2>&-')
    assert done.stdout == run("summarize", "log.jsonl").out
    assert done.returncode == 0
    done = shell(run, '"$@" summarize missing.jsonl 2>&-')
    assert (done.returncode, done.stdout) == (3, b"")
    done = shell(run, '"$@" summarize missing.jsonl 2>/dev/full')
    assert (done.returncode, done.stdout) == (3, b"")


def test_rejects_hold_exactly_the_invalid_lines(run: Program, path: Path) -> None:
    """Every reading command writes the same rejects: the invalid lines, with place, reasons and bytes."""
    path.write_bytes(b"x\n" + LOG + b"\xff\xfe\n")
    for command in ("summarize", "validate"):
        assert run(command, "--rejects", "bad", path).status in (0, 1)
        found = [json.loads(line) for line in (run.home / "bad").read_text().splitlines()]
        assert [(each["line"], [p["code"] for p in each["problems"]]) for each in found] == [
            (1, ["not-json"]),
            (243, ["missing-field"] * 3 + ["unknown-event"]),
            (244, ["not-utf8"]),
        ]
        for each in found:
            assert each["source"] == str(path)
            assert list(each) == [
                "source",
                "line",
                "offset",
                "problems",
                "raw_base64" if each["line"] == 244 else "raw",
            ]
            assert (
                path.read_bytes()[each["offset"] :].startswith(each.get("raw", "\0").encode() or b"")
                or each["line"] == 244
            )
    assert run("validate", "--strict", "--rejects", "bad", path).status == 1
    assert len((run.home / "bad").read_text().splitlines()) == 4


def test_rejects_of_a_clean_log_are_an_empty_file(run: Program, path: Path) -> None:
    """Where every line is valid the rejects file is there and empty."""
    path.write_bytes(log(record()))
    assert run("validate", "--rejects", "bad", path).status == 0
    assert (run.home / "bad").read_bytes() == b""


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("x.csv", "csv"),
        ("x.JSON", "json"),
        ("x.ndjson", "ndjson"),
        ("x.tsv", "tsv"),
        ("x.md", "markdown"),
        ("x", "table"),
    ],
)
def test_the_name_of_a_file_gives_its_format(run: Program, path: Path, name: str, form: str) -> None:
    """`-o x.csv` writes CSV; an explicit --format wins. What has a form of its own has any name."""
    for command in ("summarize", "validate", "bounces"):
        run(command, "-o", name, path)
        assert (run.home / name).read_bytes() == run(command, "-f", form, path).out
    run("summarize", "-f", "json", "-o", name, path)
    assert (run.home / name).read_bytes() == run("summarize", "--json", path).out
    done = run("replay", "--dry-run", "--to", "http://127.0.0.1:9/", "-o", "x.csv", path)
    assert (done.status, done.stderr.splitlines()[0]) == (2, "error: -o x.csv: this command writes no csv")
    run("bounces", "--export", "plain", "-o", "dead.list", path)
    assert (run.home / "dead.list").read_bytes() == run("bounces", "--export", "plain", path).out


def test_csv_for_spreadsheets_is_marked(run: Program, path: Path) -> None:
    """`--excel` puts a byte order mark before CSV, and is refused with every other format."""
    for command in (["summarize"], ["validate"], ["bounces", "--events"]):
        plain = run(*command, "-f", "csv", path).out
        assert run(*command, "-f", "csv", "--excel", path).out == b"\xef\xbb\xbf" + plain
        assert run(*command, "--excel", "-o", "x.csv", path).status < 2
        assert (run.home / "x.csv").read_bytes() == b"\xef\xbb\xbf" + plain
        done = run(*command, "--excel", "-f", "tsv", path)
        assert (done.status, done.stderr.startswith("error: --excel does nothing with --format tsv")) == (2, True)


@pytest.mark.parametrize("form", FORMATS)
def test_a_terminal_gets_no_escape_of_the_log(run: Program, form: str) -> None:
    """Whatever the format, what drives a terminal or hides in a log's text is made visible there."""
    hostile = "\x1b]0;x\x07\x1b[31m\x9b31m\u202e\u200b\U000e0041"
    data = log(
        record(**{"from": f"a{hostile}@b.example", hostile: 1}), record(email=f"a@b{hostile}"), {"event": hostile}
    )
    (run.home / "log.jsonl").write_bytes(data)
    for command in (["summarize", "--by", "sender"], ["validate"], ["bounces"], ["bounces", "--events"]):
        if command[-1] == "--events" and form in ("json", "markdown"):
            continue
        _, text = terminal(run, *command, "-f", form, "log.jsonl", width=200)
        assert not set(BAR.sub("", text)) & set("\x1b\x07\x9b\u202e\u200b\U000e0041"), command
    _, text = terminal(run, "summarize", "--rejects", "/dev/tty", "-f", form, "log.jsonl")
    assert "Traceback" not in text


def test_files_that_hold_lines_are_for_the_readers_of_the_log(run: Program, path: Path) -> None:
    """--rejects and --failed get the mode of the log, else 0600; a file that is replaced stays as strict."""
    arguments = ["replay", "--to", "http://127.0.0.1:9/", "--no-journal", "--retries", "0", "--give-up-time", "50ms"]
    for of_log, expected in ((0o600, 0o600), (0o640, 0o640), (0o644, 0o644), (0o444, 0o644)):
        path.chmod(of_log)
        run(*arguments, "--rejects", "bad", "--failed", "failed", path)
        for name in ("bad", "failed"):
            assert (run.home / name).stat().st_mode & 0o777 == expected
            (run.home / name).unlink()
    run("summarize", "--rejects", "bad", stdin=LOG)
    assert (run.home / "bad").stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    run("validate", "--rejects", "bad", path)
    assert (run.home / "bad").stat().st_mode & 0o777 == 0o600
