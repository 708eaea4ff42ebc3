"""When a log is rotated, what the rotated file is called, and which ones go."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from ses_cli.capture.linefile import sync_directory
from ses_cli.follow.rotated import STAMP, rotated

Compression = Literal["zstd", "gzip"]
SUFFIXES: dict[Compression, str] = {"zstd": ".zst", "gzip": ".gz"}


@dataclass(frozen=True, slots=True)
class Rotation:
    """What was asked for. Nothing is rotated, compressed or deleted unless it was."""

    size: int | None = None  # bytes a log may reach
    daily: bool = False  # with the first line of a new day, UTC
    compress: Compression | None = None
    keep: int | None = None  # rotated files to keep

    def due(self, size: int, more: int, written: float, now: float) -> bool:
        """Whether a log of `size` bytes, last written at `written`, is rotated before `more` bytes come."""
        if not size:
            return False
        full = self.size is not None and size + more > self.size
        return full or (self.daily and _day(now) > _day(written))


class Archive:
    """The rotated files of one log: `callbacks-20260101T000000Z.jsonl` beside `callbacks.jsonl`."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def rotate(self, now: float) -> Path:
        """Give the log its rotated name, and return it. Names sort by age, whatever the clock does."""
        taken = [stamp for stamp, _, _ in rotated(self.log)]
        stamp = datetime.fromtimestamp(now, UTC).strftime(STAMP)
        if taken and taken[-1] >= stamp:
            last = datetime.strptime(taken[-1], STAMP)
            stamp = (last + timedelta(seconds=1)).strftime(STAMP)
        path = self.log.with_name(f"{self.log.stem}-{stamp}{self.log.suffix}")
        self.log.rename(path)
        sync_directory(self.log.parent)
        return path

    def uncompressed(self) -> list[Path]:
        """The rotated files that are not compressed, oldest first."""
        return [path for _, path, compression in rotated(self.log) if not compression]

    def prune(self, keep: int) -> list[Path]:
        """Delete all but the `keep` newest rotated files of this log, and return what was deleted."""
        files = rotated(self.log)
        stamps = sorted({stamp for stamp, _, _ in files})
        gone = set(stamps[: max(0, len(stamps) - keep)])
        deleted = [path for stamp, path, _ in files if stamp in gone]
        for path in deleted:
            path.unlink(missing_ok=True)
        return deleted


def _day(at: float) -> int:
    return int(at // 86_400)
