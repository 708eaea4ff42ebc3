"""`export`: the selected records as lines, rows and a table."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from tests.conftest import Program
from tests.logs import log, record

EXAMPLE = Path(__file__).parents[2] / "examples" / "callbacks.jsonl"
OFFICIAL = EXAMPLE.with_name("official.jsonl")


@pytest.mark.parametrize("engine", ["python", "native"])
def test_raw_is_what_was_captured(run: Program, engine: str) -> None:
    """-f raw writes the selected lines byte for byte, in the order of the log."""
    lines = EXAMPLE.read_bytes().splitlines(keepends=True)
    done = run("export", "-f", "raw", "--event", "bounce,open", EXAMPLE, env={"SES_EVENTS_ENGINE": engine})
    assert done.out == b"".join(line for line in lines if b'"event":"bounce"' in line or b'"event":"open"' in line)


def test_raw_of_lines_with_marks_and_blanks(run: Program) -> None:
    """What is not valid is left out; a byte order mark, odd white space and CRs stay; each line ends with a newline."""
    odd = b'\xef\xbb\xbf{ "event" : "open", "email":"a@x.example","bulkId":"q","timestamp":1 }'
    lines = [odd + end for end in (b"  \r\n", b"\n", b"\r\r\n", b"\r")]
    (run.home / "log").write_bytes(b"\n" + lines[0] + b"{}\n" + b"".join(lines[1:]))
    for engine in ("python", "native"):
        done = run("export", "-f", "raw", "log", env={"SES_EVENTS_ENGINE": engine})
        assert done.out == b"".join(lines) + b"\n"


def test_ndjson_is_a_log_in_todays_spelling(run: Program) -> None:
    """-f ndjson has each record in the documentation's newest spelling, and reads as before."""
    done = run("export", "-o", "new.jsonl", OFFICIAL)
    assert done.status == 0
    before, after = (json.loads(run("summarize", "--json", file).stdout) for file in (OFFICIAL, "new.jsonl"))
    assert {**before, "sources": []} == {**after, "sources": []}
    assert (run.home / "new.jsonl").read_text().count("\n") == 3


def test_csv_has_a_row_a_record_with_what_follows_from_it(run: Program) -> None:
    """Times, classes, the source and the line stand beside the payload's own fields."""
    records = [
        record(event="bounce", reason="550 5.1.1 no such user", bounceType="hard", email="a@QQ.com", templateId=7),
        record(event="open", subject="=?utf-8?B?5L2g5aW9?=", **{"X-Tencentcloudses-Cb-Id": "9", "odd": [1]}),
    ]
    (run.home / "log").write_bytes(b"\n" + log(*records))
    rows = list(csv.DictReader(io.StringIO(run("export", "-f", "csv", "log").stdout)))
    assert [row["event"] for row in rows] == ["bounce", "open"]
    bounce, opened = rows
    shown = ("email_domain", "bounce_type", "bounce_class", "bounce_action", "template_id", "source", "line")
    assert [bounce[name] for name in shown] == [*("qq.com", "hard_bounce", "unknown-user", "suppress", "7", "log", "2")]
    assert bounce["time"].endswith("Z")
    assert opened["subject"] == "你好"
    assert json.loads(opened["extra"]) == {"X-Tencentcloudses-Cb-Id": "9", "odd": "[1]"}
    few = run("export", "-f", "tsv", "--columns", "line,email", "log").stdout.splitlines()
    assert few == ["line\temail", "2\ta@QQ.com", f"3\t{records[1]['email']}"]


