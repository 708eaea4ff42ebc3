"""The log writer: lines in, durable lines out, or an error and no trace of them."""

import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Generic, NamedTuple

from ses_cli.capture.futures import Futures, P
from ses_cli.capture.housekeeping import Housekeeper
from ses_cli.capture.lock import Lock
from ses_cli.capture.rotation import Rotation
from ses_cli.capture.server_events import EventListener, Note, ReceiverFailure, Synced
from ses_cli.capture.shipping import Ship
from ses_cli.capture.store import MAX_REJECTS, Durability, LogStore, PartialLine
from ses_cli.errors import SesEventsError, TargetError, reason


class QueueFullError(TargetError):
    """More waits to be written than may: the disk is too slow."""


class DiskFailedError(TargetError):
    """The lines could not be put on disk, and none of them is in the log."""


class _Waiting(NamedTuple, Generic[P]):
    lines: bytes
    rejects: bytes
    future: P


class LogWriter(Generic[P]):
    """One thread that appends to a log and its rejects, in order of arrival, in groups that share a sync."""

    def __init__(
        self,
        path: Path,
        futures: Futures[P],
        partial_line: PartialLine,
        emit: EventListener,
        *,
        rotation: Rotation = Rotation(),  # noqa: B008 (frozen)
        durability: Durability = "group",
        max_waiting: int = 64 << 20,
        max_rejects: int = MAX_REJECTS,
        ship: Ship | None = None,
    ) -> None:
        """Take the lock and open the files, at most `max_waiting` bytes waiting. Raise `TargetError`."""
        path = path.resolve()
        self._futures = futures
        self._emit = emit
        self._path = path
        self._durability = durability
        self._max_waiting = max_waiting
        self._queue: list[_Waiting[P]] = []
        self._bytes = 0
        self._wake = threading.Condition()
        self._is_closing = self._is_reopening = self._is_ready = False
        self._is_failing = False  # reported, and not yet over
        with ExitStack() as stack:
            lock = Lock(path)
            stack.callback(lock.close)
            try:
                self._store = LogStore(
                    path,
                    lock,
                    partial_line,
                    emit,
                    rotation=rotation,
                    is_synced=durability != "none",
                    max_rejects=max_rejects,
                    ships=ship is not None,
                    rotated=self._wake_housekeeper,
                )
                stack.callback(self._store.close)
                rejects = self._store.rejects_archive
                self._housekeeper = Housekeeper(self._store.archive, rotation, emit, rejects, ship)
            except (OSError, SesEventsError) as error:
                raise error if isinstance(error, SesEventsError) else TargetError(f"{path}: {reason(error)}") from error
            self._files = stack.pop_all()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def append(self, lines: bytes, rejects: bytes = b"") -> P:
        """A future that is done when whole lines, each with its end, are on disk in the log and the rejects.

        All of them, or it fails with `DiskFailedError` and none is there. Raise `QueueFullError`.
        """
        future = self._futures.make()
        with self._wake:
            size = len(lines) + len(rejects)
            if self._is_closing or (self._queue and self._bytes + size > self._max_waiting):
                raise QueueFullError(f"{self._path}: {self._bytes} bytes wait to be written")
            self._queue.append(_Waiting(lines, rejects, future))
            self._bytes += size
            if len(self._queue) == 1:
                self._futures.soon(self._go)
        return future

    def _go(self) -> None:
        with self._wake:
            self._is_ready = True
            self._wake.notify()

    def standing(self) -> str:
        """How far rotated files are on their way to a store; "" where none are to go there."""
        shipping = self._housekeeper.shipping
        return "" if shipping is None else str(shipping)

    def reopen(self) -> None:
        """Reopen the paths after everything appended before: the files were renamed."""
        with self._wake:
            self._is_reopening = True
            self._wake.notify()

    def close(self) -> None:
        """Write what waits, and let go of the files and the lock. What is appended later is refused."""
        with self._wake:
            self._is_closing = True
            self._wake.notify()
        self._thread.join()
        self._housekeeper.close()
        self._files.close()

    def _wake_housekeeper(self) -> None:
        self._housekeeper.wake()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not (self._is_ready or self._is_closing or self._is_reopening):
                    self._wake.wait()
                group = self._take()
                is_reopening, self._is_reopening = self._is_reopening, False
            if group or is_reopening:
                self._futures.resolve([waiting.future for waiting in group], self._commit(group))
            elif self._is_closing:
                return

    def _take(self) -> list[_Waiting[P]]:
        """What the next commit is about. The caller holds the lock."""
        last = 1 if self._durability == "each" else len(self._queue)
        group, self._queue = self._queue[:last], self._queue[last:]
        self._is_ready = bool(self._queue)
        self._bytes -= sum(len(waiting.lines) + len(waiting.rejects) for waiting in group)
        return group

    def _commit(self, group: list[_Waiting[P]]) -> SesEventsError | None:
        """Put a group on disk whole, or not at all and return why. An empty one only opens what was renamed."""
        lines = b"".join([waiting.lines for waiting in group])
        rejects = b"".join([waiting.rejects for waiting in group])
        begun = time.monotonic()
        try:
            self._store.commit(lines, rejects, time.time())
        except Exception as error:  # whatever it is, those who wait must hear of it
            return self._failed(error)
        self._emit(Synced(time.monotonic() - begun, len(lines) + len(rejects), self._bytes))
        self._recovered()
        return None

    def _failed(self, error: Exception) -> SesEventsError:
        failed = DiskFailedError(
            error.message if isinstance(error, SesEventsError) else f"{self._path}: {reason(error)}"
        )
        if not self._is_failing:
            self._emit(ReceiverFailure(f"nothing can be stored: {failed.message}"))
        self._is_failing = True
        return failed

    def _recovered(self) -> None:
        if self._is_failing:
            self._emit(Note(f"{self._path} can be written again"))
        self._is_failing = False
