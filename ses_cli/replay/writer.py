"""Group commit: bytes appended to a file by a thread of its own, one fsync for all that came in meanwhile."""

import os
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread

from ses_cli.errors import TargetError


class Writer:
    """Appends batches in order. `durable` is the number of the last batch that is on disk.

    A thread, because an fsync takes as long as many requests, and waiting for it frees the interpreter.
    Used by one thread: only `durable` and `_error` are written by the other, each a single store.
    """

    def __init__(self, fd: int, name: str) -> None:
        self.durable = 0
        self._fd = fd
        self._name = name
        self._given = 0
        self._error: OSError | None = None
        self._batches: SimpleQueue[bytes | None] = SimpleQueue()
        self._wake, self._woken = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._woken, False)
        self._thread = Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether a batch is still on its way to the disk."""
        return self.durable < self._given and self._error is None

    def fileno(self) -> int:
        """A descriptor that becomes readable when a batch is on disk, or failed to get there."""
        return self._wake

    def drain(self) -> None:
        """Take note of the wake-ups, so that the descriptor waits for the next."""
        with suppress(BlockingIOError):
            os.read(self._wake, 4096)

    def give(self, batch: bytes) -> int:
        """Hand over a batch; its number. TargetError if a former one could not be written."""
        self.check()
        self._given += 1
        self._batches.put(batch)
        return self._given

    def check(self) -> None:
        """TargetError if a batch could not be written."""
        if self._error is not None:
            reason = self._error.strerror or str(self._error)
            raise TargetError(
                f"{self._name}: the journal cannot be written: {reason}",
                "nothing more was sent; make room and run again: it resumes where the journal ends",
            )

    def close(self) -> None:
        """Wait until all batches are on disk, or one failed. Does not raise: ask `check`."""
        self._batches.put(None)
        self._thread.join()
        os.close(self._wake)
        os.close(self._woken)

    def _run(self) -> None:
        while (batch := self._batches.get()) is not None:
            if self._error is None:
                try:
                    self._append(batch)
                    self.durable += 1
                except OSError as error:
                    self._error = error
            with suppress(BlockingIOError):  # full of wake-ups nobody read yet: one is enough
                os.write(self._woken, b"\0")

    def _append(self, batch: bytes) -> None:
        view = memoryview(batch)
        while view:
            view = view[os.write(self._fd, view) :]
        os.fdatasync(self._fd)
