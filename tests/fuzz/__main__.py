"""The differential fuzzer: the native engine against the one in Python and the definition, on mutated lines.

    python -m tests.fuzz --lines 10000000 --seed 1 --state fuzz.json

Rounds of about 10,000 lines are played by number. The state file is written after each, and a run with the same file
goes on where the last one ended. Differences are printed, each with a line or block that shows it, and end it with
status 1. `--round N` plays one round again.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.fuzz.compare import Difference, play


def main() -> int:
    """Plays rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--state", type=Path, help="JSON, written after each round")
    parser.add_argument("--round", type=int, help="play this one only")
    options = parser.parse_args()
    if options.round is not None:
        return _tell(options.round, play(options.seed, options.round)[1])
    state = {"seed": options.seed, "rounds": 0, "lines": 0, "differences": 0}
    if options.state and options.state.exists():
        state = json.loads(options.state.read_text())
    for n, found in _rounds(state["seed"], state["rounds"], options.jobs):
        _tell(state["rounds"], found)
        state = {**state, "rounds": state["rounds"] + 1, "lines": state["lines"] + n}
        state["differences"] += len(found)
        if options.state:
            options.state.write_text(json.dumps(state) + "\n")
        if state["lines"] >= options.lines:
            break
    print(", ".join(f"{name} {value:,}" for name, value in state.items()))
    return 1 if state["differences"] else 0


def _rounds(seed: int, first: int, jobs: int) -> Iterator[tuple[int, list[Difference]]]:
    numbers = range(first, sys.maxsize)
    if jobs == 1:
        yield from map(partial(play, seed), numbers)
        return
    with get_context("spawn").Pool(jobs) as pool:
        for start in range(first, sys.maxsize, 8 * jobs):
            yield from pool.imap(partial(play, seed), range(start, start + 8 * jobs))


def _tell(number: int, found: list[Difference]) -> int:
    for one in found:
        where = f"round {number}, block {one.block}: {one.engine} differs in {', '.join(one.questions)}"
        print(f"{where}: {one.data[:2000]!r}", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
