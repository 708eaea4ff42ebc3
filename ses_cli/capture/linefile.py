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

    An `undo` that fails is done before the next `write`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1
        self._mark: int | None = None  # size before what may still be taken back

    def open(self) -> None:
        """Open or make the file. Raise `OSError`, or `TargetError` where it is no regular file."""
        self.close()
        made = not self.path.exists()
        fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o640)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise TargetError(f"{self.path}: not a regular file")
        self._fd = fd
        if made:
            sync_directory(self.path.parent)

    def status(self) -> os.stat_result:
        """The open file's size and times."""
        return os.fstat(self._fd)

    def tail(self) -> bytes:
        """What stands after the last line end: nothing, in a whole file."""
        size = at = self.status().st_size
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
        os.ftruncate(self._fd, self.status().st_size - size)
        sync(self._fd)

    def moved(self) -> bool:
        """Whether the path no longer names the open file: it was renamed, removed, or is not open."""
        if self._fd < 0:
            return True
        try:
            there, here = self.path.stat(), self.status()
        except FileNotFoundError:
            return True
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def write(self, data: bytes) -> None:
        """Append whole lines. Raise `OSError`; then `undo`."""
        if self._mark is not None:
            os.ftruncate(self._fd, self._mark)
        self._mark = self.status().st_size
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def sync(self) -> None:
        """Return when all that was written is on disk. Raise `OSError`; then `undo`."""
        sync(self._fd)

    def keep(self) -> None:
        """What was written stays."""
        self._mark = None

    def undo(self) -> None:
        """Take back what was written since `keep`, be it whole or in part, synced or not."""
        if self._mark is None:
            return
        with suppress(OSError):
            os.ftruncate(self._fd, self._mark)
            self._mark = None

    def close(self) -> None:
        """Let go of the file, cutting off what could not be taken back before."""
        self.undo()
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._mark = -1, None


def sync(fd: int) -> None:
    """Return when the file's data, and the size that makes it readable, are on the disk itself."""
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 (only there does fsync stop at the drive's cache)

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
