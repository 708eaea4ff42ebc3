"""All scenarios by name."""

from tests.faults.listening import Listen
from tests.faults.replaying import Follow, Forward, Replay
from tests.faults.scenario import Scenario
from tests.faults.writing import CSV, DUCKDB, PARQUET, PARTITIONS, REPORT, SUMMARY

_ALL: list[Scenario] = [
    Listen(),
    Replay(),
    Replay("replay-resumed", resumed=True),
    Replay("replay-skip", unknown="skip"),
    Replay("replay-outputs", outputs=True, refused=("b1",)),
    Follow(),
    Forward(),
    SUMMARY,
    CSV,
    PARQUET,
    PARTITIONS,
    DUCKDB,
    REPORT,
]
SCENARIOS = {scenario.name: scenario for scenario in _ALL}
