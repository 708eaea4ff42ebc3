"""What a disk may hold after a power cut: a model of files and directories that is told what was done to them.

Data is on disk once its file was synced, a name once its directory was. What was not synced may be there, be missing,
or be there in part: any blocks of it, and a size without its data. Nothing is assumed about the order.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from tests.faults.others import Change
from tests.faults.tracing import Call

BLOCK = 512  # bytes that a disk writes at once
_WAYS = 6  # that a write may be there
Descriptor = tuple[int, int | None]  # of a process


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes written to a file, or with None its size set."""

    inode: int
    at: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Name:
    """A name that was given to a file or directory, or taken from one."""

    path: str
    inode: int | None  # None: the name is gone
    former: str | None = None  # the name that it had before, with a rename


@dataclass
class Disk:
    """Files by inode, names, and what was done since each was synced."""

    names: dict[str, int]
    files: dict[int, bytes]
    directories: set[str]
    data: list[Data] = field(default_factory=list)  # not synced
    pending: list[Name] = field(default_factory=list)  # not synced
    now: dict[str, int] = field(default_factory=dict)  # names as the program sees them
    sizes: dict[int, int] = field(default_factory=dict)  # as the program sees them
    offsets: dict[Descriptor, int] = field(default_factory=dict)
    opened: dict[Descriptor, int] = field(default_factory=dict)  # inodes

    @staticmethod
    def of(home: Path) -> "Disk":
        """What lies in a directory, all of it on disk."""
        paths = sorted(path for path in home.rglob("*") if path.is_file())
        names = {str(path): number for number, path in enumerate(paths)}
        files = {number: Path(path).read_bytes() for path, number in names.items()}
        directories = {str(home), *(str(path) for path in home.rglob("*") if path.is_dir())}
        sizes = {number: len(text) for number, text in files.items()}
        return Disk(names, files, directories, now=dict(names), sizes=sizes)

    def see(self, call: Call) -> bool:
        """Takes one call, and says whether the disk may look different since."""
        if call.result < 0 or not call.paths or not any(self._is_ours(path) for path in call.paths):
            return False
        act = getattr(self, f"_{call.name}", None)
        return bool(act and act(call))

    def take(self, change: Change) -> None:
        """What others did to a file, which is on disk at once."""
        path = str(change.path)
        if change.former is not None:
            former = str(change.former)
            while self.pending:  # with it all that was done to names before
                _apply(self.names, self.pending.pop(0))
            self.now[path] = self.names[path] = self.now.pop(former)
            del self.names[former]
            return
        if path not in self.now:
            self.now[path] = self.names[path] = inode = 1_000_000 + len(self.sizes)
            self.files[inode] = b""
        inode = self.now[path]
        self.files[inode] += change.data
        self.sizes[inode] = len(self.files[inode])

    def _is_ours(self, path: str) -> bool:
        return any(path == one or path.startswith(f"{one}/") for one in self.directories)

    def _openat(self, call: Call) -> bool:
        path = call.paths[0]
        if path in self.directories or "O_DIRECTORY" in call.flags:
            return False
        is_new = path not in self.now
        if is_new:
            if "O_CREAT" not in call.flags:
                return False
            self.now[path] = inode = 1_000_000 + len(self.sizes)
            self.sizes[inode], self.files[inode] = 0, b""
            self.pending.append(Name(path, inode))
        inode = self.opened[_of(call)] = self.now[path]
        self.offsets[_of(call)] = -1 if "O_APPEND" in call.flags else 0
        if "O_TRUNC" in call.flags and self.sizes[inode]:
            self._resize(inode, 0)
            return True
        return is_new

    def _write(self, call: Call) -> bool:
        inode = self.opened.get(_of(call))
        if inode is None or call.data is None:
            return False
        offset = self.offsets[_of(call)]
        at = self.sizes[inode] if offset < 0 else offset
        self._put(inode, at, call.data[: call.result])
        if offset >= 0:
            self.offsets[_of(call)] += call.result
        return True

    def _pwrite64(self, call: Call) -> bool:
        inode = self.opened.get(_of(call))
        if inode is None or call.data is None:
            return False
        self._put(inode, int(call.flags.rpartition(", ")[2]), call.data[: call.result])
        return True

    def _read(self, call: Call) -> bool:
        if self.offsets.get(_of(call), -1) >= 0:
            self.offsets[_of(call)] += call.result
        return False

    def _put(self, inode: int, at: int, data: bytes) -> None:
        self.data.append(Data(inode, at, data))
        self.sizes[inode] = max(self.sizes[inode], at + len(data))

    def _resize(self, inode: int, size: int) -> None:
        self.data.append(Data(inode, size, None))
        self.sizes[inode] = size

    def _ftruncate(self, call: Call) -> bool:
        inode = self.opened.get(_of(call))
        if inode is None:
            return False
        self._resize(inode, int(call.flags.rpartition(", ")[2]))
        return True

    def _fsync(self, call: Call) -> bool:
        path = call.paths[0]
        if path in self.directories:
            for one in [name for name in self.pending if str(Path(name.path).parent) == path]:
                _apply(self.names, one)
                self.pending.remove(one)
            return True
        inode = self.opened.get(_of(call))
        if inode is None:
            return False
        for data in [one for one in self.data if one.inode == inode]:
            self.files[inode] = _written(self.files[inode], data, "all")
            self.data.remove(data)
        return True

    _fdatasync = _fsync

    def _close(self, call: Call) -> bool:
        self.opened.pop(_of(call), None)
        self.offsets.pop(_of(call), None)
        return False

    def _rename(self, call: Call) -> bool:
        old, new = call.paths
        if old in self.directories:
            self._move(old, new)
            return True
        inode = self.now.pop(old)
        self.now[new] = inode
        self.pending.append(Name(new, inode, old))
        return True

    def _move(self, old: str, new: str) -> None:
        """A directory: what is in it that was not synced has its new name in any case."""
        moved = {path: path.replace(old, new, 1) for path in [*self.now, *self.names] if path.startswith(f"{old}/")}
        self.now = {moved.get(path, path): inode for path, inode in self.now.items()}
        self.names = {moved.get(path, path): inode for path, inode in self.names.items()}
        self.pending = [Name(one.path.replace(old, new, 1), one.inode) for one in self.pending]
        self.directories |= {path.replace(old, new, 1) for path in self.directories if path.startswith(old)}

    def _link(self, call: Call) -> bool:
        old, new = call.paths
        self.now[new] = self.now[old]
        self.pending.append(Name(new, self.now[old]))
        return True

    def _unlink(self, call: Call) -> bool:
        if self.now.pop(call.paths[0], None) is None:
            return False
        self.pending.append(Name(call.paths[0], None))
        return True

    def _mkdir(self, call: Call) -> bool:
        self.directories.add(call.paths[0])
        return False

    def states(self, rng: random.Random, most: int) -> Iterator[dict[str, bytes]]:
        """What may be there now: all of it where that is at most `most`, else that many of them."""
        ways: list[Sequence[str]] = [_ways(one) for one in self.data]
        names = [("kept", "lost")] * len(self.pending)
        total = 1
        for choice in [*ways, *names]:
            total = min(total * len(choice), 1 << 40)
        if total <= most:
            for picked in product(*ways, *names):
                yield self._state(picked)
            return
        yield self._state(["all"] * len(ways) + ["kept"] * len(names))
        yield self._state(["none"] * len(ways) + ["lost"] * len(names))
        yield self._state(["all"] * len(ways) + ["lost"] * len(names))
        yield self._state(["none"] * len(ways) + ["kept"] * len(names))
        for _ in range(most - 4):
            is_ordered = rng.random() < 0.5  # as most file systems do: up to some point, and nothing behind it
            yield self._state(self._ordered(ways, rng) if is_ordered else [rng.choice(one) for one in [*ways, *names]])

    def _ordered(self, ways: Sequence[Sequence[str]], rng: random.Random) -> list[str]:
        at, until = rng.randrange(len(ways) + 1), rng.randrange(len(self.pending) + 1)
        data = ["all" if n < at else rng.choice(ways[n]) if n == at else "none" for n in range(len(ways))]
        return data + ["kept" if n < until else "lost" for n in range(len(self.pending))]

    def _state(self, picked: Sequence[str]) -> dict[str, bytes]:
        files, names = dict(self.files), dict(self.names)
        for data, way in zip(self.data, picked, strict=False):
            files[data.inode] = _written(files[data.inode], data, way)
        for name, way in zip(self.pending, picked[len(self.data) :], strict=True):
            if way == "kept":
                _apply(names, name)
        # an index of a write-ahead log in shared memory is never read after a crash
        return {path: files[inode] for path, inode in names.items() if not path.endswith("-shm")}


