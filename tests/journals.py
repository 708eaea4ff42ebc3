"""What a journal says, read beside the run that writes it."""

import sqlite3
from contextlib import closing
from pathlib import Path


def delivered(path: Path) -> int:
    """How many callbacks it has as delivered."""
    return int(_value(path, "SELECT coalesce(sum(delivered), 0) FROM cursor") or 0)


def commit_time(path: Path) -> float:
    """When an attempt was last written down, Unix seconds; 0 before the first."""
    return float(_value(path, "SELECT time FROM flight") or 0)


def content(path: Path) -> bytes:
    """All that is on disk of it."""
    return b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))


def _value(path: Path, text: str) -> float | None:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as base:
            row = base.execute(text).fetchone()
    except sqlite3.OperationalError:  # it is still being made
        return None
    return float(row[0]) if row else None
