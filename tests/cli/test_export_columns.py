"""Typed exports, read back by the libraries that users have."""

import io
import json
import os
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


def counted(run: Program, file: Path) -> dict[str, int]:
    """Records by event, as `summarize` has them."""
    events: dict[str, int] = json.loads(run("summarize", "--json", file).stdout)["events"]
    return {event: n for event, n in events.items() if n}


def asked(query: str) -> list[tuple[Any, ...]]:
    """What DuckDB answers."""
    with duckdb.connect() as database:
        return database.execute(query).fetchall()


def test_parquet_is_read_by_duckdb_polars_and_pyarrow(run: Program) -> None:
    """All three have the counts of `summarize`, and columns of the same types."""
    assert run("export", "-o", "out.parquet", EXAMPLE).status == 0
    file = str(run.home / "out.parquet")
    expected = counted(run, EXAMPLE)
    assert dict(asked(f"SELECT event, count(*) FROM '{file}' GROUP BY event")) == expected
    by_polars = polars.read_parquet(file, columns=["event"]).group_by("event").len()
    assert dict(by_polars.iter_rows()) == expected
    table = pq.read_table(file)
    assert {one["values"]: one["counts"] for one in table["event"].value_counts().to_pylist()} == expected
    types = {name: str(table.schema.field(name).type) for name in ("time", "email", "template_id", "line")}
    assert types == {
        "time": "timestamp[ms, tz=UTC]",
        "email": "string",
        "template_id": "int64",
        "line": "int64",
    }
    assert pa.types.is_map(table.schema.field("extra").type)


def test_values_are_those_of_the_record(run: Program) -> None:
    """Times, classes, decoded subjects and undocumented keys come through as they are; what is absent is null."""
    found = record(
        event="bounce",
        email="a@QQ.com",
        timestamp=1654064683,
        reason="550 5.1.1 no such user",
        bounceType="hard",
        subject="=?utf-8?B?5L2g5aW9?=",
        **{"X-Tencentcloudses-Cb-Id": "9"},
    )
    (run.home / "log").write_bytes(log(found))
    run("export", "-o", "out.parquet", "log")
    (row,) = pq.read_table(run.home / "out.parquet").to_pylist()
    assert row["time"] == datetime(2022, 6, 1, 6, 24, 43, tzinfo=UTC)
    assert (row["email_domain"], row["bounce_type"], row["bounce_class"]) == ("qq.com", "hard_bounce", "unknown-user")
    assert (row["subject"], row["extra"], row["link"]) == ("你好", [("X-Tencentcloudses-Cb-Id", "9")], None)
    assert (row["source"], row["line"]) == ("log", 1)


def test_a_stream_goes_through_a_pipe(run: Program) -> None:
    """-f arrow writes an IPC stream to standard output, with the columns asked for."""
    done = run("export", "-f", "arrow", "--columns", "event,time", EXAMPLE)
    table = pa.ipc.open_stream(io.BytesIO(done.out)).read_all()
    assert table.column_names == ["event", "time"]
    assert table.num_rows == 400


@pytest.mark.parametrize("by", ["day", "event", "from-domain"])
def test_a_folder_is_divided_as_hive_does(run: Program, by: str) -> None:
    """DuckDB reads the folder with its partitions, and nothing is lost or doubled."""
    assert run("export", "-o", "out", "-f", "parquet", "--partition-by", by, EXAMPLE).status == 0
    files = f"{run.home}/out/*/*.parquet"
    of = f"read_parquet('{files}', hive_partitioning=true)"
    ((rows, parts),) = asked(f"SELECT count(*), count(DISTINCT {by.replace('-', '_')}) FROM {of}")
    assert rows == 400
    assert parts == len(list((run.home / "out").iterdir()))
    again = run("export", "-o", "out", "-f", "parquet", "--partition-by", by, EXAMPLE)
    assert again.status == 3
    assert "out: not an empty directory" in again.stderr


def test_a_database_has_the_table(run: Program) -> None:
    """-o NAME.duckdb is a database with one table, replaced whole when it is written again."""
    for _ in range(2):
        assert run("export", "-o", "out.duckdb", EXAMPLE).status == 0
    with duckdb.connect(str(run.home / "out.duckdb"), read_only=True) as database:
        found = dict(database.execute("SELECT event, count(*) FROM callbacks GROUP BY event").fetchall())
    assert found == counted(run, EXAMPLE)
    assert sorted(path.name for path in run.home.iterdir()) == ["out.duckdb"]


def test_a_database_takes_the_place_of_no_pipe_or_link(run: Program) -> None:
    """What is no regular file stays what it is; behind a link the file is replaced, not the link."""
    os.mkfifo(run.home / "pipe")
    done = run("export", "-f", "duckdb", "-o", "pipe", EXAMPLE)
    assert done.status == 3
    assert done.stderr.startswith("error: pipe: not a regular file\n")
    assert (run.home / "pipe").is_fifo()
    (run.home / "link").symlink_to("real")
    assert run("export", "-f", "duckdb", "-o", "link", EXAMPLE).status == 0
    assert (run.home / "link").is_symlink()
    with duckdb.connect(str(run.home / "real"), read_only=True) as database:
        assert database.execute("SELECT count(*) FROM callbacks").fetchone() == (sum(counted(run, EXAMPLE).values()),)


@pytest.mark.parametrize("name", ["out.parquet", "out.arrow"])
def test_what_fails_beside_a_file_is_one_error(run: Program, name: str) -> None:
    """Rejects that cannot be written end the run with one message, and with nothing of the file."""
    (run.home / "log.jsonl").write_bytes(Path(EXAMPLE).read_bytes() + b"not JSON\n")
    done = run("export", "-o", name, "--rejects", "/dev/full", "log.jsonl")
    assert (done.status, done.stderr.count("\n")) == (3, 2), done.stderr
    assert done.stderr.startswith("error: /dev/full: no space left on device\n")
    assert sorted(path.name for path in run.home.iterdir()) == ["log.jsonl"]


def test_a_log_that_cannot_be_read_leaves_no_half_file(run: Program) -> None:
    """What could be written of a run that failed midway is not left under the name."""
    (run.home / "folder").mkdir()
    done = run("export", "-o", "folder/none/out.parquet", EXAMPLE)
    assert done.status == 3
    assert list((run.home / "folder").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-f duckdb", "--format duckdb needs -o: it cannot be streamed"),
        ("-f parquet --partition-by day", "--format parquet needs -o: it cannot be streamed"),
        ("-f csv --partition-by day", "--partition-by does nothing with --format csv"),
        ("-o out.arrow --partition-by day", "--partition-by does nothing with --format arrow"),
        ("-o out -f parquet --partition-by day --columns event", "--partition-by day needs the column time"),
        ("-o out.parquet --tz UTC", "--tz does nothing with --format parquet"),
        ("-o out.xlsx", "-o out.xlsx: no format is named .xlsx"),
    ],
)
def test_what_makes_no_file_is_refused(run: Program, words: str, said: str) -> None:
    """The message says what is missing, and nothing is written."""
    done = run("export", *words.split(), EXAMPLE)
    assert done.status == 2
    assert done.stderr.startswith(f"error: {said}")
    assert list(run.home.iterdir()) == []
