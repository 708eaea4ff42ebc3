"""Formats for programs, read back by independent readers."""

import base64
import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from ses_cli.batch import Invalid
from ses_cli.events import Problem
from ses_cli.render.cells import bar, cell, share
from ses_cli.render.data import ndjson, rejects, separated
from ses_cli.render.markdown import markdown
from ses_cli.table import Column, Data, Kind, Table, Value

TEXT = st.text(st.characters(codec="utf-8"))
ROWS = st.lists(st.tuples(TEXT | st.sampled_from(["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", 'a"b', "a,b", "a\nb"]),
                          st.integers(0, 2**53), st.none() | st.booleans()))  # fmt: skip
NAMES = ("name", "n", "flag")
RUN = ("=", "+", "-", "@", "\t", "\r")


@given(ROWS)
def test_ndjson_holds_every_value(rows: list[tuple[Value, ...]]) -> None:
    """Each line is an object with the names and values of its row."""
    lines = b"".join(ndjson(Data(NAMES, rows))).splitlines() if rows else []
    assert [json.loads(line) for line in lines] == [dict(zip(NAMES, row, strict=True)) for row in rows]


@given(ROWS)
def test_csv_holds_every_value_and_runs_none(rows: list[tuple[str, int, bool | None]]) -> None:
    """A reader of CSV gets every value back, and none that a spreadsheet would run."""
    text = b"".join(separated(Data(NAMES, rows), ",")).decode()
    header, *found = csv.reader(io.StringIO(text, newline=""))
    assert tuple(header) == NAMES
    assert len(found) == len(rows)
    for (name, n, flag), cells in zip(rows, found, strict=True):
        assert cells == [
            f"'{name}" if name.startswith(RUN) else name,
            str(n),
            "" if flag is None else str(flag).lower(),
        ]
        assert not cells[0].startswith(RUN)


@given(ROWS)
def test_tsv_has_a_line_a_row(rows: list[tuple[str, int, bool | None]]) -> None:
    """Tab-separated rows stand on one line each, whatever their texts hold."""
    text = b"".join(separated(Data(NAMES, rows), "\t")).decode()
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    assert [len(cells) for cells in found] == [3] * (len(rows) + 1)
    assert text.count("\n") == len(rows) + 1
    assert not any(cells[0].startswith(RUN) for cells in found)


@given(ROWS)
def test_markdown_rows_have_their_columns(rows: list[tuple[str, int, bool | None]]) -> None:
    """A table in Markdown has one line a row, with as many cells as the heading, whatever the texts hold."""
    table = Table("t", [Column("name"), Column("n", Kind.COUNT), Column("flag", Kind.FLAG)], rows)
    lines = b"".join(markdown([table], None)).decode().split("\n")[2:-2]
    assert len(lines) == len(rows) + 2
    for line in lines:
        assert line.count("|") == 4


@given(st.floats(0, 1))
def test_a_share_is_never_rounded_to_nothing_nor_to_all(value: float) -> None:
    """Only nothing is 0.0%, only everything 100.0%; and only nothing has no bar."""
    assert (share(value) == "0.0%") == (value == 0)
    assert (share(value) == "100.0%") == (value == 1)
    assert (bar(value) == "") == (value == 0)
    assert len(bar(value)) <= 20


def test_what_is_not_there_is_a_dash() -> None:
    """A value that is not there shows as a dash, which no number is."""
    assert cell(None, Kind.SHARE) == cell(None, Kind.KEY) == "–"


@given(st.binary())
def test_rejects_hold_the_line_to_the_byte(raw: bytes) -> None:
    """A rejected line comes back byte for byte, as text where it is UTF-8 and as base64 where it is not."""
    problem = Problem("log", 3, 41, "not-json", "", "no", "a hint")
    (found,) = map(json.loads, rejects([Invalid([problem, problem], raw)]))
    problems = [{"code": "not-json", "path": "", "message": "no"}] * 2
    assert {name: found[name] for name in ("source", "line", "offset", "problems")} == {
        "source": "log",
        "line": 3,
        "offset": 41,
        "problems": problems,
    }
    kept = found["raw"].encode() if "raw" in found else base64.b64decode(found["raw_base64"], validate=True)
    assert kept == raw
    assert len(found) == 5
