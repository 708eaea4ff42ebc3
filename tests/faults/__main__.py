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
import sys
from pathlib import Path

from tests.faults.everything import CRASHES, SCENARIOS
from tests.faults.playing import Figures, play_calls, play_crashes
from tests.faults.scenario import Scenario
from tests.faults.tracing import unavailable


def main() -> int:
    """Plays what was asked for."""
    options = _options()
    if reason := unavailable():
        print(f"nothing was tested: {reason}", file=sys.stderr)
        return 2
    wrong = 0
    scenarios = CRASHES if options.crashes else SCENARIOS
    for name in options.scenario or list(scenarios):
        figures = _play(scenarios[name], options)
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
    parser.add_argument("--most", type=int, help="a sample of so many faults or states of each scenario")
    parser.add_argument("--only", help="the fault that is printed so, or the number of the state")
    parser.add_argument("--crashes", action="store_true", help="crash states, not calls that fail")
    parser.add_argument("--states", type=int, default=40, help="crash states at each call, at most")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--record", type=Path, help="append the figures to this file, as NDJSON")
    return parser.parse_args()


def _play(scenario: Scenario, options: argparse.Namespace) -> Figures:
    seed, jobs, most, only = options.seed, options.jobs, options.most, options.only
    if options.crashes:
        return play_crashes(scenario, seed, jobs, options.states, most=most, only=int(only) if only else None)
    return play_calls(scenario, seed, jobs, is_all=options.all, most=most, only=only)


if __name__ == "__main__":
    sys.exit(main())
