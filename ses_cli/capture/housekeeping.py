"""Compress rotated files, and delete those that are not to be kept, in the background."""

import gzip
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from ses_cli.capture.disk import SYSTEM, Disk
from ses_cli.capture.linefile import is_left, sync_directory
from ses_cli.capture.rotation import SUFFIXES, Archive, Compression, Rotation
from ses_cli.capture.server_events import EventListener, Note, ReceiverFailure, Shipping
from ses_cli.capture.shipping import Ship, Shipper
from ses_cli.errors import reason
from ses_cli.zstd import zstd

_BLOCK = 1 << 20
_MOST_REJECTS = 16  # files that wait to be shipped


class _Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


class Housekeeper:
    """One thread that does what a rotation, or a process that was killed, left undone.

    What is to be shipped, another one ships, and nothing that was not is deleted; but for rejects, where too many wait:
    anybody can have any number of them written.
    """

    def __init__(
        self, archive: Archive, rotation: Rotation, emit: EventListener, rejects: Archive | None = None,
        ship: Ship | None = None,
    ) -> None:  # fmt: skip
        """With `ship`, `rejects` are shipped too. Raise `UsageError` where that cannot be begun."""
        self._kept = [(archive, rotation.keep)]
        self._rotation = rotation
        self._emit = emit
        self._work = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._shipper: Shipper | None = None
        if ship and rejects:
            self._kept.append((rejects, 1))
            is_compressed = rotation.compress is not None
            self._shipper = Shipper(ship, [archive, rejects], is_compressed, emit, self.wake)
            self._shipper.start()
        if rotation.compress or rotation.keep is not None or self._shipper:
            self._thread.start()
            self.wake()

    @property
    def shipping(self) -> Shipping | None:
        """How that stands."""
        return self._shipper.status if self._shipper else None

    def wake(self) -> None:
        """A file was rotated, or shipped."""
        self._work.set()

    def close(self) -> None:
        """Stop soon; a file that is half compressed waits for the next start."""
        self._stop = True
        self._work.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._shipper:
            self._shipper.close()

    def _run(self) -> None:
        while self._work.wait() and not self._stop:
            self._work.clear()
            try:
                self._work_off()
            except Exception as error:  # this thread goes on, whatever a directory holds
                self._emit(ReceiverFailure(f"rotated files of {self._kept[0][0].log}: {reason(error)}"))

    def _work_off(self) -> None:
        for archive, keep in self._kept:
            if keep is not None:
                for path in archive.prune(keep, partial(self._may_go, archive)):
                    self._emit(Note(f"deleted {path}"))
            if self._rotation.compress:
                for path in archive.uncompressed():
                    if compress(path, self._rotation.compress, lambda: self._stop):
                        self._emit(Note(f"compressed {path}"))
        for archive, _ in self._kept[1:]:
            for path in archive.prune(_MOST_REJECTS):
                self._emit(
                    ReceiverFailure(f"deleted {path}, which was not shipped: more than {_MOST_REJECTS} are waiting")
                )
        if self._shipper:
            self._shipper.wake()

    def _may_go(self, archive: Archive, stamp: str) -> bool:
        return self._shipper is None or self._shipper.has(archive.log, stamp)


class Stopping(Protocol):
    """Tells whether to leave off."""

    def __call__(self) -> bool: ...


def compress(path: Path, how: Compression, stopping: Stopping, disk: Disk = SYSTEM) -> bool:
    """Put a compressed file, whole and on disk, in the place of a file. Return whether it was done.

    Not while its writer has it open.
    """
    final = path.with_name(path.name + SUFFIXES[how])
    part = path.with_name(f".{final.name}.part")
    with disk.fdopen(disk.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb") as source:
        if not is_left(source.fileno(), disk):
            return False
        disk.fsync(source.fileno())  # else a power cut may leave another log than is compressed
        try:
            if not _write_part(source, part, how, stopping, disk):
                return False
            disk.rename(part, final)
            sync_directory(path.parent, disk)
            disk.unlink(path)
        finally:
            with suppress(FileNotFoundError):
                disk.unlink(part)
    return True


def _write_part(source: BinaryIO, part: Path, how: Compression, stopping: Stopping, disk: Disk) -> bool:
    """Compress a file, with its mode and time, into another, and return when that is on disk, and whether it is."""
    made = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with disk.fdopen(disk.open(part, made), "wb") as target:
        before = disk.fstat(source.fileno())
        disk.fchmod(target.fileno(), before.st_mode & 0o777)
        with _compressor(target, how) as sink:
            while block := source.read(_BLOCK):
                if stopping():
                    return False
                sink.write(block)
        target.flush()
        disk.set_times(target.fileno(), (before.st_atime_ns, before.st_mtime_ns))
        disk.fsync(target.fileno())
    return True


@contextmanager
def _compressor(target: BinaryIO, how: Compression) -> Iterator[_Sink]:
    if how == "gzip":
        with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as file:
            yield file
    else:
        with zstd.ZstdFile(target, "wb", options={zstd.CompressionParameter.checksum_flag: True}) as file:
            yield file