def test_csv_takes_no_other_library(run: Program) -> None:
    """CSV, of records and of addresses, is written without pyarrow, which Parquet and `read` ask for."""
    expected = [run("export", *asked, "-f", "csv", EXAMPLE).out for asked in ((), ("--bounces",))]
    (run.home / "pyarrow.py").write_text("raise ModuleNotFoundError(name='pyarrow')")
    known = run.environment().get("PYTHONPATH")
    env = {"PYTHONPATH": os.pathsep.join([str(run.home), *([known] if known else [])])}
    assert [run("export", *asked, "-f", "csv", EXAMPLE, env=env).out for asked in ((), ("--bounces",))] == expected
    refused = run("export", "-o", "out.parquet", EXAMPLE, env=env)
    assert (refused.status, refused.stderr.splitlines()) == (
        2,
        ["error: --format parquet: pyarrow is not installed", "hint: pip install 'ses-events[export]'"],
    )


def test_line_numbers_are_those_of_the_file_whatever_the_workers(run: Program) -> None:
    """Rows name their source and line in it, with any number of workers and either engine."""
    for name in ("a", "b"):
        records = (record(bulkId=f"{name}-{n}", reason="x" * 200) for n in range(20_000))
        (run.home / name).write_bytes(log(*records))
    command = ("export", "-f", "csv", "--columns", "source,line,bulk_id", "a", "b")
    outs = {
        run(*command, "-j", jobs, env={"SES_EVENTS_ENGINE": engine}).out
        for jobs in ("1", "3")
        for engine in ("python", "native")
    }
    (out,) = outs
    rows = list(csv.reader(io.StringIO(out.decode())))[1:]
    assert rows == [[name, str(n + 1), f"{name}-{n}"] for name in ("a", "b") for n in range(20_000)]


def test_a_redacted_log_reads_as_before(run: Program) -> None:
    """With --redact the counts by type and domain, the bounces and their classes are the same, and no address is."""
    (run.home / "key").write_text("0123456789abcdef0123456789abcdef")
    assert run("export", "--redact", "key", "-o", "new.jsonl", EXAMPLE).status == 0
    made = (run.home / "new.jsonl").read_text()
    emails = {json.loads(line)["email"] for line in EXAMPLE.open()}
    assert not [email for email in emails if email in made]
    counts = ("summarize", "--json", "--by", "event", "--by", "domain", "--by", "template")
    before, after = (json.loads(run(*counts, file).stdout) for file in (EXAMPLE, "new.jsonl"))
    assert {**before, "sources": []} == {**after, "sources": []}
    before, after = (json.loads(run("bounces", "--json", file).stdout) for file in (EXAMPLE, "new.jsonl"))
    assert [before["classes"], before["actions"]] == [after["classes"], after["actions"]]


def test_the_table_ends_with_the_newest(run: Program) -> None:
    """Without a format the records are shown by time, the newest last, whatever their order in the log."""
    records = [record(email=f"p{n}@x.example", timestamp=1_700_000_000 + n) for n in (2, 0, 1)]
    (run.home / "log").write_bytes(log(*records))
    shown = run("export", "log").stdout
    assert [shown.index(f"p{n}@x.example") for n in range(3)] == sorted(
        shown.index(f"p{n}@x.example") for n in range(3)
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--columns time", "--columns does nothing with --format table"),
        ("-f raw --columns time", "--columns does nothing with --format raw"),
        ("-f csv --columns time,when", '--columns: no such column: "when"'),
        ("-f csv --columns time,time", "--columns: time is given twice"),
        ("-f csv --redact key", "--redact does nothing with --format csv"),
        ("-f raw --redact key", "--redact: raw has the bytes that were captured"),
        ("-f ndjson --redact none", "none: no such file or directory"),
        ("-f ndjson --redact short", "the key has 5 bytes, and 16 are needed"),
        ("-f ndjson --redact-domains", "--redact-domains does nothing without --redact"),
        ("-f raw -o log", "-o log"),
    ],
)
def test_what_does_not_go_together_is_refused(run: Program, words: str, said: str) -> None:
    """Nothing is written, and the message says why."""
    (run.home / "log").write_bytes(log(record()))
    (run.home / "key").write_bytes(b"k" * 32)
    (run.home / "short").write_bytes(b"short")
    done = run("export", *words.split(), "log")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {said}")
    assert (run.home / "log").read_bytes() == log(record())
