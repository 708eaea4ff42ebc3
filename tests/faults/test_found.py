"""Faults that have shown a defect once: each is played as it was found."""

from pathlib import Path

import pytest

from ses_cli.replay.results import Results
from tests.faults import calls
from tests.faults.crashes import State, start_on
from tests.faults.everything import CRASHES, SCENARIOS
from tests.faults.running import Run, Seen
from tests.faults.scenario import callback
from tests.faults.tracing import Fault, unavailable

FOUND = {
    "a log that was rotated cannot be closed: the next one is written all the same": (
        "listen",
        Fault("close", "{home}/log-20990101T000002Z.jsonl", 1, "error=ENOSPC"),
    ),
    "the directory of a journal cannot be synced: that is told": (
        "replay",
        Fault("fsync", "{home}", 1, "error=ENOSPC"),
    ),
    "a journal in use cannot be read: that is told": (
        "replay",
        Fault("pread64", "{home}/journal.db-wal", 7, "error=EIO"),
    ),
    "the last write to a DuckDB file fails: it is told, and no database without its table takes the name": (
        "export-duckdb",
        Fault("write", None, 6, "error=EIO"),
    ),
}


@pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))
@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_stays_mended(what: str) -> None:
    """The fault is told or got over, and nothing is lost."""
    scenario, fault = FOUND[what]
    played = calls.play(SCENARIOS[scenario], fault)
    assert played.happened
    assert not played.wrong


def test_a_journal_that_was_being_made_is_begun_again(tmp_path: Path) -> None:
    """A power cut left its size without its data, and what SQLite needs to take that back."""
    hot = bytes.fromhex("d9d505f920a163d7") + bytes(4) + b"once" + bytes(4) + bytes.fromhex("0000020000000400")
    log = b"".join(callback(f"{lane}{n}", f"{lane}@example.com") + b"\n" for n in range(4) for lane in "ab")
    files = {"journal.db": bytes(1024), "journal.db-journal": hot.ljust(512, b"\0"), "log.jsonl": log}
    run = Run(tmp_path)
    try:
        assert start_on(CRASHES["replay"], State(1, files, Seen(), tmp_path), run) == []
    finally:
        run.close()


def test_results_are_not_glued_to_a_partial_line(tmp_path: Path) -> None:
    """What a killed run left of its last line is ended, so that the next one stands for itself."""
    path = tmp_path / "results.ndjson"
    path.write_bytes(b'{"source"')
    Results(path).close()
    Results(path).close()
    assert path.read_bytes() == b'{"source"\n'
