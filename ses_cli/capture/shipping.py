"""Rotated files go to an object store, in the background, for as long as that takes."""

import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ses_cli.capture.linefile import is_left
from ses_cli.capture.rotation import Archive, rotated
from ses_cli.capture.server_events import EventListener, Note, ReceiverFailure, Shipping
from ses_cli.capture.shipped import Shipped, ShippedFiles
from ses_cli.errors import SesEventsError, reason
from ses_cli.follow.rotated import Rotated
from ses_cli.sources.objects.upload import Uploader, digest_of

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds between two attempts
_PATIENCE = 5.0  # seconds that a file has to get there, when all is ending
_SHORT = 8  # characters of a hash in a name: files of one name and time, of two hosts of one name, are two


@dataclass(frozen=True, slots=True)
class Ship:
    """Where rotated files go."""

    address: str  # of a prefix
    endpoint: str | None = None


class Shipper:
    """One thread that uploads the oldest file that was not shipped, again and again until it is there."""

    def __init__(
        self, ship: Ship, archives: Sequence[Archive], is_compressed: bool, emit: EventListener,
        done: Callable[[], None],
    ) -> None:  # fmt: skip
        """`is_compressed`: files that are not yet wait for that. `done` is called when one was shipped."""
        self._uploader = Uploader(ship.address, ship.endpoint)
        self._archives = archives
        self._is_compressed = is_compressed
        self._emit = emit
        self._done = done
        self._files = ShippedFiles(archives[0].log)
        self._host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()) or "host"
        self._pause = 0.0  # seconds until the next attempt, 0 where the last one was none or went well
        self.status = Shipping(0, 0, 0, None, None, None)
        self._shipped = 0
        self._cause: str | None = None
        self._work, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="shipping", daemon=True)

    def start(self) -> None:
        """Begins with what is there."""
        self.wake()
        self._thread.start()

    def wake(self) -> None:
        """A file was rotated, or compressed."""
        self._work.set()

    def close(self) -> None:
        """Stops soon; what is not there by then waits for the next start."""
        self._stopping.set()
        self._work.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)

    def has(self, log: Path, stamp: str) -> bool:
        """Whether a rotated file was shipped, in this run or an earlier one."""
        return self._files.has(log.name, stamp)

    def _run(self) -> None:
        while True:
            if self._pause:
                self._stopping.wait(self._pause)  # whatever else is rotated meanwhile
            else:
                self._work.wait()
            self._work.clear()
            if self._stopping.is_set():
                return
            try:
                self._work_off()
                self._recovered()
            except Exception as error:  # this thread goes on, whatever a directory or a store holds
                self._failed(error)

    def _work_off(self) -> None:
        while not self._stopping.is_set() and (waiting := self._waiting()):
            self._tell(waiting)
            log, file = waiting[0]
            self._ship(log, file)
            self._shipped += 1
            self._recovered()
            self._done()
        self._tell(self._waiting())

    def _waiting(self) -> list[tuple[Path, Rotated]]:
        """What is to be shipped, the oldest first, each file once."""
        found: dict[tuple[str, str], tuple[Path, Rotated]] = {}
        for archive in self._archives:
            for file in rotated(archive.log):
                is_final = file.suffix or (not self._is_compressed and _is_left(file.path))
                if is_final and not self.has(archive.log, file.stamp):
                    found[file.stamp, archive.log.name] = archive.log, file
        return [found[key] for key in sorted(found)]

    def _ship(self, log: Path, file: Rotated) -> None:
        digest = digest_of(file.path)
        name = f"{log.stem}-{file.stamp}-{self._host}-{digest.sha256[:_SHORT]}{log.suffix}{file.suffix}"
        name = f"{file.stamp[:4]}-{file.stamp[4:6]}-{file.stamp[6:8]}/{name}"
        self._uploader.upload(file.path, name, digest)
        address = str(self._uploader.address_of(name))
        shipped = Shipped(file.path.name, log.name, file.stamp, digest.size, digest.sha256, address)
        existing = [(archive.log.name, one.stamp) for archive in self._archives for one in rotated(archive.log)]
        self._files.add(shipped, existing)
        self._emit(Note(f"shipped {file.path} to {address}"))

    def _tell(self, waiting: Sequence[tuple[Path, Rotated]]) -> None:
        size = 0
        for _, file in waiting:
            try:
                size += file.path.stat().st_size
            except OSError:  # it is being compressed
                continue
        oldest = waiting[0][1].stamp if waiting else None
        retry_at = time.time() + self._pause if self._pause else None
        self.status = Shipping(self._shipped, len(waiting), size, oldest, self._cause, retry_at)
        self._emit(self.status)

    def _failed(self, error: Exception) -> None:
        cause = error.message if isinstance(error, SesEventsError) else reason(error)
        self._pause = min(self._pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE)
        if cause != self._cause:
            self._emit(ReceiverFailure(f"shipping: {cause}; retrying until it works"))
        self._cause = cause
        with suppress(OSError):  # which is what was told
            self._tell(self._waiting())

    def _recovered(self) -> None:
        if self._cause is not None:
            self._emit(Note("shipping: the store is accepting files again"))
        self._cause, self._pause = None, 0.0


def _is_left(path: Path) -> bool:
    with suppress(FileNotFoundError), path.open("rb") as file:
        return is_left(file.fileno())
    return False
