"""What the program reads, and what it says when it cannot."""

import bz2
import gzip
import json
import lzma
import os
import pty
import subprocess
import threading
from pathlib import Path

import pytest
import zstandard

from tests.conftest import LIMIT, Program, Result
from tests.logs import log, record

LOG = log(record(), record(event="open"))


def lines(done: Result) -> int:
    """How many lines a run of `summarize --json` read."""
    assert done.status == 0, done.stderr
    found: int = json.loads(done.out)["records"]["lines"]
    return found


def test_piped_input_is_read_without_a_name(run: Program) -> None:
    """A pipe on standard input is the log when no file is named, before any variable; `-` names it."""
    elsewhere = run.home / "other.jsonl"
    elsewhere.write_bytes(LOG * 5)
    assert lines(run("summarize", "--json", stdin=LOG, env={"SES_EVENTS_LOG": str(elsewhere)})) == 2
    assert lines(run("summarize", "--json", "-", stdin=LOG)) == 2
    assert json.loads(run("summarize", "--json", stdin=LOG).out)["sources"] == ["-"]


def test_redirected_input_is_read_without_a_name(run: Program) -> None:
    """A regular file on standard input is the log, an empty one too."""
    (run.home / "log").write_bytes(LOG)
    (run.home / "empty").touch()
    with (run.home / "log").open("rb") as file:
        assert lines(run("summarize", "--json", stdin=file)) == 2
    with (run.home / "empty").open("rb") as file:
        assert lines(run("summarize", "--json", stdin=file)) == 0


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress],
                         ids=["gzip", "bzip2", "xz", "zstd"])  # fmt: skip
@pytest.mark.parametrize("how", ["file", "pipe", "redirected"])
def test_compressed_logs_are_recognised_by_content(run: Program, compress: "type[bytes]", how: str) -> None:
    """Compressed logs of several members are read whole, whatever they are called, on standard input too."""
    data = compress(LOG) + compress(LOG) + compress(b"") + compress(LOG)
    path = run.home / "log.txt"
    path.write_bytes(data)
    with path.open("rb") as file:
        named = ["log.txt"] if how == "file" else []
        stdin = {"file": None, "pipe": data, "redirected": file}[how]
        assert lines(run("summarize", "--json", *named, stdin=stdin)) == 6


def test_the_null_device_is_no_input(run: Program) -> None:
    """With the null device, or nothing at all, on standard input the usage error names all three ways."""
    done = run("summarize")
    assert done.status == 2
    assert done.stdout == ""
    for way in ("FILE", "| ses-events", "SES_EVENTS_LOG", f"{run.home}/data/ses-events/callbacks.jsonl"):
        assert way in done.stderr
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *run.argv, "summarize"],
        env=run.environment(),
        capture_output=True,
        check=False,
    )
    assert (closed.returncode, closed.stderr.decode()) == (2, done.stderr)


def test_a_terminal_is_no_input(run: Program) -> None:
    """With a terminal on standard input the program does not wait for somebody to type."""
    parent, child = pty.openpty()
    with os.fdopen(parent, "rb"), os.fdopen(child, "rb") as terminal:
        assert run("summarize", stdin=terminal).status == 2


def test_the_variable_names_files_and_globs(run: Program) -> None:
    """SES_EVENTS_LOG is separated as PATH is, and its globs are expanded, in order."""
    for name in ("a", "b1", "b2", "sub/c"):
        path = run.home / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(log(record(bulkId=name), record()))
    value = os.pathsep.join([str(run.home / "a.jsonl"), "", str(run.home / "b?.jsonl"), str(run.home / "sub")])
    document = json.loads(run("summarize", "--json", env={"SES_EVENTS_LOG": value}).out)
    assert [os.path.relpath(name, run.home) for name in document["sources"]] == [
        "a.jsonl",
        "b1.jsonl",
        "b2.jsonl",
        "sub/c.jsonl",
    ]
    assert document["records"]["lines"] == 8


def test_a_glob_that_matches_nothing_is_told_of(run: Program) -> None:
    """A pattern in SES_EVENTS_LOG without a file is an error that names it."""
    done = run("summarize", env={"SES_EVENTS_LOG": "nothing*.jsonl"})
    assert done.status == 3
    assert "nothing*.jsonl" in done.stderr


def test_the_default_log_is_read_last(run: Program) -> None:
    """The capture log is read where nothing is named, piped or set."""
    default = run.home / "data" / "ses-events" / "callbacks.jsonl"
    default.parent.mkdir(parents=True)
    default.write_bytes(LOG * 3)
    assert lines(run("summarize", "--json")) == 6
    (run.home / "other").write_bytes(LOG)
    assert lines(run("summarize", "--json", env={"SES_EVENTS_LOG": str(run.home / "other")})) == 2


