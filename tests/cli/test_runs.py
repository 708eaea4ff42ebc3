"""Runs as a whole: statuses, processes, interrupts, selection and zones."""

import gzip
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest

from ses_cli.engine import is_built
from tests.conftest import LIMIT, Program
from tests.logs import log, record


@pytest.fixture
def logs(run: Program) -> list[Path]:
    """Logs that are large enough for more than one process, a compressed one and a broken one."""
    big, compressed, broken = (run.home / name for name in ("big.jsonl", "compressed.jsonl.gz", "broken.jsonl"))
    mixed = log(*(record(timestamp=1654000000 + 7 * n, email=f"a@d{n % 50}.example", colour=n) for n in range(500)))
    big.write_bytes((mixed + b"x\n" + log({"event": "bonce"})) * 4)
    compressed.write_bytes(gzip.compress(mixed * 3, 1))
    broken.write_bytes(b"\xff\n" * 500 + mixed)
    return [big, compressed, broken, big]


@pytest.mark.parametrize("command", [
    ["summarize", "--json", "--by", "domain", "--by", "hour"],
    ["summarize", "--dedupe", "--rejects", "bad"],
    ["validate", "--rejects", "bad", "--domain", "d1.example"],
    ["validate", "--strict", "-q"],
], ids=["summarize", "dedupe", "validate", "strict"])  # fmt: skip
def test_any_number_of_jobs_gives_the_same_bytes(run: Program, logs: list[Path], command: list[str]) -> None:
    """Standard output, standard error, rejects and status are the same whatever the jobs."""
    found = []
    for jobs in ("1", "3"):
        done = run(*command, "-j", jobs, *logs)
        bad = run.home / "bad"
        found.append((done.status, done.out, done.stderr, bad.read_bytes() if bad.exists() else b""))
    assert found[0] == found[1]
    assert found[0][0] == (command[0] == "validate")


@pytest.fixture
def many(run: Program, logs: list[Path]) -> list[Path]:
    """Logs that take a while to read, none the copy of another."""
    mixed = logs[0].read_bytes()
    named = [run.home / f"{n}.jsonl" for n in range(40)]
    for n, path in enumerate(named):
        path.write_bytes(log(record(bulkId=f"q-{n}")) + mixed)
    return named


