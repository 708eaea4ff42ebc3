"""The log writer: lines in, durable lines out, or an error and no trace of them."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Literal, NamedTuple

from ses_cli.capture.futures import Futures, P
from ses_cli.capture.housekeeping import Housekeeper
from ses_cli.capture.linefile import LineFile
from ses_cli.capture.lock import Lock
from ses_cli.capture.rejects import previous_path, rejects_path
from ses_cli.capture.rotation import Archive, Rotation
from ses_cli.capture.server_events import EventListener, Failure, Note, Synced
from ses_cli.capture.shipping import Ship
from ses_cli.errors import SesEventsError, TargetError, reason

Durability = Literal["group", "each", "none"]
"""One sync for all that waits; one for each append; or none, which acknowledges what a power cut may lose."""

PartialLine = Callable[[bytes], bytes]
"""Makes a line for the rejects of the unended last line of a log; nothing, where that is a whole line."""

MAX_REJECTS = 64 << 20  # bytes of the rejects file, and of the one before it
_TRIES = 3  # files that may be removed from under one commit


class QueueFullError(TargetError):
    """More waits to be written than may: the disk is too slow."""


class DiskFailedError(TargetError):
    """The lines could not be put on disk, and none of them is in the log."""


class _Waiting(NamedTuple, Generic[P]):
    lines: bytes
    rejects: bytes
    future: P


class LogWriter(Generic[P]):
    """One thread that appends to a log and its rejects, in order of arrival, in groups that share a sync.

    At each commit it looks whether the path still names the log that is open, and after the sync, before anything is
    acknowledged, whether the log still has a name. So what was acknowledged lay, at that moment, in a file that can be
    found: in the log, or in one that somebody has given another name.
    """

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
        self._rotation = rotation
        self._durability = durability
        self._max_waiting = max_waiting
        self._max_rejects = max_rejects
        self._queue: list[_Waiting[P]] = []
        self._bytes = 0
        self._wake = threading.Condition()
        self._is_closing = self._is_reopening = self._is_ready = False
        self._is_failing = self._is_stuck = False  # reported, and not yet over
        self._partial_line = partial_line
        self._log = LineFile(path, is_exclusive=True)
        self._rejects = LineFile(rejects_path(path))
        self._lock = Lock(path)
        self._archive = Archive(path)
        self._rejects_archive = Archive(rejects_path(path)) if ship else None
        try:
            self._open()
            self._housekeeper = Housekeeper(self._archive, rotation, emit, self._rejects_archive, ship)
        except (OSError, SesEventsError) as error:
            self._close_files()
            raise error if isinstance(error, SesEventsError) else TargetError(f"{path}: {reason(error)}") from error
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
                raise QueueFullError(f"{self._log.path}: {self._bytes} bytes wait to be written")
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
        self._close_files()

    def _close_files(self) -> None:
        self._log.close()
        self._rejects.close()
        self._lock.close()

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
        now = time.time()
        try:
            self._follow_paths(bool(rejects) or not group)
            self._rotate(len(lines), now)
            self._rotate_rejects(len(rejects), now)
            begun = time.monotonic()
            self._write([(file, data) for file, data in ((self._log, lines), (self._rejects, rejects)) if data], now)
            self._emit(Synced(time.monotonic() - begun, len(lines) + len(rejects), self._bytes))
        except Exception as error:  # whatever it is, those who wait must hear of it
            self._log.undo()
            self._rejects.undo()
            return self._failed(error)
        self._log.keep(now)
        self._rejects.keep(now)
        self._recovered()
        return None

    def _write(self, parts: list[tuple[LineFile, bytes]], now: float) -> None:
        """Put data in files that have a name, and on disk."""
        for _ in range(_TRIES):
            for file, data in parts:
                file.write(data)
            if self._durability != "none":
                for file, _data in parts:
                    file.sync()
            removed = [(file, data) for file, data in parts if file.is_removed()]
            if not removed:
                return
            for file, data in parts:
                if (file, data) not in removed:
                    file.keep(now)  # this part is done, whatever becomes of the other
            parts = removed
            self._reopen()
        raise TargetError(f"{self._log.path}: removed again and again")

    def _failed(self, error: Exception) -> SesEventsError:
        failed = DiskFailedError(
            error.message if isinstance(error, SesEventsError) else f"{self._log.path}: {reason(error)}"
        )
        if not self._is_failing:
            self._emit(Failure(f"nothing can be stored: {failed.message}"))
        self._is_failing = True
        return failed

    def _recovered(self) -> None:
        if self._is_failing:
            self._emit(Note(f"{self._log.path} can be written again"))
        self._is_failing = False

    def _follow_paths(self, with_rejects: bool) -> None:
        """See that the open files are those that the paths name."""
        if not self._log.is_current() or (with_rejects and not self._rejects.is_current()):
            self._reopen()

    def _reopen(self) -> None:
        self._lock.renew()
        self._open()

    def _rotate(self, more: int, now: float) -> None:
        """Begin a new log, if it is time. Whatever hinders that: a log that grows too large is better than none."""
        if not more or not self._rotation.is_due(self._log.size, more, self._log.written, now):
            return
        try:
            path = self._archive.rotate(now)
            try:
                self._log.open()
            except Exception:
                self._archive.undo(path)
                raise
        except Exception as error:
            if not self._is_stuck:
                self._emit(Failure(f"{self._log.path} cannot be rotated: {reason(error)}"))
            self._is_stuck = True
            return
        self._is_stuck = False
        self._emit(Note(f"rotated to {path}"))
        self._housekeeper.wake()

    def _rotate_rejects(self, more: int, now: float) -> None:
        """Begin a new rejects file in place of one that is full; what is shipped is rotated as the log is."""
        if not more or not self._rejects.size:
            return
        is_full = self._rejects.size + more > self._max_rejects
        if self._rejects_archive is None:
            if is_full:
                self._replace_rejects()
        elif is_full or self._rotation.is_due(self._rejects.size, more, self._rejects.written, now):
            self._archive_rejects(self._rejects_archive, now)

    def _archive_rejects(self, archive: Archive, now: float) -> None:
        try:
            path = archive.rotate(now)
            self._rejects.open()
        except Exception as error:
            self._emit(Failure(f"{self._rejects.path} cannot be rotated: {reason(error)}"))
            return
        self._emit(Note(f"rotated to {path}"))
        self._housekeeper.wake()

    def _replace_rejects(self) -> None:
        """The file that is full takes the place of the one before it."""
        previous = previous_path(self._rejects.path)
        try:
            self._rejects.path.replace(previous)
            self._rejects.open()
        except Exception as error:
            self._emit(Failure(f"{self._rejects.path} cannot be rotated: {reason(error)}"))
            return
        self._emit(Note(f"{self._rejects.path} was full: it is {previous.name} now, and what that held is deleted"))

    def _open(self) -> None:
        """Open what the paths name, and see that it ends with a whole line."""
        for file in (self._log, self._rejects):
            if not file.is_current():
                file.open()
        self._repair()

    def _repair(self) -> None:
        """Move the partial line of a crashed writer to the rejects; end it there, if it is one of theirs."""
        if self._rejects.tail():
            self._rejects.write(b"\n")
            self._rejects.keep(self._rejects.written)
        tail = self._log.tail()
        if not tail:
            return
        record = self._partial_line(tail)
        file = self._rejects if record else self._log
        file.write(record or b"\n")
        file.sync()
        file.keep(time.time())
        if record:
            self._log.truncate(len(tail))
            self._emit(Note(f"{self._log.path}: moved a partial last line of {len(tail)} bytes to {file.path}"))
