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
from ses_cli.capture.rotation import Archive, Rotation
from ses_cli.capture.server_events import EventListener, Failure, Note
from ses_cli.errors import SesEventsError, TargetError

Durability = Literal["group", "each", "none"]
"""One sync for all that waits; one for each append; or none, which acknowledges what a power cut may lose."""

Torn = Callable[[bytes], bytes]
"""Makes a line for the rejects of the unended last line of a log; nothing, where that is a whole line."""


class QueueFullError(TargetError):
    """More waits to be written than may: the disk is too slow."""


class DiskFailedError(TargetError):
    """The lines could not be put on disk, and none of them is in the log."""


class _Waiting(NamedTuple, Generic[P]):
    lines: bytes
    rejects: bytes
    future: P


class Log(Generic[P]):
    """One thread that appends to a log and its rejects, in order of arrival, in groups that share a sync."""

    def __init__(
        self,
        path: Path,
        futures: Futures[P],
        torn: Torn,
        emit: EventListener,
        *,
        rotation: Rotation = Rotation(),  # noqa: B008 (frozen)
        durability: Durability = "group",
        max_waiting: int = 64 << 20,
    ) -> None:
        """Take the lock and open the files, at most `max_waiting` bytes waiting. Raise `TargetError`."""
        path = path.resolve()
        self._futures = futures
        self._emit = emit
        self._rotation = rotation
        self._durability = durability
        self._max_waiting = max_waiting
        self._queue: list[_Waiting[P]] = []
        self._bytes = 0
        self._wake = threading.Condition()
        self._closing = self._reopening = self._failing = self._stuck = self._ready = False
        self._torn = torn
        self._looked = 0.0
        self._log = LineFile(path)
        self._rejects = LineFile(rejects_path(path))
        self._lock = Lock(path)
        try:
            self._open()
        except (OSError, SesEventsError) as error:
            self._lock.close()
            raise error if isinstance(error, SesEventsError) else TargetError(f"{path}: {error}") from error
        self._archive = Archive(path)
        self._tidy = Housekeeper(self._archive, rotation, emit)
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def append(self, lines: bytes, rejects: bytes = b"") -> P:
        """A future that whole lines, each with its end, are on disk in the log and the rejects.

        All of them, or the future breaks with `DiskFailedError` and none is there. Raise `QueueFullError`.
        """
        future = self._futures.make()
        with self._wake:
            size = len(lines) + len(rejects)
            if self._closing or (self._queue and self._bytes + size > self._max_waiting):
                raise QueueFullError(f"{self._log.path}: {self._bytes} bytes wait to be written")
            self._queue.append(_Waiting(lines, rejects, future))
            self._bytes += size
            if len(self._queue) == 1:
                self._futures.soon(self._go)
        return future

    def _go(self) -> None:
        with self._wake:
            self._ready = True
            self._wake.notify()

    def reopen(self) -> None:
        """Open the paths anew, after all that came before: someone renamed the files."""
        with self._wake:
            self._reopening = True
            self._wake.notify()

    def close(self) -> None:
        """Write what waits, and let go of the files and the lock. What is appended later is refused."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._tidy.close()
        self._log.close()
        self._rejects.close()
        self._lock.close()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not (self._ready or self._closing or self._reopening):
                    self._wake.wait()
                group = self._take()
                reopening, self._reopening = self._reopening, False
            if reopening:
                self._log.close()
                self._rejects.close()
                self._looked = 0.0
            if group or reopening:
                self._futures.resolve([waiting.future for waiting in group], self._commit(group))
            elif self._closing:
                return

    def _take(self) -> list[_Waiting[P]]:
        """What the next commit is about. The caller holds the lock."""
        last = 1 if self._durability == "each" else len(self._queue)
        group, self._queue = self._queue[:last], self._queue[last:]
        self._ready = bool(self._queue)
        self._bytes -= sum(len(waiting.lines) + len(waiting.rejects) for waiting in group)
        return group

    def _commit(self, group: list[_Waiting[P]]) -> SesEventsError | None:
        """Put a group on disk whole, or not at all and return why."""
        lines = b"".join([waiting.lines for waiting in group])
        rejects = b"".join([waiting.rejects for waiting in group])
        now = time.time()
        try:
            self._look(now)
            self._rotate(len(lines), now)
            for file, data in ((self._log, lines), (self._rejects, rejects)):
                if data:
                    file.write(data)
            for file, data in ((self._log, lines), (self._rejects, rejects)):
                if data and self._durability != "none":
                    file.sync()
        except Exception as error:  # whatever it is, those who wait must hear of it
            self._log.undo()
            self._rejects.undo()
            return self._failed(error)
        self._log.keep(now)
        self._rejects.keep(now)
        self._recovered()
        return None

    def _failed(self, error: Exception) -> SesEventsError:
        failed = DiskFailedError(error.message if isinstance(error, SesEventsError) else f"{self._log.path}: {error}")
        if not self._failing:
            self._emit(Failure(f"nothing can be stored: {failed.message}"))
        self._failing = True
        return failed

    def _recovered(self) -> None:
        if self._failing:
            self._emit(Note(f"{self._log.path} can be written again"))
        self._failing = False

    def _look(self, now: float) -> None:
        """Once a second, and after a failure, see that the files are still those that the paths name."""
        if 0 <= now - self._looked < 1 and not self._failing:
            return
        if self._log.moved() or self._rejects.moved():
            self._open()
        self._looked = now

    def _rotate(self, more: int, now: float) -> None:
        if not self._rotation.due(self._log.size, more, self._log.written, now):
            return
        try:
            path = self._archive.rotate(now)
        except Exception as error:  # whatever it is: a log that grows too large is better than none
            if not self._stuck:
                self._emit(Failure(f"{self._log.path} cannot be rotated: {error}"))
            self._stuck = True
            return
        self._stuck = False
        self._emit(Note(f"rotated to {path}"))
        self._tidy.wake()
        self._open()

    def _open(self) -> None:
        """Open both files, whole, or neither."""
        try:
            self._log.open()
            self._rejects.open()
            self._heal()
        except BaseException:
            self._log.close()
            self._rejects.close()
            raise

    def _heal(self) -> None:
        """Move the unended line of a crashed writer to the rejects; end it there, if it is one of theirs."""
        if self._rejects.tail():
            self._rejects.write(b"\n")
            self._rejects.keep(self._rejects.written)
        tail = self._log.tail()
        if not tail:
            return
        record = self._torn(tail)
        file = self._rejects if record else self._log
        file.write(record or b"\n")
        file.sync()
        file.keep(time.time())
        if record:
            self._log.cut(len(tail))
            self._emit(Note(f"{self._log.path}: moved an unended last line of {len(tail)} bytes to {file.path}"))


def rejects_path(log: Path) -> Path:
    """Where bodies go that are no callbacks: `callbacks.rejects.jsonl` beside `callbacks.jsonl`."""
    return log.with_name(f"{log.stem}.rejects.jsonl")
