"""Faults that have shown a defect once: each is played as it was found."""

import pytest

from tests.faults import calls
from tests.faults.everything import SCENARIOS
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
}


@pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))
@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_stays_mended(what: str) -> None:
    """The fault is told or got over, and nothing is lost."""
    scenario, fault = FOUND[what]
    played = calls.play(SCENARIOS[scenario], fault)
    assert played.happened
    assert not played.wrong
