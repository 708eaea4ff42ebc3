"""Logs that nobody should have to read."""

import json
import os
import resource
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import LIMIT, Program
from tests.logs import LOGS, NEARLY, RECORD, line, log, record

MEMORY = 150 << 20  # bytes, of each process
BOM = b"\xef\xbb\xbf"
GOOD = log(record())
CORPUS: dict[str, tuple[bytes, set[str]]] = {
    "deep arrays": (b"[" * 100_000 + b"\n", {"not-json"}),
    "deep objects": (b'{"a":' * 100_000 + b"\n", {"not-json"}),
    "deep unknown field": (GOOD[:-2] + b',"x":' + b"[" * 900 + b"]" * 900 + b"}\n", {"not-json", "unknown-field"}),
    "lone surrogate": (GOOD.replace(b"551", b"\\ud83d"), {"not-json"}),
    "lone surrogate as bytes": (GOOD.replace(b"551", b"\xed\xa0\x80"), {"not-utf8"}),
    "overlong UTF-8": (GOOD.replace(b"551", b"\xc0\xaf"), {"not-utf8"}),
    "NUL block": (GOOD + b"\0" * 5_000_000 + b"\n" + GOOD, {"too-long"}),
    "small NUL block": (GOOD + b"\0" * 4096 + b"\n" + GOOD, {"not-json"}),
    "NUL block at the end": (GOOD + b"\0" * 4096, {"truncated"}),
    "long line": (GOOD + b'{"a":"' + b"x" * 20_000_000 + b'"}\n' + GOOD, {"too-long"}),
    "long line at the end": (GOOD + b"x" * 20_000_000, {"too-long"}),
    "long key": (GOOD[:-2] + b',"' + b"k" * 500_000 + b'":1}\n', {"unknown-field"}),
    "many keys": (line({f"k{n}": n for n in range(3000)}), {"missing-field", "unknown-field"}),
    "U+2028 in a string": (line(record(reason="a\u2028b\u2029c\x85d")), set()),
    "UTF-16 with a mark": (GOOD.decode().encode("utf-16"), {"not-utf8", "truncated"}),
    "UTF-16 LE": (GOOD.decode().encode("utf-16-le"), {"not-utf8", "truncated"}),
    "UTF-16 BE": (GOOD.decode().encode("utf-16-be"), {"not-utf8"}),
    "UTF-32": (GOOD.decode().encode("utf-32"), {"not-utf8", "truncated"}),
    "marks in the middle": (BOM + GOOD + BOM + GOOD + BOM + b"\n", {"byte-order-mark"}),
    "carriage returns only": (GOOD.replace(b"\n", b"\r") * 3, {"truncated"}),
    "CRLF": (GOOD.replace(b"\n", b"\r\n") * 3, set()),
    "blank lines": (b"\n\r\n \t\r\n" + GOOD, set()),
    "not a number": (b'{"event":NaN}\n{"event":-Infinity}\n', {"not-json"}),
    "huge number": (GOOD[:-2] + b',"x":' + b"9" * 400 + b"}\n", {"not-json"}),
    "long number": (GOOD[:-2] + b',"x":0.' + b"9" * 100_000 + b"}\n", {"unknown-field"}),
    "two documents": (GOOD[:-1] + GOOD, {"not-json"}),
    "pretty-printed": (json.dumps(RECORD, indent=2).encode() + b"\n", {"not-json"}),
    "a key twice": (b'{"event":1,' + GOOD[1:], {"duplicate-key"}),
    "an empty object": (b"{}\n", {"missing-field"}),
    "an empty key": (line(record(**{"": 1})), {"unknown-field"}),
    "a JSON string": (line(GOOD.decode()), {"not-object"}),
}  # fmt: skip


def test_hostile_logs_are_judged(run: Program) -> None:
    """Each hostile log is judged by its codes, and the ledger of them all balances."""
    for name, (data, _) in CORPUS.items():
        (run.home / name).write_bytes(data)
    done = run("validate", "-f", "ndjson", *CORPUS)
    begun = ["NUL block", "small NUL block"]  # by the log that was cut off in the block, a valid line included
    notes = [f"note: NUL block at the end is the beginning of {name}: what they share is read twice" for name in begun]
    assert (done.status, done.stderr.splitlines()) == (1, notes)
    found: dict[str, set[str]] = {name: set() for name in CORPUS}
    for told in map(json.loads, done.stdout.splitlines()):
        found[told["source"]].add(told["code"])
    assert found == {name: codes for name, (_, codes) in CORPUS.items()}
    records = json.loads(run("summarize", "--json", *CORPUS).out)["records"]
    assert records["lines"] == sum(data.count(b"\n") + (data[-1:] != b"\n") for data, _ in CORPUS.values())
    assert records["lines"] == records["valid"] + records["invalid"] + records["blank"]


@pytest.fixture
def limited(run: Program) -> list[str]:
    """A command line that runs the program and prints, on the last line of stderr, its peak memory in kilobytes."""
    code = (
        "import resource, subprocess, sys; status = subprocess.call(sys.argv[1:]);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(status)"
    )
    return [sys.executable, "-c", code, *run.argv]


