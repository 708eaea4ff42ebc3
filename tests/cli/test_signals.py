"""Signals that end the program, at any moment."""

import json
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.test_runs import linux, native
from tests.conftest import Program, Result
from tests.logs import log, record

ENGINES = ["python", pytest.param("native", marks=native)]
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def logs(run: Program) -> list[Path]:
    """Logs that are large enough for threads or processes."""
    named = [run.home / f"{n}.jsonl" for n in range(3)]
    for path in named:
        path.write_bytes(log(record(bulkId=path.name), {"event": "bonce"}, *[record()] * 2000))
    return named


def stepped(run: Program, number: signal.Signals, how: str, argument: int, engine: str, *arguments: str) -> Result:
    """The program with a signal at one of its steps, or with copies of it that get one."""
    argv = (sys.executable, "-W", "ignore", "-m", "tests.cli.stepping", number.name, how, str(argument))
    env = {"SES_EVENTS_ENGINE": engine, "PYTHONPATH": str(Path(__file__).parents[2])}  # of the tests
    done = Program(run.home, argv)("validate", "-j", "3", *arguments, env=env)
    assert "No module" not in done.stderr
    return done


def ended(number: signal.Signals) -> int:
    """The status of a program that a signal ended."""
    return 130 if number == signal.SIGINT else -number


@linux
@native
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_the_program_wherever_it_is(run: Program, logs: list[Path], number: signal.Signals) -> None:
    """At some hundreds of steps, also in the middle of a wait for another thread, a signal is never an error."""
    seed = random.randrange(1 << 30)
    done = stepped(run, number, "copies", seed, "native", "-q", *map(str, logs))
    assert done.status == 1, done.stderr
    statuses: dict[str, int] = json.loads(done.stderr.splitlines()[-1])
    assert sum(statuses.values()) > 100
    assert set(statuses) == {str(ended(number))}, f"{statuses}, seed {seed}"


@linux
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_a_signal_leaves_nothing_half_written(
    run: Program, logs: list[Path], number: signal.Signals, engine: str
) -> None:
    """Whenever it comes, no temporary file is left, and what is told is that it was interrupted."""
    step = int(10 ** random.uniform(3, 5))
    done = stepped(run, number, "at", step, engine, "-o", "out", "--rejects", "rejected", *map(str, logs))
    assert done.status in (ended(number), 1), f"step {step}: {done.stderr}"
    if done.status != 1:
        assert done.stderr == ("note: interrupted\n" if number == signal.SIGINT else ""), f"step {step}"
    assert {*os.listdir(run.home)} <= {"out", "rejected", *(path.name for path in logs)}, f"step {step}"
