"""A few of all faults, others each day."""

import random
import warnings
from datetime import UTC, datetime

import pytest

from tests.faults import calls
from tests.faults.everything import SCENARIOS
from tests.faults.tracing import unavailable

_SEED = int(datetime.now(UTC).strftime("%Y%m%d"))
_FAULTS = 5
_QUICK = ("output", "replay", "replay-resumed", "replay-outputs", "listen")


def test_a_call_that_fails_loses_nothing_and_is_told() -> None:
    """Whatever call fails, or is the last one before a kill, what was promised holds, and the next start goes on."""
    if reason := unavailable():
        warnings.warn(f"NO FAULT WAS TESTED: {reason}", stacklevel=1)
        pytest.skip(f"no fault was tested: {reason}")
    rng = random.Random(_SEED)
    scenario = SCENARIOS[rng.choice(_QUICK)]
    print(f"python -m tests.faults --seed {_SEED} --scenario {scenario.name}")
    faults = calls.plan(scenario, rng, is_all=True).faults
    for played in calls.play_all(scenario, rng.sample(faults, min(_FAULTS, len(faults))), jobs=2):
        assert not played.wrong, f"python -m tests.faults --scenario {scenario.name} --only '{played.fault}'"
