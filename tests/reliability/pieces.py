"""What there is to play, in pieces, and the record of those that were."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.faults.everything import CRASHES, SCENARIOS
from tests.faults.playing import Figures, play_calls, play_crashes
from tests.faults.tracing import unavailable
from tests.simulation.many import play_many

PARTS = ("crashes", "calls", "worlds", "hostile", "fuzz")
_AT_A_CALL, _OF_A_SCENARIO = 200, 4500  # crash states, at most
_CHUNK = 20_000  # worlds
_HOUR = 3600


class Piece(NamedTuple):
    """Something to play."""

    name: str
    play: Callable[[], Figures]


class Record:
    """The figures of the pieces that were played, in a file: a line for the seed, and one for each piece."""

    def __init__(self, path: Path, seed: int) -> None:
        """`seed` is that of a new record."""
        self.done: dict[str, Figures] = {}
        self._path = path
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        self.seed = int(lines[0]["seed"]) if lines else seed
        self.done = {line["piece"]: line["figures"] for line in lines[1:]}
        if not lines:
            self._write({"seed": seed})

    def add(self, piece: str, figures: Figures) -> None:
        """A piece was played."""
        self.done[piece] = figures
        self._write({"piece": piece, "figures": figures})

    def _write(self, line: dict[str, object]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def pieces(parts: Collection[str], seed: int, jobs: int, worlds: int) -> Iterator[Piece]:
    """All pieces of some parts, in the order in which they are played."""
    if reason := unavailable():
        print(f"no calls and no crash states: {reason}", file=sys.stderr)
        parts = [part for part in parts if part not in ("crashes", "calls")]
    if "crashes" in parts:
        for name, scenario in CRASHES.items():
            play = partial(play_crashes, scenario, seed, jobs, _AT_A_CALL, most=_OF_A_SCENARIO)
            yield Piece(f"crashes {name}", play)
    if "calls" in parts:
        for name, scenario in SCENARIOS.items():
            yield Piece(f"calls {name}", partial(play_calls, scenario, seed, jobs, is_all=True))
    if "worlds" in parts:
        for first in range(seed, seed + worlds, _CHUNK):
            count = min(_CHUNK, seed + worlds - first)
            yield Piece(f"worlds {first}+{count}", partial(_play_worlds, first, count, jobs))
    if "hostile" in parts:
        yield Piece("hostile", partial(_run, "pytest", "-q", "tests/hostile"))
    if "fuzz" in parts:
        for target in ("line", "http"):
            yield Piece(f"fuzz {target}", partial(_run, "tests.fuzz.guided", target, "--seconds", str(_HOUR)))


def _play_worlds(first: int, count: int, jobs: int) -> Figures:
    begun = time.monotonic()
    counts: Counter[str] = Counter(wrong=0)
    for found, kinds in play_many(first, count, jobs):
        counts += kinds
        counts["wrong"] += len(found)
        for seed, said in found:
            print(f"seed {seed}: {said}\n  python -m tests.simulation --seed {seed}", flush=True)
    return {**counts, "wrong": counts["wrong"], "seconds": round(time.monotonic() - begun)}


def _run(*module: str) -> Figures:
    begun = time.monotonic()
    status = subprocess.run([sys.executable, "-m", *module], check=False).returncode
    return {"wrong": int(status != 0), "seconds": round(time.monotonic() - begun)}
