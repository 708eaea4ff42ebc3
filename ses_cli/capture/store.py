"""The files of a log: lines go in whole and durably, or not at all; it is rotated, and follows what others rename."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from ses_cli.capture.disk import SYSTEM, Disk
from ses_cli.capture.linefile import LineFile
from ses_cli.capture.rejects import previous_path, rejects_path
from ses_cli.capture.rotation import Archive, Rotation
from ses_cli.capture.server_events import EventListener, Note, ReceiverFailure
from ses_cli.errors import TargetError, reason

Durability = Literal["group", "each", "none"]
"""One sync for all that waits; one for each append; or none, which acknowledges what a power cut may lose."""

PartialLine = Callable[[bytes], bytes]
"""Makes a line for the rejects of the unended last line of a log; nothing, where that is a whole line."""

MAX_REJECTS = 64 << 20  # bytes of the rejects file, and of the one before it
_TRIES = 3  # files that may be removed from under one commit


class Claim(Protocol):
    """That nobody else writes the log."""

    def renew(self) -> None:
        """Claim what lies there now. Raise `TargetError`."""

    def close(self) -> None:
        """Give it back."""


class LogStore:
    """A log and its rejects, for one thread.

    At each commit it looks whether the path still names the log that is open, and after the sync, before anything is
    acknowledged, whether the log still has a name. So what was acknowledged lay, at that moment, in a file that can be
    found: in the log, or in one that somebody has given another name.
    """

    def __init__(
        self,
        path: Path,
        claim: Claim,
        partial_line: PartialLine,
        emit: EventListener,
        *,
        rotation: Rotation = Rotation(),  # noqa: B008 (frozen)
        is_synced: bool = True,
        max_rejects: int = MAX_REJECTS,
        ships: bool = False,
        rotated: Callable[[], None] = lambda: None,
        disk: Disk = SYSTEM,
    ) -> None:
        """Open the files. `rotated` is called when one was rotated. Raise `OSError`, or `TargetError`."""
        self.archive = Archive(path, disk)
        self.rejects_archive = Archive(rejects_path(path), disk) if ships else None
        self._claim = claim
        self._emit = emit
        self._rotation = rotation
        self._is_synced = is_synced
        self._max_rejects = max_rejects
        self._partial_line = partial_line
        self._rotated = rotated
        self._disk = disk
        self._is_stuck = False  # reported, and not yet over
        self._log = LineFile(path, is_exclusive=True, disk=disk)
        self._rejects = LineFile(rejects_path(path), disk=disk)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def commit(self, lines: bytes, rejects: bytes, now: float) -> None:
        """Put lines on disk whole, or none of them and raise. Without any, what was renamed is only opened."""
        try:
            self._follow_paths(bool(rejects) or not lines)
            self._rotate(len(lines), now)
            self._rotate_rejects(len(rejects), now)
            parts = [(file, data) for file, data in ((self._log, lines), (self._rejects, rejects)) if data]
            self._write(parts, now)
        except Exception:
            self._log.undo()
            self._rejects.undo()
            raise
        for file, _ in parts:  # in the other, something may stand that is still to be undone
            file.keep(now)

    def close(self) -> None:
        """Let go of the files."""
        self._log.close()
        self._rejects.close()

    def _write(self, parts: list[tuple[LineFile, bytes]], now: float) -> None:
        """Put data in files that have a name, and on disk."""
        for _ in range(_TRIES):
            for file, data in parts:
                file.write(data)
            if self._is_synced:
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

    def _follow_paths(self, with_rejects: bool) -> None:
        """See that the open files are those that the paths name."""
        if not self._log.is_current() or (with_rejects and not self._rejects.is_current()):
            self._reopen()

    def _reopen(self) -> None:
        self._claim.renew()
        self._open()

    def _rotate(self, more: int, now: float) -> None:
        """Begin a new log, if it is time. Whatever hinders that: a log that grows too large is better than none."""
        if not more or not self._rotation.is_due(self._log.size, more, self._log.written, now):
            return
        try:
            path = self.archive.rotate(now)
            try:
                self._log.open()
            except Exception:
                self.archive.undo(path)
                raise
        except Exception as error:
            if not self._is_stuck:
                self._emit(ReceiverFailure(f"{self._log.path} cannot be rotated: {reason(error)}"))
            self._is_stuck = True
            return
        self._is_stuck = False
        self._emit(Note(f"rotated to {path}"))
        self._rotated()

    def _rotate_rejects(self, more: int, now: float) -> None:
        """Begin a new rejects file in place of one that is full; what is shipped is rotated as the log is."""
        if not more or not self._rejects.size:
            return
        is_full = self._rejects.size + more > self._max_rejects
        if self.rejects_archive is None:
            if is_full:
                self._replace_rejects()
        elif is_full or self._rotation.is_due(self._rejects.size, more, self._rejects.written, now):
            self._archive_rejects(self.rejects_archive, now)

    def _archive_rejects(self, archive: Archive, now: float) -> None:
        try:
            path = archive.rotate(now)
            self._rejects.open()
        except Exception as error:
            self._emit(ReceiverFailure(f"{self._rejects.path} cannot be rotated: {reason(error)}"))
            return
        self._emit(Note(f"rotated to {path}"))
        self._rotated()

    def _replace_rejects(self) -> None:
        """The file that is full takes the place of the one before it."""
        previous = previous_path(self._rejects.path)
        try:
            self._disk.rename(self._rejects.path, previous)
            self._rejects.open()
        except Exception as error:
            self._emit(ReceiverFailure(f"{self._rejects.path} cannot be rotated: {reason(error)}"))
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
        if not self._rejects.is_ended():
            self._rejects.write(b"\n")
            self._rejects.sync()
            self._rejects.keep(self._rejects.written)
        while tail := self._log.tail():
            self._repair_tail(tail)

    def _repair_tail(self, tail: bytes) -> None:
        record = self._partial_line(tail.removesuffix(b"\n"))
        file = self._rejects if record else self._log
        file.write(record or b"\n")
        file.sync()
        file.keep(time.time())
        if record:
            self._log.truncate(len(tail))
            self._emit(Note(f"{self._log.path}: moved a partial last line of {len(tail)} bytes to {file.path}"))
