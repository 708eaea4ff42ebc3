"""All scenarios by name."""

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
    Listen("listen-large", is_renamed=False, pad=900, compress="gzip"),
    *_ALL[1:],
]
SCENARIOS = {scenario.name: scenario for scenario in _ALL}
CRASHES = {scenario.name: scenario for scenario in _OF_CRASHES}
"""`listen` without a log that is renamed by others."""
