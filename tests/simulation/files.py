"""A disk for a log: names, data and what of both is durable; it fills up, breaks, and the power may go."""

import errno
import fcntl
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, BinaryIO, cast

from ses_cli.capture.disk import Disk

from .clock import Clock

_DIRECTORY = 1  # its descriptor


class _Inode:
    def __init__(self, number: int, now: float) -> None:
        self.number = number
        self.data = bytearray()
        self.durable = b""
        self.links = 0
        self.changed = now


class Files:
    """A directory over all runs. Its names change on disk in their order, as on a file system with a journal."""

    def __init__(self) -> None:
        self.names: dict[str, _Inode] = {}
        self.durable: dict[str, _Inode] = {}  # as of the last sync of the directory
        self.pending: list[dict[str, _Inode]] = []  # the directory after each change since then
        self.count = 0

    def changed(self) -> None:
        """A name came, went or was given to something else."""
        self.pending.append(dict(self.names))

    def cut(self, random: Random) -> None:
        """The power goes: a change of names that was not synced may be undone, and data lost, whole or in part."""
        self.names = dict(random.choice([self.durable, *self.pending]))
        for inode in set(self.names.values()):
            inode.data = bytearray(_left(random, inode))
            inode.links = sum(other is inode for other in self.names.values())
        self.settle()

    def settle(self) -> None:
        """What is there now is durable: the process is gone, and the system goes on."""
        self.durable, self.pending = dict(self.names), []
        for inode in self.names.values():
            inode.durable = bytes(inode.data)

    def contents(self) -> dict[str, bytes]:
        """All files, each once: one that has two names counts once for whoever reads it."""
        found = {inode.number: (name, bytes(inode.data)) for name, inode in sorted(self.names.items())}
        return dict(found.values())


def _left(random: Random, inode: _Inode) -> bytes:
    """What a power cut leaves of a file."""
    now, before = bytes(inode.data), inode.durable
    if now == before or random.random() < 0.4:
        return now
    if not now.startswith(before):
        return before
    more = now[len(before) :]
    kept = more[: random.randint(0, len(more))]
    # the size may be on disk before the data
    return before + kept + bytes(len(more) - len(kept) if random.random() < 0.3 else 0)


