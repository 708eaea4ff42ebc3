"""`read`: records as columns, taken by the libraries that users have."""

import gc
import os
import threading
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow as pa
import pytest

from ses_cli import Selection, Summary, Task, find, read, scan_sources
from ses_cli.engine import is_built
from ses_cli.errors import SourcesError, UsageError
from tests.logs import log, record

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "callbacks.jsonl")


def test_every_library_takes_it() -> None:
    """DuckDB, Polars, pandas and pyarrow have the counts of `Summary`, each by a reading of its own."""
    found = scan_sources(find([EXAMPLE])[0], Task(Summary)).fold.events()
    expected = {event: n for event, n in found.items() if n}
    records = read(EXAMPLE)
    for _ in range(2):
        assert dict(duckdb.execute("SELECT event, count(*) FROM records GROUP BY event").fetchall()) == expected
    assert dict(polars.DataFrame(records).group_by("event").len().iter_rows()) == expected
    assert pandas.DataFrame.from_arrow(records)["event"].value_counts().to_dict() == expected
    table = pa.table(records)
    assert table.schema == records.schema == records.reader().schema
    assert table.equals(records.reader().read_all())
    assert records.outcome.ledger.counted == sum(expected.values())


def test_columns_and_selection() -> None:
    """Only what is asked for is there, in the order asked for, and lines are those of the file."""
    few = read(EXAMPLE, columns=["line", "event"], selection=Selection(events=frozenset({"bounce"})))
    lines = [n for n, line in enumerate(Path(EXAMPLE).read_text().splitlines(), 1) if '"event":"bounce"' in line]
    assert pa.table(few).to_pydict() == {"line": lines, "event": ["bounce"] * len(lines)}
    with pytest.raises(UsageError, match='columns: no such column: "when"'):
        read(EXAMPLE, columns=["when"])


def test_what_is_left_midway_leaves_nothing_behind(tmp_path: Path) -> None:
    """Batches come while the log is read, with the collector on; and no thread stays of a stream that is let go."""
    (tmp_path / "log").write_bytes(log(record(reason="x" * 200)) * 100_000)
    before = threading.active_count()
    records = read(str(tmp_path / "log"), columns=["line"], jobs=2)
    batches = iter(records)
    assert next(batches)["line"][0].as_py() == 1
    assert records.outcome.ledger.lines < 100_000
    assert threading.active_count() > before or not is_built()
    del batches
    assert threading.active_count() == before
    assert gc.isenabled()


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A log that is not there, or is gone when it is read: no table is made that is not all of it."""
    with pytest.raises(SourcesError):
        read(EXAMPLE, str(tmp_path / "none"))
    (tmp_path / "log").write_bytes(log(record()))
    records = read(EXAMPLE, str(tmp_path / "log"), columns=["line"])
    (tmp_path / "log").unlink()
    with pytest.raises(SourcesError):
        list(records)
    with pytest.raises(pa.ArrowInvalid, match="no such file"):
        pa.table(records)
    with pytest.raises(duckdb.InvalidInputException, match="no such file"):
        duckdb.execute("SELECT count(*) FROM records").fetchall()


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    """A second reading of it says so, and has no empty table."""
    os.mkfifo(tmp_path / "pipe")
    data = log(record())
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    records = read(str(tmp_path / "pipe"), columns=["line"])
    assert pa.table(records).num_rows == 1
    writer.join()
    with pytest.raises(pa.ArrowInvalid, match="a pipe can be read once"):
        pa.table(records)
