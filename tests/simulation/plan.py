"""What a seed stands for: a log, a policy, and what is to go wrong."""

from dataclasses import dataclass
from math import inf
from random import Random


@dataclass(slots=True)
class Plan:
    """One world. Times are seconds, chances from 0 to 1."""

    lines: int
    lanes: int
    concurrency: int
    retries: int
    rate: float | None
    speed: float | None
    give_up_after: int
    give_up_time: float
    resend: bool
    latency: float
    timeout: float
    sync: float  # how long the disk takes to sync, at most
    step: float  # what the process takes between two looks at the clock, at most
    faults: dict[str, float]  # what an attempt may meet, and how likely
    refused: frozenset[int]  # lines that the target never takes
    outages: list[tuple[float, float]]  # of the target: from, to
    jump: float  # how likely the clock jumps while the process waits
    claims: bool  # whether it is asked how it stands
    runs: list["Run"]  # those that may go wrong; then others follow until all is done


@dataclass(slots=True)
class Run:
    """How one run of the program is to end, and how the log is to be read."""

    kill: int  # at the n-th call; 0: not
    is_cut: bool  # the power goes with it
    stops: list[float]  # when it is told to stop
    full: int  # the n-th transaction that the disk has no room for; 0: none
    broken: int  # the n-th sync that fails; 0: none
    lines: int  # of the log, when it begins
    grows: float  # how often it grows by a line while it is followed, seconds; 0: it is not followed
    piece: int  # lines in a piece


FAULTS = ("refuse", "lose", "reset", "half", "stall", "double", "429", "503", "500", "408", "401", "410", "302")
_RARE = ("410", "302", "401")


def draw(seed: int) -> Plan:
    """The plan of a seed, always the same."""
    random = Random(seed)
    lines = random.choice((1, 2, 3, 4, 4, 5, 6, 8, 12)) if random.random() < 0.998 else 400
    share = random.choice((0.0, 0.02, 0.1, 0.3))
    faults = {name: share * random.random() for name in FAULTS if random.random() < 0.4 and name not in _RARE}
    while sum(faults.values()) > 0.7:
        faults.popitem()
    if random.random() < 0.05:
        faults[random.choice(_RARE)] = 0.02
    outages = []
    if random.random() < 0.15:
        begin = random.uniform(0, 1)
        outages.append((begin, begin + random.uniform(0.1, 4)))
    return Plan(
        lines=lines,
        lanes=random.randint(1, min(lines, 8)),
        concurrency=random.choice((1, 2, 3, 4, 16)),
        retries=random.choice((0, 1, 2, 5)),
        rate=random.choice((5.0, 20.0, 100.0)) if random.random() < 0.2 else None,
        speed=random.choice((2.0, 10.0, 100.0)) if random.random() < 0.1 else None,
        give_up_after=random.choice((1, 2, 5, 20)),
        give_up_time=random.choice((0.0, 1.0, 3.0, 8.0, inf)),
        resend=random.random() < 0.6,
        latency=random.choice((0.001, 0.02, 0.3)),
        timeout=random.choice((0.7, 1.0, 2.0)),
        sync=random.choice((0.0, 0.001, 0.01, 0.2)),
        step=random.choice((1e-6, 1e-5, 1e-4)),
        faults=faults,
        refused=frozenset(n for n in range(1, lines + 1) if random.random() < random.choice((0.0, 0.0, 0.2))),
        outages=outages,
        jump=random.choice((0.0, 0.0, 0.0, 0.01)),
        claims=random.random() < 0.2,
        runs=_runs(random, lines),
    )


def _runs(random: Random, lines: int) -> list[Run]:
    runs = []
    there = lines if random.random() < 0.8 else random.randint(1, lines)
    for _ in range(random.choice((0, 1, 1, 2, 3))):
        is_killed = random.random() < 0.7
        stops = sorted(random.uniform(0, 2) for _ in range(random.choice((0, 0, 0, 1, 2))))
        grows = random.uniform(0.01, 0.3) if random.random() < 0.15 else 0.0
        if grows and not is_killed and not stops:
            stops = [random.uniform(0.1, 3)]
        run = Run(
            kill=random.randint(1, random.choice((6, 20, 80))) if is_killed else 0,
            is_cut=random.random() < 0.4,
            stops=[*stops, 30.0] if grows else stops,
            full=random.randint(1, 12) if random.random() < 0.07 else 0,
            broken=random.randint(1, 12) if random.random() < 0.07 else 0,
            lines=there,
            grows=grows,
            piece=random.choice((1, 2, 5, 1000)),
        )
        runs.append(run)
        there = lines if random.random() < 0.7 else random.randint(there, lines)
    return runs


def last(lines: int) -> Run:
    """A run to which nothing happens."""
    return Run(kill=0, is_cut=False, stops=[], full=0, broken=0, lines=lines, grows=0.0, piece=1000)
