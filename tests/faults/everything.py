"""All scenarios by name."""

from dataclasses import replace

from tests.faults.following import SummaryFollow
from tests.faults.listening import Listen
from tests.faults.replaying import Follow, Forward, Replay
from tests.faults.scenario import Scenario
from tests.faults.writing import CSV, DUCKDB, PARQUET, PARTITIONS, REPORT, STATE, SUMMARY

_ALL: list[Scenario] = [
    Listen(),
    Replay(),
    Replay("replay-resumed", resumed=True),
    Replay("replay-skip", unknown="skip"),
    Replay("replay-outputs", outputs=True, refused=("b1",)),
    Follow(),
    SummaryFollow(),
    Forward(),
    SUMMARY,
    STATE,
    CSV,
    PARQUET,
    PARTITIONS,
    DUCKDB,
    REPORT,
]
_OF_CRASHES: list[Scenario] = [
    Listen("listen", is_renamed=False),
    Listen("listen-renamed"),
    Listen("listen-large", is_renamed=False, pad=900, compress="gzip"),
    *(scenario for scenario in _ALL[1:] if scenario is not STATE),
    replace(STATE, bound=("log.jsonl", "more.jsonl")),  # a state knows its logs by name and inode
]
SCENARIOS = {scenario.name: scenario for scenario in _ALL}
CRASHES = {scenario.name: scenario for scenario in _OF_CRASHES}
"""Of `listen` once without a log that is renamed by others."""
