"""A file that only ever grows by whole lines."""

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from ses_cli.capture.disk import SYSTEM, Disk
from ses_cli.errors import TargetError

MAX_TAIL = 64 << 20  # bytes; a longer unended line was not written here
_BLOCK = 1 << 16


class LineFile:
    """`write` and `sync`, then `keep` what was written, or `undo` it.

    An `undo` that fails is done before the next `write`. Size and time are counted, not asked of the file
    at each write: every system call hands the interpreter to the threads that wait for it.
    """

    def __init__(self, path: Path, is_exclusive: bool = False, disk: Disk = SYSTEM) -> None:
        """`is_exclusive`: nobody else who asks for that may have the file open."""
        self.path = path
        self.size = 0  # bytes
        self.written = 0.0  # when, in Unix seconds
        self._is_exclusive = is_exclusive
        self._disk = disk
        self._fd = -1
        self._identity = (0, 0)  # device and inode
        self._fresh = 0  # bytes that may still be truncated

    def open(self) -> None:
        """Open or make the file that the path names now, and only then let go of the one before.

        Raise `OSError`, or `TargetError` where it is not a regular file, or is another writer's.
        """
        disk = self._disk
        fd = disk.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o640)
        try:
            status = disk.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise TargetError(f"{self.path}: not a regular file")
            if self._is_exclusive:
                self._lock(fd)
            # the name may be new though the file was there: whoever made it may have failed to sync it
            sync_directory(self.path.parent, disk)
        except BaseException:
            close(fd, disk)
            raise
        self.close()
        self._fd, self._identity = fd, (status.st_dev, status.st_ino)
        self.size, self.written = status.st_size, status.st_mtime

    def tail(self) -> bytes:
        """The last line, where a crash left it partial: without its end, or with its end and blocks that are missing.

        Nothing, in a whole file. The file system fills blocks that did not reach the disk with NUL, which no line has.
        """
        size = at = self.size
        blocks: list[bytes] = []
        while at and size - at <= MAX_TAIL:
            start = max(0, at - _BLOCK)
            block = self._disk.pread(self._fd, at - start, start)
            before = block.rfind(b"\n", 0, len(block) - (at == size))
            at = start
            blocks.append(block[before + 1 :])
            if before >= 0:
                at = 0
        last = b"".join(reversed(blocks))
        if last.endswith(b"\n") and (at or b"\0" not in last):
            return b""
        if at:
            raise TargetError(f"{self.path}: the last line has no end and is over {MAX_TAIL} bytes long")
        return last

    def is_ended(self) -> bool:
        """Whether it ends with a line end, or is empty."""
        return not self.size or self._disk.pread(self._fd, 1, self.size - 1) == b"\n"

    def truncate(self, size: int) -> None:
        """Drop the last `size` bytes, durably."""
        self._disk.ftruncate(self._fd, self._disk.fstat(self._fd).st_size - size)
        self.size -= size
        self._disk.sync_data(self._fd)

    def is_current(self) -> bool:
        """Whether the path names the open file: it is open, and was not renamed or removed."""
        if self._fd < 0:
            return False
        try:
            status = self._disk.stat(self.path)
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def is_removed(self) -> bool:
        """Whether the open file has no name any more: what is in it is lost when it is closed."""
        return self._disk.fstat(self._fd).st_nlink == 0

    def write(self, data: bytes) -> None:
        """Append whole lines. Raise `OSError`; then `undo`."""
        if self._fresh:
            self._truncate_fresh()
        view = memoryview(data)
        while view:
            wrote = self._disk.write(self._fd, view)
            self._fresh += wrote
            view = view[wrote:]

    def sync(self) -> None:
        """Return when all that was written is on disk. Raise `OSError`; then `undo`."""
        self._disk.sync_data(self._fd)

    def keep(self, now: float) -> None:
        """What was written stays."""
        if self._fresh:
            self.size += self._fresh
            self.written = now
        self._fresh = 0

    def undo(self) -> None:
        """Truncate what was written since `keep`, be it whole or in part, synced or not."""
        if self._fresh:
            with suppress(OSError):
                self._truncate_fresh()

    def _truncate_fresh(self) -> None:
        self._disk.ftruncate(self._fd, self._disk.fstat(self._fd).st_size - self._fresh)
        self._fresh = 0

    def close(self) -> None:
        """Let go of the file, truncating what could not be truncated before."""
        self.undo()
        if self._fd >= 0:
            close(self._fd, self._disk)
        self._fd, self._fresh = -1, 0

    def _lock(self, fd: int) -> None:
        """Lock a file itself, whatever it is called and wherever it is moved, until it is closed."""
        try:
            self._disk.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TargetError(
                f"{self.path} is being written by another process",
                hint="stop that process, or give this one another log",
            ) from None


def is_left(fd: int, disk: Disk = SYSTEM) -> bool:
    """Whether no writer has an open file locked: until then it may take back what it wrote last, or a rotation."""
    try:
        disk.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    disk.flock(fd, fcntl.LOCK_UN)
    return True


def sync_directory(path: Path, disk: Disk = SYSTEM) -> None:
    """Return when the names in a directory are on disk."""
    fd = disk.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        disk.fsync(fd)
    finally:
        close(fd, disk)


def close(fd: int, disk: Disk = SYSTEM) -> None:
    """Let go of a descriptor, which is gone even where the system tells an error: what had to be on disk was synced."""
    with suppress(OSError):
        disk.close(fd)
