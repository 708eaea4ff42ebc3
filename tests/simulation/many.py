"""Many worlds, in one process or some."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from typing import NamedTuple

from .judge import Broken, judge
from .plan import Plan, draw
from .store_judge import judge_storing
from .storing import Storing, StoringWorld, draw_storing
from .world import Trace, World

_CHUNK = 500  # seeds
_DAY = 1_000_000  # seeds


def today() -> int:
    """The first of the seeds of this day."""
    return datetime.now(UTC).toordinal() * _DAY


class Game(NamedTuple):
    """A world, how it came to be, and what judges it."""

    plan: Plan | Storing
    world: World | StoringWorld
    judge: Callable[[Trace], None]


def begin(seed: int) -> Game:
    """The world of a seed: two in three are of a replay, the others of a receiver's log."""
    if seed % 3 == 2:
        storing = draw_storing(seed)
        return Game(storing, StoringWorld(storing, seed), partial(judge_storing, storing))
    plan = draw(seed)
    return Game(plan, World(plan, seed), partial(judge, plan))


def play(seed: int) -> tuple[str, Counter[str]]:
    """What does not hold in a world, "" where all does; and how often what happened."""
    game = begin(seed)
    counted = Counter({"worlds": 1})
    try:
        trace = game.world.play()
        counted.update(str(event[1]) for event in trace)
        game.judge(trace)
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