def _of(call: Call) -> Descriptor:
    return call.process, call.fd


def _apply(names: dict[str, int], one: Name) -> None:
    if one.former is not None:
        names.pop(one.former, None)
    if one.inode is None:
        names.pop(one.path, None)
    else:
        names[one.path] = one.inode


def _ways(one: Data) -> Sequence[str]:
    if not one.data:
        return ("all", "none")
    if (one.at + len(one.data)) // BLOCK > one.at // BLOCK:  # more than one block
        return ("all", "none", "half", "size", "half and size", "last")
    return ("all", "none", "half", "size", "half and size")


def _written(file: bytes, one: Data, way: str) -> bytes:
    """A file after a write that is there in one of the ways."""
    if way == "none":
        return file
    if one.data is None:
        return file[: one.at].ljust(one.at, b"\0")
    data, end = one.data, one.at + len(one.data)
    old = file[one.at : end].ljust(len(data), b"\0")
    border = (BLOCK - one.at % BLOCK) % BLOCK or len(data) // 2
    half = border if 0 < border < len(data) else len(data) // 2
    match way:
        case "half":
            data = data[:half]
        case "size":
            data = old
        case "half and size":
            data = data[:half] + old[half:]
        case "last":
            data = old[:half] + data[half:]
    padded = file.ljust(one.at, b"\0")
    return padded[: one.at] + data + padded[one.at + len(data) :]


def names_in(data: bytes) -> list[str]:
    """What a request is about."""
    return [
        (name or marker).decode() for name, marker in re.findall(rb'"bulkId": ?"([^"]*)"|(reject-marker-\d+)', data)
    ]
