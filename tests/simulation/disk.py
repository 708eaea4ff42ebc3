"""A disk for a journal: it takes its time to sync, fills up and breaks, and the power may go."""

import errno
import os
import sqlite3
import struct
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from ses_cli.errors import TargetError
from ses_cli.replay.journal import store
from ses_cli.replay.journal.database import Database

from .clock import Clock

PATH = Path("journal.db")
_FLIGHT = struct.Struct("<IQQI16s")  # as docs/replay.md has it: log, line, offset, attempt and id
_BASE = sqlite3.connect(":memory:", isolation_level=None)  # one for all worlds: to make one takes longer than a run
_BASE.executescript(f"PRAGMA page_size = 1024; {store.SCHEMA} {store.FINISHED}")
_EMPTY = _BASE.serialize()


class Disk:
    """Holds the pages of a journal over all runs: those that are on disk, and those that a power cut may take."""

    def __init__(self) -> None:
        self.base = _BASE
        self.base.deserialize(_EMPTY)
        self.images = [_EMPTY]  # the first is on disk, the last is what a running system sees
        self.runs = 0

    def cut(self, random: Random) -> None:
        """The power goes: what is left is what was synced, and perhaps some of what was written since."""
        self.images = [random.choice(self.images)]
        self.base.deserialize(self.images[0])
        self.runs += 1

    def settle(self) -> None:
        """The process is gone, and the system goes on."""
        self.images = self.images[-1:]
        self.runs += 1

    def write(self, statements: Iterable[store.Statement]) -> None:
        """A transaction, which is not synced."""
        store.write(self.base, statements)
        self.images.append(self.base.serialize())

    def flight(self) -> list[tuple[int, int]]:
        """Line and attempt of all that is in flight."""
        (entries,) = self.base.execute("SELECT entries FROM flight").fetchone()
        return [(line, attempt) for _, line, _, attempt, _ in _FLIGHT.iter_unpack(entries)]

    def look(self) -> tuple[list[tuple[int, int]], dict[int, int], int]:
        """What is in flight (line, attempt), the exceptions (line: state), and how many are delivered."""
        exceptions = dict(self.base.execute("SELECT line, state FROM exception").fetchall())
        (delivered,) = self.base.execute("SELECT coalesce(sum(delivered), 0) FROM cursor").fetchone()
        return self.flight(), exceptions, delivered


class SimulatedDatabase:
    """A `Database` on such a disk, for one run."""

    def __init__(self, disk: Disk, clock: Clock, random: Random, sync: float, full: int, broken: int) -> None:
        self.reader = disk.base
        self.durable = 0
        self.is_awake = False  # something was synced
        self.is_hasty = False  # says that what is written is on disk
        self._disk, self._clock, self._random, self._sync = disk, clock, random, sync
        self._full, self._broken = full, broken
        self._run = disk.runs
        self._written = self._syncs = 0
        self._syncing = False
        self._failure: TargetError | None = None

    def is_ready(self) -> bool:
        """Whether the transaction before is on disk."""
        self._clock.call()
        if self._failure is not None:
            raise self._failure
        return not self._syncing

    def write(self, statements: Iterable[store.Statement], number: int) -> None:
        """One transaction."""
        self._clock.call()
        self._written += 1
        if self._written == self._full:
            self._clock.tell("disk full")
            self._failure = store.unwritable(PATH, sqlite3.OperationalError("database or disk is full"))
            raise self._failure
        self._disk.write(statements)
        self._clock.tell("written", number, self._disk.flight())
        self._syncing = True
        self.durable = number if self.is_hasty else self.durable
        images = len(self._disk.images)
        self._clock.at(self._sync * self._random.random(), lambda: self._synced(number, images))

    def wait(self) -> None:
        """Until what was written is on disk."""
        self._clock.call()
        while self._syncing:
            self._clock.step(self._clock.time + 1)
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Let go of it."""
        self._clock.call()

    def _synced(self, number: int, images: int) -> None:
        if self._run != self._disk.runs:
            return  # the power went before
        self._syncing = False
        self._syncs += 1
        self.is_awake = True
        if self._syncs == self._broken:
            self._clock.tell("disk broken")
            self._failure = store.unwritable(PATH, OSError(errno.EIO, os.strerror(errno.EIO)))
            return
        self.durable = number
        del self._disk.images[: images - 1]
        self._clock.tell("synced", number)


if TYPE_CHECKING:
    _: type[Database] = SimulatedDatabase
