"""Every crash state: what a power cut may leave of a scenario is laid out, and the program is started on it."""

import hashlib
import random
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tests.faults.calls import begin, folder_of_its_own
from tests.faults.disk import Disk, names_in
from tests.faults.others import Change
from tests.faults.running import Run, Seen
from tests.faults.scenario import Scenario
from tests.faults.tracing import Call, parse


@dataclass(frozen=True)
class State:
    """Files by their path below the directory, and what the world had seen by then."""

    number: int
    files: dict[str, bytes]
    seen: Seen
    origin: Path  # where it was recorded


@dataclass
class World:
    """What was seen outside, as the calls of a record tell it."""

    answers: dict[str, int]
    arrivals: list[str] = field(default_factory=list)
    _asked: dict[str, list[str]] = field(default_factory=dict)  # by connection

    def see(self, call: Call) -> None:
        """A request that was read, an answer or a request that left."""
        if not call.is_socket or call.data is None or call.result <= 0:
            return
        connection = call.paths[0]
        if call.name in ("read", "recvfrom"):
            self._asked.setdefault(connection, []).extend(names_in(call.data))
        elif call.data.startswith(b"HTTP/1.1 200"):
            self.answers.update(dict.fromkeys(self._asked.pop(connection, ()), 200))
        elif call.data.startswith(b"POST") or b'"bulkId"' in call.data:
            self.arrivals += names_in(call.data)


@dataclass(frozen=True)
class Record:
    """A scenario that was played: how its disk and its world began, and all that was done then."""

    seed: str
    disk: Disk
    world: World
    calls: Sequence[Call]
    changes: Sequence[Change]
    home: Path
    port: int  # of its target


def record(scenario: Scenario, seed: int, folder: Path) -> Record:
    """Plays a scenario in a folder, which is kept as long as its states are laid out."""
    run = begin(scenario, folder)
    disk, arrivals = Disk.of(run.home), list(run.seen.arrivals)
    run.record = folder / "record"
    scenario.drive(run)
    wrong = scenario.judge(run, False)
    assert not wrong, f"{scenario.name} without a fault: {wrong}"
    run.close()
    world = World(dict.fromkeys(run.seen.answers, 0), arrivals)
    calls = parse(folder / "record")
    return Record(f"{seed} {scenario.name}", disk, world, calls, run.changes, run.home, run.seen.port)


def states(recorded: Record, most: int) -> Iterator[State]:
    """The states of a record, each once, the same ones each time: at each call, at most so many."""
    rng, disk, world = random.Random(recorded.seed), deepcopy(recorded.disk), deepcopy(recorded.world)
    known, number = set[bytes](), 0
    for call in _with_others(recorded.calls, recorded.changes, disk):
        world.see(call)
        if not disk.see(call):
            continue
        for files in disk.states(rng, most):
            key = _key(files, world)
            if key in known:
                continue
            known.add(key)
            number += 1
            below = {str(Path(path).relative_to(recorded.home)): text for path, text in files.items()}
            seen = Seen(dict(world.answers), list(world.arrivals), port=recorded.port)
            yield State(number, below, seen, recorded.home)


def _with_others(calls: Sequence[Call], changes: Sequence[Change], disk: Disk) -> Iterator[Call]:
    """Calls, with what others did between them done to the disk when its time comes."""
    waiting = deque(changes)
    for call in calls:
        while waiting and waiting[0].at <= call.at:
            disk.take(waiting.popleft())
        yield call


def _key(files: dict[str, bytes], world: World) -> bytes:
    digest = hashlib.sha256(repr((sorted(world.answers.items()), world.arrivals)).encode())
    for path, text in sorted(files.items()):
        digest.update(f"\0{path}\0{len(text)}\0".encode() + text)
    return digest.digest()


def start_on(scenario: Scenario, state: State, run: Run) -> list[str]:
    """Lays a state out, starts the program on it, and judges."""
    for name, text in state.files.items():
        path = run.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name in scenario.bound:
            path.hardlink_to(state.origin / name)
        else:
            path.write_bytes(text)
    (run.home / "tmp").mkdir(exist_ok=True)
    return scenario.again(run, is_crash=True)


def start_all(scenario: Scenario, found: Iterator[State], jobs: int) -> Iterator[tuple[State, list[str]]]:
    """Starts the program on each state, some at a time."""

    def one(state: State) -> tuple[State, list[str]]:
        with folder_of_its_own() as folder:
            (folder / "home").mkdir()
            run = Run(folder / "home", seen=state.seen, is_forked=True)
            try:
                return state, start_on(scenario, state, run)
            finally:
                run.close()

    with ThreadPoolExecutor(jobs) as pool:
        while some := list(islice(found, 64)):
            yield from pool.map(one, some)
