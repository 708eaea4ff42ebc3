"""Which names are those of logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePath

LOGS = tuple(name + codec for name in (".jsonl", ".ndjson") for codec in ("", ".gz", ".zst", ".bz2", ".xz"))
_NOT_LOGS = (".rejects.", ".rejects-", ".replay-")  # what this program itself leaves beside a log


def is_log(path: PurePath) -> bool:
    """Whether a file in a directory that is read, named from there, is one of its logs."""
    hidden = any(part.startswith(".") for part in path.parts)
    return path.name.endswith(LOGS) and not hidden and not any(mark in path.name for mark in _NOT_LOGS)
