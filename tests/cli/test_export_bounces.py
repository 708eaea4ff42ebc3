"""`export --bounces`: one row an address, read back as what `bounces --json` says."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import Program
from tests.logs import log, record

EXAMPLE = Path(__file__).parents[2] / "examples" / "callbacks.jsonl"
TYPES = {
    **dict.fromkeys(("email", "domain", "bounce_type", "class", "action", "rule"), "string"),
    "count": "int64",
    **dict.fromkeys(("first", "last"), "timestamp[ms, tz=UTC]"),
    **dict.fromkeys(("reason", "reply_code", "enhanced_code"), "string"),
    "from_domains": "list<item: string>",
    "templates": "list<item: int64>",
    "delivered_since": "bool",
    "event": "string",
}


def shown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with times as JSON has them."""
    for row in rows:
        for name in ("first", "last"):
            row[name] = row[name].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return rows


@pytest.mark.parametrize("event", ["bounce", "deferred"])
def test_typed_rows_are_those_of_json(run: Program, event: str) -> None:
    """Parquet, Arrow and DuckDB have the same rows in the same order, each value by its own type."""
    asked = ("--event", event, "--tz", "UTC", EXAMPLE)
    expected = json.loads(run("bounces", "--json", *asked).stdout)["bounces"]
    assert expected
    for name in ("out.parquet", "out.duckdb"):
        assert run("export", "--bounces", "--event", event, "-o", name, EXAMPLE).status == 0
    table = pq.read_table(run.home / "out.parquet")
    assert {field.name: str(field.type).replace("element", "item") for field in table.schema} == TYPES
    assert shown(table.to_pylist()) == expected
    assert shown(polars.read_parquet(run.home / "out.parquet").to_dicts()) == expected
    stream = pa.ipc.open_stream(run("export", "--bounces", "--event", event, "-f", "arrow", EXAMPLE).out).read_all()
    assert stream.cast(table.schema).equals(table)
    with duckdb.connect(str(run.home / "out.duckdb"), read_only=True) as database:
        database.execute("SET TimeZone = 'UTC'")
        found = database.execute("FROM bounces")
        names = [column[0] for column in found.description or ()]
        assert shown([dict(zip(names, row, strict=True)) for row in found.fetchall()]) == expected


@pytest.mark.parametrize("form", ["csv", "tsv", "ndjson"])
def test_rows_of_text_are_those_of_bounces(run: Program, form: str) -> None:
    """CSV, TSV and NDJSON are what `bounces` writes, to a file and to standard output; --columns takes some."""
    expected = run("bounces", "-f", form, EXAMPLE).out
    assert run("export", "--bounces", "-f", form, EXAMPLE).out == expected
    run("export", "--bounces", "-o", f"out.{form}", EXAMPLE)
    assert (run.home / f"out.{form}").read_bytes() == expected
    few = run("export", "--bounces", "-f", form, "--columns", "count,email", EXAMPLE).stdout.splitlines()
    first = json.loads(run("bounces", "--json", EXAMPLE).stdout)["bounces"][0]
    count, email = first["count"], first["email"]
    rows = {"csv": f"{count},{email}", "tsv": f"{count}\t{email}", "ndjson": f'{{"count":{count},"email":"{email}"}}'}
    assert few[form != "ndjson"] == rows[form]


def test_what_fits_into_no_column_is_left_out(run: Program) -> None:
    """A template beyond 63 bits is not there; a log without bounces makes a file without rows."""
    found = [record(event="bounce", templateId=n, timestamp=1654064683) for n in (2**63, 7)]
    (run.home / "log").write_bytes(log(*found))
    run("export", "--bounces", "-o", "out.parquet", "log")
    (row,) = pq.read_table(run.home / "out.parquet").to_pylist()
    assert (row["templates"], row["count"]) == ([7], 2)
    assert row["last"] == datetime(2022, 6, 1, 6, 24, 43, tzinfo=UTC)
    (run.home / "log").write_bytes(log(record(event="open")))
    empty = run("export", "--bounces", "-f", "parquet", "--columns", "email", "log").out
    assert pq.read_table(io.BytesIO(empty)).num_rows == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "--bounces does nothing with --format table"),
        ("-f raw", "--bounces does nothing with --format raw"),
        ("-f csv --event open", "--bounces does nothing with --event open"),
        ("-f csv --event bounce,dropped", "--bounces lists events of one type, not bounce and dropped"),
        ("-f ndjson --redact key", "--redact does nothing with --bounces"),
        ("-o out -f parquet --partition-by day", "--partition-by does nothing with --bounces"),
        ("-f csv --columns email,time", '--columns: no such column: "time"'),
        ("-f duckdb", "--format duckdb needs -o"),
        ("-o out.parquet --tz UTC", "--tz does nothing with --format parquet"),
    ],
)
def test_what_would_do_nothing_is_refused(run: Program, words: str, said: str) -> None:
    """The message says what, and nothing is written."""
    done = run("export", "--bounces", *words.split(), EXAMPLE)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {said}")
    assert list(run.home.iterdir()) == []
