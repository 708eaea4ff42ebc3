"""A few of all faults, others each day."""

import random
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults import calls, crashes
from tests.faults.everything import CRASHES, SCENARIOS
from tests.faults.tracing import unavailable

_SEED = int(datetime.now(UTC).strftime("%Y%m%d"))
_FAULTS, _STATES = 4, 12
_QUICK = ("output", "replay", "replay-resumed", "replay-outputs", "listen")


def test_a_call_that_fails_loses_nothing_and_is_told() -> None:
    """Whatever call fails, or is the last one before a kill, what was promised holds, and the next start goes on."""
    _need_strace()
    rng = random.Random(_SEED)
    scenario = SCENARIOS[rng.choice(_QUICK)]
    print(f"python -m tests.faults --seed {_SEED} --scenario {scenario.name}")
    faults = calls.plan(scenario, rng, is_all=True).faults
    for played in calls.play_all(scenario, rng.sample(faults, min(_FAULTS, len(faults))), jobs=2):
        assert not played.wrong, f"python -m tests.faults --scenario {scenario.name} --only '{played.fault}'"


def test_what_a_power_cut_leaves_can_be_gone_on_with(tmp_path: Path) -> None:
    """Whatever of the data and names that were not synced is there, what was promised holds after the next start."""
    _need_strace()
    rng = random.Random(_SEED + 1)
    scenario = CRASHES[rng.choice(_QUICK)]
    found = list(crashes.states(crashes.record(scenario, _SEED, tmp_path), 4))
    some = iter(rng.sample(found, min(_STATES, len(found))))
    for state, wrong in crashes.start_all(scenario, some, jobs=2):
        only = f"--seed {_SEED} --states 4 --only {state.number}"
        assert not wrong, f"python -m tests.faults --crashes --scenario {scenario.name} {only}"


def _need_strace() -> None:
    if reason := unavailable():
        warnings.warn(f"NO FAULT WAS TESTED: {reason}", stacklevel=1)
        pytest.skip(f"no fault was tested: {reason}")
