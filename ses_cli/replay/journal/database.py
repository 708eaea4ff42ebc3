"""Where a journal lies: an SQLite file, written in order, and synced by a thread of its own."""

import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ses_cli.errors import TargetError
from ses_cli.replay.journal import store
from ses_cli.replay.journal.syncing import Syncer

_CHECKPOINT = 250  # commits, of some pages each, until the write-ahead log is taken into the database


class Database(Protocol):
    """Transactions, one after another, and how many of them are on disk.

    A transaction is read back as soon as it is written. A kill leaves all of them, a power cut those up to `durable`,
    and perhaps more, in their order. TargetError where one cannot be written or synced: nothing after it ever is.
    """

    @property
    def reader(self) -> sqlite3.Connection:
        """What is asked: it has all that was written."""

    @property
    def durable(self) -> int:
        """The number of the last transaction that is on disk."""

    def is_ready(self) -> bool:
        """Whether another transaction may be written: the one before is on disk."""

    def write(self, statements: Iterable[store.Statement], number: int) -> None:
        """One transaction. It is begun to be synced."""

    def wait(self) -> None:
        """Until what was written is on disk."""

    def close(self) -> None:
        """Let go of it."""


class FileDatabase:
    """A journal's file, open and locked.

    A transaction is written by the thread that uses the journal, for that costs less than handing it over. SQLite does
    not sync it (in WAL mode, synchronous NORMAL): the other thread does, and then it is durable.
    """

    def __init__(
        self, path: Path, fd: int, base: sqlite3.Connection, on_durable: Callable[[], None] | None = None
    ) -> None:
        """Takes over the descriptor and the connection. `on_durable` is called in the other thread."""
        self.durable = 0
        self._path, self._fd, self._base = path, fd, base
        self._on_durable = on_durable
        self._wal: int | None = None  # descriptor of the write-ahead log, which may not be there yet
        self._checkpointer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.reader = sqlite3.connect(path, isolation_level=None)
        self._syncer = Syncer(self._on_sync_end)
        self._failure: TargetError | None = None  # of a write, or of a sync: there is none after it

    def is_ready(self) -> bool:
        """Whether another transaction may be written."""
        if not self._syncer.is_idle:
            return False
        self._check()
        return True

    def write(self, statements: Iterable[store.Statement], number: int) -> None:
        """One transaction, synced in the background."""
        try:
            store.write(self._base, statements)
            if self._wal is None:
                self._wal = os.open(f"{self._path}-wal", os.O_RDONLY | os.O_CLOEXEC)
        except (sqlite3.Error, OSError) as error:
            self._failure = store.unwritable(self._path, error)
            raise self._failure from None
        self._syncer.begin(self._wal, number)

    def wait(self) -> None:
        """Until what was written is on disk."""
        self._syncer.wait()
        self._check()

    def close(self) -> None:
        """Let go of the file, and of its lock last."""
        self._syncer.close()
        if self._wal is not None:
            store.close(self._wal)
        with suppress(sqlite3.Error):
            self.reader.close()
            self._checkpointer.close()
            self._base.close()
        store.close(self._fd)

    def _check(self) -> None:
        if self._failure is None and self._syncer.error is not None:
            self._failure = store.unwritable(self._path, self._syncer.error)
        if self._failure is not None:
            raise self._failure

    def _on_sync_end(self, number: int) -> None:
        if self._syncer.error is None:
            self.durable = number
        if self._on_durable is not None:
            self._on_durable()
        if number % _CHECKPOINT == 0:
            with suppress(sqlite3.Error):  # then the log grows until the next one
                self._checkpointer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


if TYPE_CHECKING:
    _: type[Database] = FileDatabase
