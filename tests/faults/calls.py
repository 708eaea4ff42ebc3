"""Every call fails once: a scenario is recorded, and then played again for each of its calls with that call failing."""

import os
import random
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults import judge
from tests.faults.running import Run
from tests.faults.scenario import Scenario
from tests.faults.tracing import KILL, Fault, injected, parse, points

_IN_MEMORY = ("/dev/shm",)
_FULL = ("ENOSPC", "EDQUOT", "EIO")
_OPEN = ("EMFILE", "ENOSPC", "EIO", "EROFS", "ESTALE", "EDQUOT", "EINTR")
ERRORS: dict[str, tuple[str, ...]] = {
    "openat": _OPEN,
    "read": ("EIO", "ESTALE", "EINTR"),
    "pread64": ("EIO", "ESTALE"),
    "write": (*_FULL, "EINTR"),
    "pwrite64": (*_FULL, "EINTR"),
    "fsync": _FULL,
    "fdatasync": _FULL,
    "rename": ("EIO", "ENOSPC", "EROFS"),
    "link": ("EIO", "ENOSPC", "EROFS"),
    "unlink": ("EIO", "EROFS"),
    "ftruncate": ("EIO", "EINTR", "EROFS"),
    "mkdir": ("ENOSPC", "EROFS", "EDQUOT"),
    "rmdir": ("EIO",),
    "close": ("EIO", "ENOSPC"),
    "flock": ("ENOLCK", "EINTR"),
    "sendto": ("ECONNRESET", "EPIPE", "ENOBUFS"),
    "recvfrom": ("ECONNRESET", "ETIMEDOUT", "EIO"),
    "connect": ("ECONNREFUSED", "ENETUNREACH", "EMFILE"),
    "accept4": ("EMFILE", "ECONNABORTED"),
}
ON_SOCKETS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("read", "recvfrom"), ("ECONNRESET", "ETIMEDOUT", "EIO")),
    **dict.fromkeys(("write", "sendto"), ("ECONNRESET", "EPIPE", "ENOBUFS")),
    "close": (),  # the kernel never tells one
}


@dataclass(frozen=True)
class Plan:
    """The faults of a scenario."""

    faults: list[Fault]
    ambiguous: int  # calls that cannot be made to fail alone


@dataclass(frozen=True)
class Played:
    """What came of a fault."""

    fault: Fault
    happened: bool  # the call was made in this run too
    wrong: list[str]


def plan(scenario: Scenario, rng: random.Random, is_all: bool) -> Plan:
    """The faults of a scenario: for each call one error, or `is_all` that fit, and a kill."""
    with folder_of_its_own() as folder:
        run = record(scenario, folder)
        wrong = [*scenario.judge(run, False), *scenario.again(run)]
        assert not wrong, f"{scenario.name} without a fault: {wrong}"
        found, ambiguous = points(parse(folder / "record"), str(run.home))
        run.close()
    faults: list[Fault] = []
    for point in sorted(found, key=str):
        where = point.path and point.path.replace(str(run.home), "{home}").replace(run.port, "{port}")
        fitting = ON_SOCKETS.get(point.call, ERRORS[point.call]) if point.is_socket else ERRORS[point.call]
        errors = fitting if is_all or not fitting else (rng.choice(fitting),)
        faults += [Fault(point.call, where, point.n, action) for action in (*(f"error={e}" for e in errors), KILL)]
    return Plan(faults, ambiguous)


def record(scenario: Scenario, folder: Path) -> Run:
    """Plays a scenario without a fault, with all its calls in `record`."""
    warm = begin(scenario, folder / "warm")  # so that the modules are compiled, as they will be from now on
    scenario.drive(warm)
    warm.close()
    run = begin(scenario, folder)
    run.record = folder / "record"
    scenario.drive(run)
    return run


def begin(scenario: Scenario, folder: Path) -> Run:
    """A run with what lies there before."""
    run = Run(folder / "home")
    (run.home / "tmp").mkdir(parents=True)
    scenario.prepare(run)
    return run


def play(scenario: Scenario, fault: Fault) -> Played:
    """Plays a scenario with a fault, starts the program again, and judges."""
    with folder_of_its_own() as folder:
        run = begin(scenario, folder)
        where = fault.path and fault.path.replace("{home}", str(run.home)).replace("{port}", run.port)
        run.record, run.fault = folder / "record", Fault(fault.call, where, fault.n, fault.action)
        scenario.drive(run)
        happened = injected(folder / "record")
        if happened is None:
            run.close()
            return Played(fault, False, [])
        wrong = scenario.judge(run, fault.action == KILL)
        if fault.call == "unlink":  # what cannot be removed is left
            wrong = [one for one in wrong if not one.startswith(judge.LEFT)]
        wrong += [f"at the next start: {one}" for one in scenario.again(run)]
        run.close()
        return Played(fault, happened, wrong)


def play_all(scenario: Scenario, faults: list[Fault], jobs: int) -> Iterator[Played]:
    """Plays each, some at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda fault: play(scenario, fault), faults)


@contextmanager
def folder_of_its_own() -> Iterator[Path]:
    """For one play, in memory where there is room: no power will be cut here."""
    where = os.environ.get("TMPDIR") or next((one for one in _IN_MEMORY if os.access(one, os.W_OK)), None)
    with tempfile.TemporaryDirectory(prefix="faults-", dir=where, ignore_cleanup_errors=True) as name:
        yield Path(name).resolve()
