"""When a log is rotated, what the rotated file is called, and which ones go."""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from ses_cli.capture.disk import SYSTEM, Disk
from ses_cli.capture.linefile import sync_directory
from ses_cli.follow.rotated import STAMP, Rotated, rotated_names

Compression = Literal["zstd", "gzip"]
SUFFIXES: dict[Compression, str] = {"zstd": ".zst", "gzip": ".gz"}


@dataclass(frozen=True, slots=True)
class Rotation:
    """What was asked for. Nothing is rotated, compressed or deleted unless it was."""

    size: int | None = None  # bytes a log may reach
    daily: bool = False  # with the first line of a new day, UTC
    compress: Compression | None = None
    keep: int | None = None  # rotated files to keep

    def is_due(self, size: int, more: int, written: float, now: float) -> bool:
        """Whether a log of `size` bytes, last written at `written`, is rotated before `more` bytes come."""
        if not size:
            return False
        full = self.size is not None and size + more > self.size
        return full or (self.daily and _day(now) > _day(written))


def rotated(log: Path, disk: Disk = SYSTEM) -> list[Rotated]:
    """The rotated files of a log, oldest first; one that lies there both ways comes first as it was. Raise `OSError`.

    A directory with such a name is somebody else's.
    """
    return [one for one in rotated_names(log, disk.listdir(log.parent)) if _is_file(one.path, disk)]


class Archive:
    """The rotated files of one log: `callbacks-20260101T000000Z.jsonl` beside `callbacks.jsonl`."""

    def __init__(self, log: Path, disk: Disk = SYSTEM) -> None:
        self.log = log
        self.disk = disk

    def rotate(self, now: float) -> Path:
        """Give the log its rotated name, and return it; on any error it keeps its name. Names sort by age."""
        path = self._free_path(now)
        self.disk.rename(self.log, path)
        try:
            sync_directory(self.log.parent, self.disk)
        except OSError:
            self.undo(path)
            raise
        return path

    def _free_path(self, now: float) -> Path:
        """A name for this time, or one second after the newest name; where no year follows that, any that is free."""
        taken = [stamp for stamp, _, _ in rotated(self.log, self.disk)]
        at = datetime.fromtimestamp(now, UTC).replace(microsecond=0, tzinfo=None)
        if taken and (newest := datetime.strptime(taken[-1], STAMP)) >= at and newest.year < MAXYEAR:
            at = newest + timedelta(seconds=1)
        while (stamp := at.strftime(STAMP)) in taken or self.disk.lexists(self._path(stamp)):
            at += timedelta(seconds=1)
        return self._path(stamp)

    def _path(self, stamp: str) -> Path:
        return self.log.with_name(f"{self.log.stem}-{stamp}{self.log.suffix}")

    def undo(self, path: Path) -> None:
        """Give the file that was rotated last its first name again, unless there is a file of that name. `OSError`."""
        if self.disk.lexists(self.log):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self.log))
        self.disk.rename(path, self.log)

    def uncompressed(self) -> list[Path]:
        """The rotated files that are not compressed, oldest first."""
        return [path for _, path, compression in rotated(self.log, self.disk) if not compression]

    def prune(self, keep: int, may_go: Callable[[str], bool] = lambda _: True) -> list[Path]:
        """Delete all but the `keep` newest rotated files of this log, and return what was deleted.

        `may_go` tells by its stamp whether a file may be deleted.
        """
        files = rotated(self.log, self.disk)
        stamps = sorted({stamp for stamp, _, _ in files})
        gone = set(filter(may_go, stamps[: max(0, len(stamps) - keep)]))
        deleted = [path for stamp, path, _ in files if stamp in gone]
        for path in deleted:
            with suppress(FileNotFoundError):
                self.disk.unlink(path)
        return deleted


def _day(at: float) -> int:
    return int(at // 86_400)


def _is_file(path: Path, disk: Disk) -> bool:
    try:
        return stat.S_ISREG(disk.stat(path).st_mode)
    except FileNotFoundError:
        return False