class SimulatedDisk:
    """A `Disk`, for one run."""

    def __init__(self, files: Files, clock: Clock, random: Random, fails: dict[int, int]) -> None:
        """`fails`: at the n-th call that changes something, this error."""
        self.between: Callable[[], None] | None = None  # what others do between two calls
        self._files, self._clock, self._random = files, clock, random
        self._fails = fails
        self._changes = 0
        self._open: dict[int, _Inode] = {}
        self._locks: dict[int, bool] = {}  # by descriptor: whether nobody else may have one

    def open(self, path: Path, flags: int, _mode: int = 0, /) -> int:
        """A descriptor."""
        if flags & os.O_DIRECTORY:
            self._call()
            return _DIRECTORY
        self._change("open")
        files, inode = self._files, self._files.names.get(path.name)
        if inode is None:
            if not flags & os.O_CREAT:
                raise FileNotFoundError(errno.ENOENT, "gone", path.name)
            files.count += 1
            inode = files.names[path.name] = _Inode(files.count, self._clock.time)
            inode.links = 1
            files.changed()
        if flags & os.O_TRUNC:
            inode.data.clear()
        fd = max([_DIRECTORY, *self._open]) + 1
        self._open[fd] = inode
        return fd

    def close(self, fd: int, /) -> None:
        """Never fails."""
        self._call()
        self._open.pop(fd, None)
        self._locks.pop(fd, None)

    def fdopen(self, fd: int, mode: str, /) -> BinaryIO:
        """A file object."""
        raw = _Raw(self, fd)
        return cast(BinaryIO, io.BufferedReader(raw) if mode == "rb" else io.BufferedWriter(raw))

    def pread(self, fd: int, size: int, offset: int, /) -> bytes:
        """A part."""
        self._call()
        return bytes(self._open[fd].data[offset : offset + size])

    def write(self, fd: int, data: memoryview, /) -> int:
        """At the end, and perhaps not all of it."""
        inode = self._open[fd]
        inode.changed = self._clock.time
        self._change("write")
        size = len(data) if self._random.random() < 0.9 else self._random.randint(1, len(data))
        inode.data += data[:size]
        return size

    def ftruncate(self, fd: int, size: int, /) -> None:
        """Only ever shortens."""
        self._change("ftruncate")
        del self._open[fd].data[size:]

    def fsync(self, fd: int, /) -> None:
        """Of a file, or of the directory."""
        self._change("fsync")
        if fd == _DIRECTORY:
            self._files.durable, self._files.pending = dict(self._files.names), []
        else:
            self._open[fd].durable = bytes(self._open[fd].data)

    def sync_data(self, fd: int, /) -> None:
        """Of a file."""
        self._change("sync_data")
        self._open[fd].durable = bytes(self._open[fd].data)

    def fstat(self, fd: int, /) -> os.stat_result:
        """Of what is open."""
        self._call()
        return _status(self._open[fd])

    def stat(self, path: Path, /) -> os.stat_result:
        """Of what has this name."""
        self._call()
        if path.name not in self._files.names:
            raise FileNotFoundError(errno.ENOENT, "gone", path.name)
        return _status(self._files.names[path.name])

    def lexists(self, path: Path, /) -> bool:
        """Whether the name is taken."""
        self._call()
        return path.name in self._files.names

    def flock(self, fd: int, operation: int, /) -> None:
        """As of the one process that there is."""
        self._locks.pop(fd, None)
        if operation & fcntl.LOCK_UN:
            return
        inode, is_alone = self._open[fd], bool(operation & fcntl.LOCK_EX)
        for other, held_alone in self._locks.items():
            if other != fd and self._open[other] is inode and (is_alone or held_alone):
                raise BlockingIOError(errno.EWOULDBLOCK, "locked")
        self._locks[fd] = is_alone

    def listdir(self, _path: Path, /) -> list[str]:
        """All names."""
        self._call()
        return list(self._files.names)

    def rename(self, old: Path, new: Path, /) -> None:
        """In the place of what has that name."""
        self._change("rename")
        self.move(old.name, new.name)

    def move(self, old: str, new: str) -> None:
        """A rename, by whoever."""
        names = self._files.names
        if old not in names:
            raise FileNotFoundError(errno.ENOENT, "gone", old)
        if new in names:
            names[new].links -= 1
        names[new] = names.pop(old)
        self._files.changed()

    def unlink(self, path: Path, /) -> None:
        """The name goes."""
        self._change("unlink")
        inode = self._files.names.pop(path.name, None)
        if inode is None:
            raise FileNotFoundError(errno.ENOENT, "gone", path.name)
        inode.links -= 1
        self._files.changed()

    def fchmod(self, _fd: int, _mode: int, /) -> None:
        """Nothing to see."""
        self._change("fchmod")

    def set_times(self, fd: int, times: tuple[int, int], /) -> None:
        """The time of the last change."""
        self._change("set_times")
        self._open[fd].changed = times[1] / 1e9

    def size(self, fd: int) -> int:
        """Bytes, without a call."""
        return len(self._open[fd].data)

    def _call(self) -> None:
        self._clock.call()
        if self.between is not None:
            self.between()

    def _change(self, name: str) -> None:
        self._call()
        self._changes += 1
        number = self._fails.get(self._changes)
        if number is not None:
            self._clock.tell("fails", name, os.strerror(number))
            raise OSError(number, os.strerror(number))


class _Raw(io.RawIOBase):
    """A file object on a simulated disk."""

    def __init__(self, disk: SimulatedDisk, fd: int) -> None:
        self._disk, self._fd, self._at = disk, fd, 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        data = self._disk.pread(self._fd, min(len(view), 64), self._at)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def write(self, data: object) -> int:
        return self._disk.write(self._fd, memoryview(cast(bytes, data)))

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._disk.close(self._fd)


def _status(inode: _Inode) -> os.stat_result:
    size, at = len(inode.data), int(inode.changed)
    at_ns = int(inode.changed * 1e9)
    fields = (stat.S_IFREG | 0o640, inode.number, 1, inode.links, 0, 0, size, at, at, at)
    return os.stat_result(fields, {"st_mtime": inode.changed, "st_atime_ns": at_ns, "st_mtime_ns": at_ns})


if TYPE_CHECKING:
    _: type[Disk] = SimulatedDisk
