"""The rotated files of a log: `callbacks-20260101T000000Z.jsonl` beside `callbacks.jsonl`, compressed or not."""

import os
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

STAMP = "%Y%m%dT%H%M%SZ"


class Rotated(NamedTuple):
    """One of them. Stamps sort by age."""

    stamp: str  # UTC, as 20260101T000000Z
    path: Path
    suffix: str  # of the compression, "" where there is none


def rotated(log: Path) -> list[Rotated]:
    """All of them, oldest first; a file that lies there both ways comes first as it was. Raises OSError."""
    return rotated_names(log, os.listdir(log.parent))


def rotated_names(log: Path, names: Iterable[str]) -> list[Rotated]:
    """Those of these names in its directory, oldest first.

    A name with an impossible date, such as the 99th of a month, is not one of them.
    """
    pattern = re.compile(rf"{re.escape(log.stem)}-(\d{{8}}T\d{{6}}Z){re.escape(log.suffix)}(\.zst|\.gz)?", re.ASCII)
    found = ((pattern.fullmatch(name), log.with_name(name)) for name in names)
    return sorted(Rotated(match[1], path, match[2] or "") for match, path in found if match and _is_time(match[1]))


def _is_time(stamp: str) -> bool:
    try:
        datetime.strptime(stamp, STAMP)
    except ValueError:
        return False
    return True
