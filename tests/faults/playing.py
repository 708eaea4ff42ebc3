"""A scenario played with all of its faults, or started on all of its crash states, and the figures of that."""

import random
import time
from collections import Counter

from tests.faults import calls, crashes
from tests.faults.scenario import Scenario

Figures = dict[str, int]
"""`faults`, or `states` of `possible` ones; those `wrong`, `seconds`; of calls also `CALL failed` and `CALL killed`."""


def play_calls(
    scenario: Scenario, seed: int, jobs: int, *, is_all: bool = False, most: int | None = None, only: str | None = None
) -> Figures:
    """Plays it once for each call that can fail, or `most` of them, and prints the faults that show something."""
    rng = random.Random(f"{seed} {scenario.name}")
    begun = time.monotonic()
    planned = calls.plan(scenario, rng, is_all or bool(only))
    faults = [fault for fault in planned.faults if only in (None, str(fault))]
    if most and len(faults) > most:
        faults = rng.sample(faults, most)
    counts: Counter[str] = Counter(wrong=0)
    for played in calls.play_all(scenario, faults, jobs):
        action = "killed" if "signal" in played.fault.action else "failed"
        counts[f"{played.fault.call} {action}"] += played.happened
        counts["missed"] += not played.happened
        counts["wrong"] += bool(played.wrong)
        if played.wrong:
            print(f"{scenario.name}: {played.fault}", *played.wrong, sep="\n    ", flush=True)
    counts["faults"], counts["ambiguous"] = len(faults), planned.ambiguous
    return _told(scenario, counts, begun)


def play_crashes(
    scenario: Scenario, seed: int, jobs: int, states: int, *, most: int | None = None, only: int | None = None
) -> Figures:
    """Starts the program on each state, `states` at a call at most, or `most` of them by the seed.

    Prints those that it fails on.
    """
    begun = time.monotonic()
    counts: Counter[str] = Counter(wrong=0)
    with calls.folder_of_its_own() as folder:
        record = crashes.record(scenario, seed, folder)
        numbers = [state.number for state in crashes.states(record, states)]
        chosen = {only} if only else set(numbers)
        if most and len(chosen) > most:
            chosen = set(random.Random(record.seed).sample(numbers, most))
        counts["possible"] = len(numbers)
        found = (state for state in crashes.states(record, states) if state.number in chosen)
        for state, wrong in crashes.start_all(scenario, found, jobs):
            counts["states"] += 1
            counts["wrong"] += bool(wrong)
            if wrong:
                files = {name: (len(text), text[-40:]) for name, text in state.files.items()}
                print(f"{scenario.name}: state {state.number}", *wrong, files, sep="\n    ", flush=True)
    return _told(scenario, counts, begun)


def _told(scenario: Scenario, counts: Counter[str], begun: float) -> Figures:
    counts["seconds"] = round(time.monotonic() - begun)
    print(f"{scenario.name}: {dict(counts)}", flush=True)
    return dict(counts)
