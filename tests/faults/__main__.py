"""Every call fails once, and every crash state is started on: all of it, for all scenarios or some.

    python -m tests.faults --seed 1                      each call once with an error, once with a kill
    python -m tests.faults --seed 1 --all                each call with every error that fits
    python -m tests.faults --scenario listen --only "fsync#2 {home} error=EIO"
    python -m tests.faults --crashes --seed 1            crash states: at each call up to --states of them
    python -m tests.faults --crashes --scenario replay --only 31

What is wrong is printed with the fault that shows it; the status is then 1. It needs strace, and permission to trace.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

from tests.faults import calls, crashes
from tests.faults.everything import CRASHES, SCENARIOS
from tests.faults.scenario import Scenario
from tests.faults.tracing import unavailable


def main() -> int:
    """Plays what was asked for."""
    options = _options()
    if reason := unavailable():
        print(f"nothing was tested: {reason}", file=sys.stderr)
        return 2
    wrong = 0
    scenarios, play = (CRASHES, _crashes) if options.crashes else (SCENARIOS, _calls)
    for name in options.scenario or list(scenarios):
        figures = play(scenarios[name], options)
        wrong += figures["wrong"]
        if options.record:
            with options.record.open("a") as file:
                file.write(json.dumps({"scenario": name, **figures}) + "\n")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenario", action="append", choices=sorted({*SCENARIOS, *CRASHES}))
    parser.add_argument("--all", action="store_true", help="every error that fits, not one for each call")
    parser.add_argument("--most", type=int, help="a sample of so many faults of each scenario")
    parser.add_argument("--only", help="the fault that is printed so, or the number of the state")
    parser.add_argument("--crashes", action="store_true", help="crash states, not calls that fail")
    parser.add_argument("--states", type=int, default=40, help="crash states at each call, at most")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--record", type=Path, help="append the figures to this file, as NDJSON")
    return parser.parse_args()


def _calls(scenario: Scenario, options: argparse.Namespace) -> dict[str, int]:
    rng = random.Random(f"{options.seed} {scenario.name}")
    begun = time.monotonic()
    planned = calls.plan(scenario, rng, options.all or bool(options.only))
    faults = [fault for fault in planned.faults if options.only in (None, str(fault))]
    if options.most and len(faults) > options.most:
        faults = rng.sample(faults, options.most)
    counts: Counter[str] = Counter()
    for played in calls.play_all(scenario, faults, options.jobs):
        action = "killed" if "signal" in played.fault.action else "failed"
        counts[f"{played.fault.call} {action}"] += played.happened
        counts["missed"] += not played.happened
        counts["wrong"] += bool(played.wrong)
        if played.wrong:
            print(f"{scenario.name}: {played.fault}", *played.wrong, sep="\n    ", flush=True)
    counts["faults"], counts["ambiguous"] = len(faults), planned.ambiguous
    counts["seconds"] = round(time.monotonic() - begun)
    print(f"{scenario.name}: {dict(counts)}", flush=True)
    return dict(counts) | {"wrong": counts["wrong"]}


def _crashes(scenario: Scenario, options: argparse.Namespace) -> dict[str, int]:
    begun, most = time.monotonic(), options.most
    found = (
        state
        for state in crashes.states(scenario, options.seed, options.states)
        if options.only in (None, str(state.number)) and (most is None or state.number <= most)
    )
    counts: Counter[str] = Counter()
    for state, wrong in crashes.start_all(scenario, found, options.jobs):
        counts["states"] += 1
        counts["wrong"] += bool(wrong)
        if wrong:
            files = {name: (len(text), text[-40:]) for name, text in state.files.items()}
            print(f"{scenario.name}: state {state.number}", *wrong, files, sep="\n    ", flush=True)
    counts["seconds"] = round(time.monotonic() - begun)
    print(f"{scenario.name}: {dict(counts)}", flush=True)
    return dict(counts) | {"wrong": counts["wrong"]}


if __name__ == "__main__":
    sys.exit(main())
