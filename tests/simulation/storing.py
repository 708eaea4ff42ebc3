"""A receiver's log in a simulated world: stored to, rotated, compressed, renamed by others, killed and begun again."""

import errno
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from ses_cli.capture.housekeeping import compress
from ses_cli.capture.rotation import Compression, Rotation
from ses_cli.capture.server_events import ServerEvent
from ses_cli.capture.store import LogStore

from .clock import Clock, Hung, Killed
from .files import Files, SimulatedDisk

LOG = Path("/simulated/log.jsonl")
_ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.EROFS)
_NOON = 1_800_000_000.0


@dataclass(slots=True)
class Storing:
    """One world. Chances are from 0 to 1."""

    rotation: Rotation
    max_rejects: int
    groups: int  # that are stored in all
    fails: float  # how likely a call that changes something fails
    others: float  # how likely something else happens between two calls
    renames: bool  # whether others rename the log
    jump: float  # how likely the clock jumps before a group is stored
    kills: list[tuple[int, bool]]  # the n-th call of a run, and whether the power goes with it


def draw_storing(seed: int) -> Storing:
    """The plan of a seed, always the same."""
    random = Random(seed)
    how: Compression | None = random.choice((None, "gzip"))
    size = random.choice((None, 30, 60, 200))
    kills = [(random.randint(1, 150), random.random() < 0.5) for _ in range(random.choice((0, 1, 1, 2, 3)))]
    return Storing(
        rotation=Rotation(size=size, daily=random.random() < 0.3, compress=how),
        max_rejects=random.choice((40, 1 << 20)),
        groups=random.randint(2, 14),
        fails=random.choice((0.0, 0.0, 0.02, 0.15)),
        others=random.choice((0.0, 0.02, 0.1)),
        renames=random.random() < 0.3,
        jump=random.choice((0.0, 0.1)),
        kills=kills,
    )


class _Alone:
    """There is one process."""

    def renew(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


def _partial_line(tail: bytes) -> bytes:
    return b"" if tail.endswith(b"}") else b"partial:%s\n" % tail.hex().encode()


class StoringWorld:
    """Played once."""

    def __init__(self, plan: Storing, seed: int) -> None:
        self.plan = plan
        self.random = Random(seed + 1)
        self.clock = Clock(self.random, 0.0)
        self.clock.time = _NOON
        self.files = Files()
        self._line = self._group = self._renamed = 0
        self._is_busy = False

    def play(self) -> list[tuple[Any, ...]]:
        """What happened."""
        for kill, is_cut in self.plan.kills:
            self._run(kill, is_cut)
        while self._group < self.plan.groups:
            self._run(0, False)
        return self.clock.events

    def _run(self, kill: int, is_cut: bool) -> None:
        clock, random, plan = self.clock, self.random, self.plan
        clock.tell("begins")
        clock.begin(kill)
        fails: dict[int, int] = {}
        if plan.fails:
            fails = {n: random.choice(_ERRORS) for n in range(1, 400) if random.random() < plan.fails}
        disk = SimulatedDisk(self.files, clock, random, fails)
        disk.between = lambda: self._between(disk)
        try:
            self._store(disk)
        except Killed:
            if is_cut:
                clock.tell("power cut")
                self.files.cut(random)
        except Hung:
            clock.tell("hung")
            self._group = plan.groups
        else:
            clock.tell("ends")
        self._is_busy = False
        self.files.settle()
        clock.tell("holds", self.files.contents())

    def _store(self, disk: SimulatedDisk) -> None:
        plan, clock = self.plan, self.clock
        rotation = plan.rotation
        try:
            store = LogStore(
                LOG, _Alone(), _partial_line, self._hear, rotation=rotation, max_rejects=plan.max_rejects, disk=disk
            )
        except OSError as error:
            clock.tell("refuses", str(error))
            self._group += 1  # or it might never end
            return
        while self._group < plan.groups:
            self._group += 1
            clock.time += self.random.choice((0.001, 1.0, 30_000.0))
            if self.random.random() < plan.jump:
                clock.time += self.random.choice((-90_000.0, -1.5, 90_000.0))
            self._commit(store)
            self._keep_house(store, disk)
            if plan.renames and self.random.random() < 0.1:
                clock.tell("reopens")
                with suppress(Exception):
                    store.commit(b"", b"", clock.time)
        store.close()
        self._keep_house(store, disk)

    def _commit(self, store: LogStore) -> None:
        lines = [self._new() for _ in range(self.random.randint(0, 3))]
        rejects = [self._new() for _ in range(self.random.choice((0, 0, 0, 1, 2)))]
        if not lines and not rejects:
            return
        self.clock.tell("stores", lines, rejects)
        self._is_busy = True
        try:
            store.commit(_joined(lines), _joined(rejects), self.clock.time)
        except Exception as error:
            self.clock.tell("failed", f"{type(error).__name__}: {error}")
        else:
            self.clock.tell("stored", lines, rejects)
        self._is_busy = False

    def _new(self) -> int:
        self._line += 1
        return self._line

    def _hear(self, event: ServerEvent) -> None:
        self.clock.tell("says", str(event))

    def _keep_house(self, store: LogStore, disk: SimulatedDisk) -> None:
        how = self.plan.rotation.compress
        if how is None:
            return
        try:
            for path in store.archive.uncompressed():
                compress(path, how, lambda: False, disk)
                self.clock.tell("compressed", path.name)
        except OSError as error:
            self.clock.tell("leaves uncompressed", str(error))

    def _between(self, disk: SimulatedDisk) -> None:
        """What others do while the store is at work."""
        if not self._is_busy or self.random.random() >= self.plan.others:
            return
        if self.plan.renames and "log.jsonl" in self.files.names:
            self._renamed += 1
            self.clock.tell("renamed", f"moved-{self._renamed}")
            disk.move("log.jsonl", f"moved-{self._renamed}")


def line_of(number: int) -> bytes:
    """A line, in the log or the rejects."""
    return b'{"n":%d}' % number


def _joined(numbers: list[int]) -> bytes:
    return b"".join(line_of(number) + b"\n" for number in numbers)