def children(pid: int) -> list[int]:
    """Processes that a process has started, on Linux."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


native = pytest.mark.skipif(not is_built(), reason="the native engine was not built")
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


def workers(process: "subprocess.Popen[bytes]", n: int) -> list[int]:
    """Waits until the program has its worker processes."""
    deadline = monotonic() + LIMIT
    while process.poll() is None and monotonic() < deadline:
        if len(found := children(process.pid)) >= n:
            return found
    raise AssertionError("the program did not start its processes")


def threads(process: "subprocess.Popen[bytes]", n: int) -> None:
    """Waits until the program has that many threads beside its first one."""
    deadline = monotonic() + LIMIT
    while process.poll() is None and monotonic() < deadline:
        with suppress(OSError):
            if len(os.listdir(f"/proc/{process.pid}/task")) > n:
                return
    raise AssertionError("the program did not start its threads")


@linux
@pytest.mark.parametrize("engine", ["python", pytest.param("native", marks=native)])
@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["INT", "TERM", "HUP"])
def test_an_interrupt_ends_all_of_it(run: Program, many: list[Path], kill: signal.Signals, engine: str) -> None:
    """A signal ends all of the program, without a traceback or a temporary file; Ctrl-C with 130."""
    arguments = ("validate", "-j", "3", "-o", "out", "--rejects", "rejects-out")
    process = run.start(*arguments, *many, env={"SES_EVENTS_ENGINE": engine})
    found = []
    if engine == "python":
        found = workers(process, 3)
    else:
        threads(process, 3)
    if kill == signal.SIGINT:
        os.killpg(process.pid, kill)  # as a terminal does
    else:
        process.send_signal(kill)
    _, stderr = process.communicate(timeout=LIMIT)
    assert process.returncode == (130 if kill == signal.SIGINT else -kill)
    assert stderr.endswith(b"note: interrupted\n") if kill == signal.SIGINT else stderr == b""
    deadline = monotonic() + LIMIT
    while any(map(alive, found)):  # a process that was told of its parent's end takes a moment
        assert monotonic() < deadline
    assert not [name for name in os.listdir(run.home) if "out" in name]


@linux
def test_an_interrupt_in_one_process_ends_it(run: Program) -> None:
    """Ctrl-C while the program waits for a pipe ends it with 130, and without a traceback."""
    fifo = run.home / "fifo"
    os.mkfifo(fifo)
    process = run.start("summarize", "fifo")
    with fifo.open("wb") as pipe:  # opens when the program does
        pipe.write(log(record()))
        pipe.flush()
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert b"Traceback" not in stderr


@linux
def test_a_killed_worker_costs_its_span_again(run: Program, many: list[Path]) -> None:
    """A worker process killed from outside is replaced, and the result is what it would have been."""
    expected = run("validate", "--json", "-j", "1", *many)
    process = run.start("validate", "--json", "-j", "2", *many, env={"SES_EVENTS_ENGINE": "python"})
    os.kill(workers(process, 2)[0], signal.SIGKILL)
    out, stderr = process.communicate(timeout=LIMIT)
    assert out == expected.out
    assert (process.returncode, stderr) == (1, b"")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["summarize", "good"], 0),
        (["summarize", "bad"], 0),
        (["summarize", "--strict", "bad"], 1),
        (["summarize", "--strict", "warned"], 1),
        (["validate", "good"], 0),
        (["validate", "warned"], 0),
        (["validate", "--strict", "warned"], 1),
        (["validate", "bad"], 1),
        (["validate", "bad", "missing"], 3),
        (["summarize", "missing"], 3),
        (["summarize", "--by", "moon", "good"], 2),
        (["summarize", "--since", "soon", "good"], 2),
        (["summarize", "--tz", "Mars/Olympus", "good"], 2),
        (["summarize", "--top", "0", "good"], 2),
        (["summarize", "--max-line", "much", "good"], 2),
        (["summarize", "--jobs", "0", "good"], 2),
        (["summarize", "--event", "opened", "good"], 2),
        (["explode"], 2),
        (["--help"], 0),
        (["--version"], 0),
        (["summarize", "--help"], 0),
        (["validate", "-h"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_status_says_how_it_went(run: Program, arguments: list[str], status: int) -> None:
    """0 done, 1 bad news, 2 usage, 3 trouble; never a traceback."""
    (run.home / "good").write_bytes(log(record()))
    (run.home / "bad").write_bytes(log(record(event="x"), record()))
    (run.home / "warned").write_bytes(log(record(colour=1)))
    done = run(*arguments)
    assert done.status == status, done.stderr
    assert "Traceback" not in done.stderr


def summary(run: Program, *arguments: str) -> "dict[str, dict[str, int]]":
    found: dict[str, dict[str, int]] = json.loads(run("summarize", "--json", *arguments, "log").out)
    return found


def test_every_selecting_option_selects(run: Program) -> None:
    """Each option counts what it names and filters the rest, on both commands, and the ledger says how many."""
    (run.home / "log").write_bytes(
        log(
            record(),
            record(event="open", email="b@QQ.com", timestamp=1654064783),
            record(event="click", email="c@163.com", fromDomain="Other.example", timestamp=1654064883),
            record(event="delivered", bulkId="q", templateId=7, timestamp=1654064983),
            record(event="delivered", bulkId="q", templateId=7, timestamp=1654064983),
        )
    )
    cases = {
        ("--event", "open", "--event", "click"): 2,
        ("--domain", "qq.COM"): 1,
        ("--domain", "qq.com", "--domain", "163.com"): 2,
        ("--from-domain", "other.EXAMPLE"): 1,
        ("--email", "b@qq.com"): 1,
        ("--bulk-id", "q"): 2,
        ("--template", "7"): 2,
        ("--since", "1654064783"): 4,
        ("--until", "1654064783"): 1,
        ("--since", "2022-06-01T06:26:23", "--until", "2022-06-01T06:28:03Z"): 1,
        ("--since", "2022-06-01T14:26:23", "--tz", "Asia/Shanghai"): 4,
        ("--since", "30m"): 0,
        ("--until", "now"): 5,
    }
    for arguments, counted in cases.items():
        expected = {"lines": 5, "valid": 5, "invalid": 0, "blank": 0, "counted": counted, "filtered": 5 - counted}
        assert summary(run, *arguments)["records"] == {**expected, "duplicates": 0}, arguments
    validated = json.loads(run("validate", "--json", "--domain", "qq.com", "--dedupe", "log").out)["records"]
    assert (validated["counted"], validated["filtered"]) == (1, 4)
    records = summary(run, "--dedupe")["records"]
    assert (records["counted"], records["duplicates"]) == (4, 1)


def test_times_are_read_and_shown_in_the_machines_zone(run: Program) -> None:
    """Without --tz times are of the zone that TZ names; data is in UTC whatever the zone."""
    (run.home / "log").write_bytes(log(record()))
    done = run("summarize", "log", env={"TZ": "Asia/Shanghai"})
    assert "2022-06-01 14:24:43" in done.stdout
    assert "2022-06-01 02:24:43" in run("summarize", "--tz", "America/New_York", "log").stdout
    for zone in ("Asia/Shanghai", "UTC"):
        document = json.loads(run("summarize", "--json", "log", env={"TZ": zone}).out)
        assert document["period"] == {"first": "2022-06-01T06:24:43Z", "last": "2022-06-01T06:24:43Z"}


def test_invalid_lines_are_never_silent(run: Program) -> None:
    """Standard error says how many of how many lines are invalid, the first few, and how to see the rest."""
    (run.home / "log").write_bytes(log(*[record()] * 10) + b"a\nb\n\nc\nd\n")
    for form in ("table", "json", "csv", "markdown"):
        lines = run("summarize", "-f", form, "log").stderr.splitlines()
        assert lines[0] == "note: 4 of 15 lines are invalid and not counted"
        assert Counter(line.split(":")[1] for line in lines if line.startswith("log:")) == {"11": 1, "12": 1, "14": 1}
        assert "validate" in lines[-1]
        assert "--rejects" in lines[-1]


def test_the_largest_groups_are_shown_and_data_has_them_all(run: Program) -> None:
    """Tables have the largest 20 and a row for the rest, JSON has every group; --top all shows every one."""
    (run.home / "log").write_bytes(log(*(record(email=f"a@d{n:02}.example") for n in range(30) for _ in range(n + 1))))
    text = run("summarize", "log").stdout
    assert "d29.example" in text
    assert "d10.example" in text
    assert "d09.example" not in text
    assert "10 more" in text
    assert len(json.loads(run("summarize", "--json", "log").out)["domains"]) == 30
    assert "d09.example" in run("summarize", "--top", "all", "log").stdout
    assert "d28.example" not in run("summarize", "--top", "1", "log").stdout


def test_help_names_the_denominator_of_every_rate(run: Program) -> None:
    """`summarize --help` says what every rate is divided by."""
    text = " ".join(run("summarize", "--help").stdout.split())
    assert "Delivery rate is delivered / (delivered + bounce + dropped)" in text
    assert "bounce rate is bounce / (delivered + bounce + dropped)" in text
