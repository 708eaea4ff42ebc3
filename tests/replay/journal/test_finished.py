"""Logs that are finished: what is kept of them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from ses_cli.replay.journal import State
from ses_cli.replay.journal.finished import count_finished, finish, is_finished
from ses_cli.replay.journal.store import FINISHED, SCHEMA, write


@pytest.fixture
def base() -> Iterator[sqlite3.Connection]:
    """The tables of a journal, with 510 logs of which each callback is delivered."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as base:
        base.executescript(SCHEMA + FINISHED)
        for log in range(1, 511):
            base.execute("INSERT INTO log VALUES (?, 'log', ?)", (log, b"first"))
            base.execute("INSERT INTO cursor VALUES (?, ?, '{}', 90000, 9, 80000, ?, 8, NULL)", (log, log, b"end"))
            marks = [(log, offset, 1, 0, b"") for offset in range(10_000, 90_000, 10_000)]
            base.executemany("INSERT INTO mark VALUES (?, ?, ?, ?, ?)", marks)
        yield base


def counts(base: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {table: base.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("log", "cursor", "mark")}


def test_how_many_were_delivered_is_known_of_any_number(base: sqlite3.Connection) -> None:
    """Of the latest 500 it is known how they begin, and of all how many there were."""
    for log in range(1, 510):
        write(base, finish(log))
    assert count_finished(base) == (509, 509 * 8)
    assert [is_finished(base, log) for log in (9, 10, 509, 510)] == [False, True, True, False]
    assert counts(base) == {"log": 1, "cursor": 1, "mark": 2 * 500 + 8}


def test_a_log_of_which_something_is_open_is_not_finished(base: sqlite3.Connection) -> None:
    """What failed is to be sent again."""
    base.execute("INSERT INTO exception VALUES (7, 1, 0, x'', ?)", (int(State.FAILED),))
    write(base, finish(7))
    assert (count_finished(base), is_finished(base, 7)) == ((0, 0), False)
    base.execute("DELETE FROM exception")
    write(base, finish(7))
    assert (count_finished(base), is_finished(base, 7)) == ((1, 8), True)
