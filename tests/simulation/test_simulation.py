"""Simulated worlds hold what is promised, and the judge sees it when one does not."""

from functools import partial

import pytest

from ses_cli.batch.records import Lane
from ses_cli.replay.engine import ReplayPolicy
from ses_cli.replay.schedule.pace import Pace

from .disk import SimulatedDatabase
from .judge import Broken, judge
from .many import play, today
from .plan import Run, draw
from .world import World

WORLDS = 300


def test_all_holds_in_the_worlds_of_today() -> None:
    """Whatever goes wrong in them, nothing is lost, doubled unannounced, out of order or too fast."""
    first = today()
    print(f"seeds {first} to {first + WORLDS - 1}")
    failed = {seed: said for seed in range(first, first + WORLDS) if (said := play(seed)[0])}
    assert failed == {}, "python -m tests.simulation --seed N shows one of them"


class NoOrder(World):
    """Sends without lanes."""

    lane: Lane | None = None


class NoRate(World):
    """Sends as fast as it can."""

    def policy(self, is_endless: bool) -> ReplayPolicy:
        return super().policy(is_endless)._replace(pace=Pace())


class SendsAgain(World):
    """Sends what is unknown, whatever it was told."""

    def policy(self, is_endless: bool) -> ReplayPolicy:
        return super().policy(is_endless)._replace(resend_unknown=True)


class TooMany(World):
    """Has more in flight than it may."""

    def policy(self, is_endless: bool) -> ReplayPolicy:
        return super().policy(is_endless)._replace(concurrency=self.plan.concurrency + 1)


class NoSync(World):
    """Takes for synced what is only written."""

    def open_database(self, run: Run) -> SimulatedDatabase:
        database = super().open_database(run)
        database.is_hasty = True
        return database


@pytest.mark.parametrize("broken", [NoOrder, NoRate, SendsAgain, TooMany, NoSync])
def test_the_judge_sees_what_does_not_hold(broken: type[World]) -> None:
    """A program that breaks one of its promises is found out within a few hundred worlds."""
    assert any(map(partial(_is_found_out, broken), range(400)))


def _is_found_out(broken: type[World], seed: int) -> bool:
    plan = draw(seed)
    try:
        judge(plan, broken(plan, seed).play())
    except Broken:
        return True
    return False
