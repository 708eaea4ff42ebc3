"""Brings a file to disk in a thread of its own, while the one that wrote to it goes on."""

import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread

_sync_data: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class Syncer:
    """One sync at a time."""

    def __init__(self, on_end: Callable[[int], None]) -> None:
        """`on_end` is called with its number after each, in the other thread."""
        self.error: OSError | None = None  # of the first that failed: what is synced after it proves nothing
        self._on_end = on_end
        self._wanted: SimpleQueue[tuple[int, int] | None] = SimpleQueue()
        self._idle, self._begun = Lock(), Lock()
        self._begun.acquire()
        self._thread = Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being synced."""
        return not self._idle.locked()

    def begin(self, fd: int, number: int) -> None:
        """Sync what was written to a descriptor. Returns when the system was asked to.

        It waits for that since the other thread needs the interpreter to ask, and would get it only when this one lets
        go of it: the disk would stand still until then.
        """
        self._idle.acquire()
        self._wanted.put((fd, number))
        self._begun.acquire()

    def wait(self) -> None:
        """Until what was begun is on disk, or failed."""
        with self._idle:
            pass

    def close(self) -> None:
        """Wait, and end the thread."""
        self._wanted.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            fd, number = wanted
            self._begun.release()
            try:
                _sync_data(fd)
            except OSError as error:
                self.error = self.error or error
            try:
                self._on_end(number)
            finally:
                self._idle.release()
