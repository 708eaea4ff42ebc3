"""Simulated worlds: a replay and its journal, or a receiver's log, with clock, network and disk made by a seed.

python -m tests.simulation --seed 17             one world, with its trace
python -m tests.simulation --runs 1000000        many, from seed 0 on; failing seeds are printed
python -m tests.simulation --runs 1000000 --first 5000000 --jobs 2
"""

import argparse
import sys
import time
from collections import Counter
from math import inf

from .judge import Broken
from .many import begin, play_many, today
from .trace import show


def main() -> int:
    """Plays worlds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="play this one, and print what happened")
    parser.add_argument("--runs", type=int, default=10_000, help="worlds to play")
    parser.add_argument("--first", type=int, default=today(), help="seed of the first")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=inf, help="begin no more worlds after this time")
    options = parser.parse_args()
    if options.seed is not None:
        return _one(options.seed)
    failed, kinds, begun = [], Counter[str](), time.perf_counter()
    for found, counted in play_many(options.first, options.runs, options.jobs):
        failed += found
        kinds += counted
        for seed, said in found:
            print(f"seed {seed}: {said}\n  python -m tests.simulation --seed {seed}", flush=True)
        if time.perf_counter() - begun > options.seconds:
            break
    seconds = time.perf_counter() - begun
    print(f"{kinds['worlds']:,} worlds from seed {options.first} in {seconds:.0f} s, {len(failed)} failed")
    print(", ".join(f"{kinds[kind]:,} {kind}" for kind in sorted(kinds)))
    return 1 if failed else 0


def _one(seed: int) -> int:
    game = begin(seed)
    try:
        game.world.play()
    finally:
        print(show(game.plan, game.world.clock.events))
    try:
        game.judge(game.world.clock.events)
    except Broken as broken:
        print(f"seed {seed}: {broken}")
        return 1
    print(f"seed {seed}: all holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
