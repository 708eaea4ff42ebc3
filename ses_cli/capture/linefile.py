"""A file that only ever grows by whole lines."""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from ses_cli.errors import TargetError

MAX_TAIL = 64 << 20  # bytes; a longer unended line was not written here
_BLOCK = 1 << 16


class LineFile:
    """`write` and `sync`, then `keep` what was written, or `undo` it.

    An `undo` that fails is done before the next `write`. Size and time are counted, not asked of the file
    at each write: every system call hands the interpreter to the threads that wait for it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0  # bytes
        self.written = 0.0  # when, in Unix seconds
        self._fd = -1
        self._fresh = 0  # bytes that may still be taken back

    def open(self) -> None:
        """Open or make the file. Raise `OSError`, or `TargetError` where it is no regular file."""
        self.close()
        made = not self.path.exists()
        fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o640)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise TargetError(f"{self.path}: not a regular file")
        status = os.fstat(fd)
        self._fd, self.size, self.written = fd, status.st_size, status.st_mtime
        if made:
            sync_directory(self.path.parent)

    def tail(self) -> bytes:
        """What stands after the last line end: nothing, in a whole file."""
        size = at = self.size
        blocks: list[bytes] = []
        while at and size - at <= MAX_TAIL:
            start = max(0, at - _BLOCK)
            _, end, after = os.pread(self._fd, at - start, start).rpartition(b"\n")
            at = start
            blocks.append(after)
            if end:
                return b"".join(reversed(blocks))
        if at:
            raise TargetError(f"{self.path}: the last line has no end and is over {MAX_TAIL} bytes long")
        return b"".join(reversed(blocks))

    def cut(self, size: int) -> None:
        """Drop the last `size` bytes, durably."""
        os.ftruncate(self._fd, os.fstat(self._fd).st_size - size)
        self.size -= size
        sync(self._fd)

    def moved(self) -> bool:
        """Whether the path no longer names the open file: it was renamed, removed, or is not open."""
        if self._fd < 0:
            return True
        try:
            there, here = self.path.stat(), os.fstat(self._fd)
        except FileNotFoundError:
            return True
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def write(self, data: bytes) -> None:
        """Append whole lines. Raise `OSError`; then `undo`."""
        if self._fresh:
            self._take_back()
        view = memoryview(data)
        while view:
            wrote = os.write(self._fd, view)
            self._fresh += wrote
            view = view[wrote:]

    def sync(self) -> None:
        """Return when all that was written is on disk. Raise `OSError`; then `undo`."""
        sync(self._fd)

    def keep(self, now: float) -> None:
        """What was written stays."""
        if self._fresh:
            self.size += self._fresh
            self.written = now
        self._fresh = 0

    def undo(self) -> None:
        """Take back what was written since `keep`, be it whole or in part, synced or not."""
        if self._fresh:
            with suppress(OSError):
                self._take_back()

    def _take_back(self) -> None:
        os.ftruncate(self._fd, os.fstat(self._fd).st_size - self._fresh)
        self._fresh = 0

    def close(self) -> None:
        """Let go of the file, cutting off what could not be taken back before."""
        self.undo()
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._fresh = -1, 0


def sync(fd: int) -> None:
    """Return when the file's data, and the size that makes it readable, are on the disk itself."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(fd)


def sync_directory(path: Path) -> None:
    """Return when the names in a directory are on disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
