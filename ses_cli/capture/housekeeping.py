"""Compress rotated files, and delete those that are not to be kept, in the background."""

import gzip
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from ses_cli.capture.linefile import sync_directory
from ses_cli.capture.rotation import SUFFIXES, Archive, Compression, Rotation
from ses_cli.capture.server_events import EventListener, Failure, Note
from ses_cli.errors import reason

_BLOCK = 1 << 20


class _Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


class Housekeeper:
    """One thread that does what a rotation, or a process that was killed, left undone."""

    def __init__(self, archive: Archive, rotation: Rotation, emit: EventListener) -> None:
        self._archive = archive
        self._rotation = rotation
        self._emit = emit
        self._work = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        if rotation.compress or rotation.keep is not None:
            self._thread.start()
            self.wake()

    def wake(self) -> None:
        """A file was rotated."""
        self._work.set()

    def close(self) -> None:
        """Stop soon; a file that is half compressed waits for the next start."""
        self._stop = True
        self._work.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while self._work.wait() and not self._stop:
            self._work.clear()
            try:
                self._work_off()
            except Exception as error:  # this thread goes on, whatever a directory holds
                self._emit(Failure(f"rotated files of {self._archive.log}: {reason(error)}"))

    def _work_off(self) -> None:
        if self._rotation.keep is not None:
            for path in self._archive.prune(self._rotation.keep):
                self._emit(Note(f"deleted {path}"))
        if self._rotation.compress:
            for path in self._archive.uncompressed():
                if compress(path, self._rotation.compress, lambda: self._stop):
                    self._emit(Note(f"compressed {path}"))


class Stopping(Protocol):
    """Tells whether to leave off."""

    def __call__(self) -> bool: ...


def compress(path: Path, how: Compression, stopping: Stopping) -> bool:
    """Put a compressed file, whole and on disk, in the place of a file. Return whether it was done."""
    final = path.with_name(path.name + SUFFIXES[how])
    part = path.with_name(f".{final.name}.part")
    try:
        with path.open("rb") as source, part.open("wb") as target:
            before = os.fstat(source.fileno())
            os.fchmod(target.fileno(), before.st_mode & 0o777)
            with _compressor(target, how) as sink:
                while block := source.read(_BLOCK):
                    if stopping():
                        return False
                    sink.write(block)
            target.flush()
            os.utime(target.fileno(), ns=(before.st_atime_ns, before.st_mtime_ns))
            os.fsync(target.fileno())
        part.rename(final)
        sync_directory(path.parent)
        path.unlink()
    finally:
        part.unlink(missing_ok=True)
    return True


@contextmanager
def _compressor(target: BinaryIO, how: Compression) -> Iterator[_Sink]:
    if how == "gzip":
        with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as file:
            yield file
    else:
        compressor = zstandard.ZstdCompressor(write_checksum=True)
        with compressor.stream_writer(target, closefd=False) as writer:
            yield writer