def measured(run: Program, command: list[str]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        command,
        cwd=run.home,
        env=run.environment(),
        capture_output=True,
        timeout=LIMIT,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("is_compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("command", [["summarize", "--json"], ["validate", "--json"], ["validate", "--rejects", "bad"]],
                         ids=["summarize", "validate", "rejects"])  # fmt: skip
def test_memory_is_bounded(run: Program, limited: list[str], command: list[str], is_compressed: bool) -> None:
    """A line of 300 MB, ended or not, takes no more memory than a short one."""
    path = run.home / "log"
    if is_compressed:
        import gzip

        with gzip.open(path, "wb", 1) as file:
            for _ in range(300):
                file.write(b"x" * 1_000_000)
            file.write(b"\n" + GOOD)
    else:
        with path.open("wb") as plain:
            plain.truncate(300_000_000)  # zeros that take no room
            plain.seek(0, os.SEEK_END)
            plain.write(b"\n" + GOOD)
    done = measured(run, [*limited, *command, "log"])
    assert int(done.stderr.split()[-1]) * 1024 < MEMORY
    assert b"1 invalid" in done.stdout or b'"invalid": 1,' in done.stdout


def test_a_log_of_broken_lines_takes_bounded_memory(run: Program, limited: list[str]) -> None:
    """Broken lines pass through by the hundred thousand, each shown and kept in a rejects file."""
    (run.home / "log").write_bytes(b"x\n" * 140_000)
    done = measured(run, [*limited, "validate", "--rejects", "bad", "log"])
    assert int(done.stderr.split()[-1]) * 1024 < MEMORY
    assert b"140,000 invalid" in done.stdout
    assert (run.home / "bad").read_bytes().count(b"\n") == 140_000


SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6)


@SHARED
@given(data=LOGS)
def test_any_log_balances_in_the_real_program(run: Program, data: bytes) -> None:
    """Whatever the log, the real program ends with 0 or 1, its ledger balances, and no traceback shows."""
    done = run("validate", "--json", "-", stdin=b"\n" + data)
    assert done.status in (0, 1)
    assert done.stderr in ("", "note: the log is empty\n")
    records = json.loads(done.out)["records"]
    assert records["lines"] == records["valid"] + records["invalid"] + records["blank"]
    assert records["valid"] == records["counted"] + records["filtered"] + records["duplicates"]


LOCAL = st.text("abcxyz0123456789.+_-é ", min_size=1, max_size=12).map(lambda text: f"zq{text}zq")


@SHARED
@given(value=NEARLY, local=LOCAL, field=st.sampled_from(list(RECORD)),
       wrapped=st.booleans())  # fmt: skip
def test_addresses_are_in_no_message(
    run: Program, value: dict[str, object], local: str, field: str, wrapped: bool
) -> None:
    """Whatever field an address strays into, no message of validate shows it."""
    address = f"{local}@{local}.example"
    data = line({**value, field: [address] if wrapped else address})
    logs = data + b"x" + data + data[:-1] + data + data[:-3]
    for command in (["validate", "-f", "ndjson"], ["summarize", "--strict", "--by", "event"]):
        done = run(*command, "-", stdin=logs)
        assert local not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_escapes_in_a_log_stay_in_the_log(run: Program) -> None:
    """Escape sequences in keys, values and domains reach no terminal, in any format for eyes."""
    hostile = "\x1b]0;x\x07\x1b[31m\u202e\x9b"
    data = log(
        record(**{hostile: hostile}),
        record(event=hostile),
        record(email=f"a@b{hostile}"),
        record(**{"from": hostile, "fromDomain": hostile, "bulkId": hostile, "bounceType": hostile}),
        record(event="open", **{"from": hostile, "bulkId": hostile}),
    )
    by = [word for name in ("sender", "bulk-id", "from-domain") for word in ("--by", name)]
    for command in (
        ["validate"],
        ["validate", "-f", "markdown"],
        ["summarize", *by],
        ["summarize", *by, "-f", "markdown"],
    ):
        done = run(*command, "-", stdin=data)
        for forbidden in ("\x1b", "\x07", "\x9b", "\u202e"):
            assert forbidden not in done.stdout + done.stderr, command


def test_a_spreadsheet_runs_no_cell(run: Program) -> None:
    """In CSV and TSV a cell that a spreadsheet would run begins with a quote."""
    formula = "=HYPERLINK(1)"
    for form in ("csv", "tsv"):
        done = run("summarize", "--by", "sender", "-f", form, "-", stdin=log(record(**{"from": formula})))
        assert done.stdout.splitlines()[1].startswith(f"'{formula}")


def test_the_address_space_can_be_small(run: Program) -> None:
    """A 20 MB line passes where a process may not have 400 MB of address space."""
    data, _ = CORPUS["long line"]
    (run.home / "log").write_bytes(data)
    done = subprocess.run(
        [*run.argv, "summarize", "--json", "log"],
        cwd=run.home,
        env=run.environment(),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=LIMIT,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20)),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["problems"] == {"too-long": 1}
