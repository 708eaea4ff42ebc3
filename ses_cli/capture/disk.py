"""What keeps files, behind a contract: what is durable depends on these calls and their order."""

import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol, cast


class Disk(Protocol):
    """Calls by the names they have in `os` and `fcntl`. All raise OSError."""

    def open(self, path: Path, flags: int, mode: int = 0o640, /) -> int: ...
    def close(self, fd: int, /) -> None: ...
    def fdopen(self, fd: int, mode: str, /) -> BinaryIO: ...
    def pread(self, fd: int, size: int, offset: int, /) -> bytes: ...
    def write(self, fd: int, data: memoryview, /) -> int: ...
    def ftruncate(self, fd: int, size: int, /) -> None: ...
    def fsync(self, fd: int, /) -> None: ...
    def sync_data(self, fd: int, /) -> None:
        """The file's data, and the size that makes it readable, are on the disk itself."""

    def fstat(self, fd: int, /) -> os.stat_result: ...
    def stat(self, path: Path, /) -> os.stat_result: ...
    def lexists(self, path: Path, /) -> bool: ...
    def flock(self, fd: int, operation: int, /) -> None: ...
    def listdir(self, path: Path, /) -> list[str]: ...
    def rename(self, old: Path, new: Path, /) -> None: ...
    def unlink(self, path: Path, /) -> None: ...
    def fchmod(self, fd: int, mode: int, /) -> None: ...
    def set_times(self, fd: int, times: tuple[int, int], /) -> None:
        """Of access and change, nanoseconds."""


class SystemDisk:
    """The system's own."""

    open = staticmethod(os.open)
    close = staticmethod(os.close)
    pread = staticmethod(os.pread)
    write = staticmethod(os.write)
    ftruncate = staticmethod(os.ftruncate)
    fsync = staticmethod(os.fsync)
    fstat = staticmethod(os.fstat)
    stat = staticmethod(os.stat)
    lexists = staticmethod(os.path.lexists)
    flock = staticmethod(fcntl.flock)
    listdir = staticmethod(os.listdir)
    rename = staticmethod(os.rename)
    unlink = staticmethod(os.unlink)
    fchmod = staticmethod(os.fchmod)
    fdopen = staticmethod(cast(Callable[[int, str], BinaryIO], os.fdopen))

    def sync_data(self, fd: int) -> None:
        if sys.platform == "darwin":
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(fd)

    def set_times(self, fd: int, times: tuple[int, int]) -> None:
        os.utime(fd, ns=times)


SYSTEM: Disk = SystemDisk()