def test_a_directory_is_its_logs(run: Program) -> None:
    """A directory is read log by log; one without logs is an error with a hint."""
    (run.home / "logs").mkdir()
    done = run("summarize", "logs")
    assert (done.status, done.stdout) == (3, "")
    assert "logs: a directory without logs" in done.stderr
    assert "hint:" in done.stderr
    (run.home / "logs" / "a.jsonl").write_bytes(LOG)
    (run.home / "logs" / "b.ndjson.gz").write_bytes(gzip.compress(log(record(event="open"), record())))
    (run.home / "logs" / "c.txt").write_bytes(LOG)
    assert lines(run("summarize", "--json", "logs")) == 4


def test_a_named_pipe_is_a_file(run: Program) -> None:
    """A named pipe, as a shell's process substitution makes one, is read to its end."""
    fifo = run.home / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(LOG,))
    writer.start()
    done = run("summarize", "--json", fifo)
    writer.join(LIMIT)
    assert lines(done) == 2


def test_a_log_nobody_may_read_is_told_of(run: Program) -> None:
    """Without permission the error says so, and the other files are read."""
    (run.home / "a.jsonl").write_bytes(LOG)
    (run.home / "b.jsonl").write_bytes(LOG)
    (run.home / "a.jsonl").chmod(0)
    if os.access(run.home / "a.jsonl", os.R_OK):
        pytest.skip("this user may read everything")
    done = run("summarize", "--json", "a.jsonl", "b.jsonl")
    assert done.status == 3
    assert "a.jsonl: permission denied" in done.stderr
    assert json.loads(done.out)["records"]["lines"] == 2


@pytest.mark.skipif(not os.access("/proc/self/mem", os.R_OK), reason="needs a file that opens and cannot be read")
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_files_that_fail_cost_no_other(run: Program, jobs: str) -> None:
    """Missing, unreadable and damaged files are each told of, the others are read, and the status is 3."""
    (run.home / "good.jsonl").write_bytes(LOG)
    (run.home / "cut.jsonl.gz").write_bytes(gzip.compress(LOG)[:-4])
    (run.home / "odd.jsonl").symlink_to("/proc/self/mem")
    done = run("summarize", "--json", "-j", jobs, "cut.jsonl.gz", "missing", "odd.jsonl", "good.jsonl")
    assert done.status == 3
    for name in (
        "cut.jsonl.gz: the compressed data is cut off",
        "missing: no such file",
        "odd.jsonl: input/output error",
    ):
        assert done.stderr.count(name) == 1
    assert json.loads(done.out)["records"]["counted"] == 4
    assert "Traceback" not in done.stderr


def test_an_empty_file_is_no_error(run: Program) -> None:
    """A log without a line is read: no lines, no problems."""
    (run.home / "empty.jsonl").touch()
    assert lines(run("summarize", "--json", "empty.jsonl")) == 0
    assert run("validate", "empty.jsonl").status == 0


def test_a_binary_file_is_invalid_lines(run: Program) -> None:
    """A file of any bytes is lines that are no records, told of on standard error with status 1; never a traceback."""
    (run.home / "binary").write_bytes(bytes(range(256)) * 500)
    done = run("summarize", "binary")
    assert done.status == 1
    assert "501 of 501 lines are invalid" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_cannot_drive_the_terminal(run: Program) -> None:
    """A file name with escapes and line breaks is shown on one line without them."""
    name = "a\x1b[31m\nerror: forged"
    done = run("summarize", name)
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr
    (run.home / name).write_bytes(b"x\n")
    done = run("validate", name)
    assert "\x1b" not in done.stdout
    assert not any(line.startswith("error:") for line in done.stdout.splitlines())


def test_the_same_content_is_read_once(run: Program) -> None:
    """A log named twice, by its directory too, and its compressed copy count once, with notes that name both."""
    (run.home / "logs").mkdir()
    (run.home / "logs" / "a.jsonl").write_bytes(LOG)
    (run.home / "logs" / "a.jsonl.gz").write_bytes(gzip.compress(LOG))
    for command in (["summarize", "--json"], ["replay", "--dry-run", "--json", "--to", "http://127.0.0.1:9/"]):
        done = run(*command, "logs/a.jsonl", "logs")
        assert done.status == 0, done.stderr
        assert json.loads(done.out)["records"]["counted"] == 2
        assert "note: logs/a.jsonl is named twice: read once" in done.stderr
        assert "note: logs/a.jsonl.gz has the same content as logs/a.jsonl: read once" in done.stderr


def test_a_file_after_options_and_a_dash_name(run: Program) -> None:
    """Options and files come in any order; after `--` a name may begin with a dash."""
    (run.home / "-log").write_bytes(LOG)
    assert lines(run("summarize", "--json", "--", "-log")) == 2
    assert lines(run("summarize", "./-log", "--json")) == 2


def test_bytes_that_are_no_text_in_a_name(run: Program) -> None:
    """A name that is no UTF-8 is read, and shown as far as it can be."""
    path = os.fsdecode(os.fsencode(run.home) + b"/\xff.jsonl")
    Path(path).write_bytes(LOG)
    assert lines(run("summarize", "--json", path)) == 2
    assert run("validate", path).status == 0
