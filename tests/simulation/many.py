"""Many worlds, in one process or some."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing import get_context

from .judge import Broken, judge
from .plan import draw
from .world import World

_CHUNK = 500  # seeds
_DAY = 1_000_000  # seeds


def today() -> int:
    """The first of the seeds of this day."""
    return datetime.now(UTC).toordinal() * _DAY


def play(seed: int) -> tuple[str, Counter[str]]:
    """What does not hold in a world, "" where all does; and how often what happened."""
    plan = draw(seed)
    world = World(plan, seed)
    counted = Counter({"worlds": 1})
    try:
        trace = world.play()
        counted.update(str(event[1]) for event in trace)
        judge(plan, trace)
    except Broken as broken:
        return str(broken), counted
    except Exception as error:  # which a user would see
        return f"{type(error).__name__}: {error}", counted
    return "", counted


def _chunk(seeds: range) -> tuple[list[tuple[int, str]], Counter[str]]:
    failed, kinds = [], Counter[str]()
    for seed in seeds:
        said, counted = play(seed)
        kinds += counted
        if said:
            failed.append((seed, said))
    return failed, kinds


def play_many(first: int, runs: int, jobs: int) -> Iterator[tuple[list[tuple[int, str]], Counter[str]]]:
    """Failing seeds with what does not hold, and how often what happened, by and by."""
    chunks = [range(at, min(at + _CHUNK, first + runs)) for at in range(first, first + runs, _CHUNK)]
    if jobs == 1:
        yield from map(_chunk, chunks)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(_chunk, chunks)
