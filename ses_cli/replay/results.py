"""The history of a replay: a line for each outcome, for those who want more than the journal keeps."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from time import time

import orjson

from ses_cli.errors import TargetError, reason
from ses_cli.replay.job import Attempt, Job


class Results:
    """An NDJSON file that each run appends to. What it holds is told, not relied on: the journal alone resumes.

    All methods raise TargetError where the file cannot be written.
    """

    def __init__(self, path: Path, mode: int = 0o600) -> None:
        self._path = path
        try:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, mode)
            self._file = os.fdopen(fd, "ab")
            if _is_torn(path):
                self._file.write(b"\n")
        except OSError as error:
            raise self._unwritable(error) from None

    def write(self, job: Job, outcome: str, attempt: Attempt | None = None) -> None:
        """How a callback ended: `delivered`, `failed` or `unknown`; without an attempt where none had an answer."""
        row = {
            "source": job.source,
            "line": job.entry.line,
            "offset": job.entry.offset,
            "id": job.id,
            "outcome": outcome,
            "attempts": job.attempt,
            "status": attempt.status if attempt else 0,
            "error": attempt.error if attempt else "",
            "ms": round(attempt.seconds * 1000, 3) if attempt else None,
            "time": round(time(), 3),
        }
        self._try(lambda: self._file.write(orjson.dumps(row) + b"\n"))

    def flush(self) -> None:
        """Hands over to the system what was written."""
        self._try(self._file.flush)

    def close(self) -> None:
        """The run is over."""
        self._try(self._file.close)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> TargetError:
        return TargetError(f"{self._path}: cannot be written: {reason(error)}")


def _is_torn(path: Path) -> bool:
    """Whether a run that was killed left a partial last line, to which the next one would be glued."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or not status.st_size or not os.access(path, os.R_OK):
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"
