"""Which rotated files were shipped: a file beside the log says so, over all runs."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ses_cli.capture.linefile import sync_directory


class Shipped(NamedTuple):
    """A file that is in the store, whole."""

    file: str  # its name when it was shipped; compressed later, it is the same log
    log: str  # the name of the log that it was
    stamp: str
    size: int  # bytes
    sha256: str
    address: str


class ShippedFiles:
    """A JSON line for each. Where it cannot be read, the files are looked for in the store again."""

    def __init__(self, log: Path) -> None:
        self._path = log.with_name(f"{log.name}.shipped")
        self._known = {(one.log, one.stamp): one for one in self._load()}

    def has(self, log: str, stamp: str) -> bool:
        """Whether the file that a log became at that time was shipped."""
        return (log, stamp) in self._known

    def add(self, shipped: Shipped, existing: Iterable[tuple[str, str]]) -> None:
        """Remembers one, durably, and forgets all that do not exist any more. Raises OSError."""
        kept = {key: self._known[key] for key in existing if key in self._known}
        self._known = {**kept, (shipped.log, shipped.stamp): shipped}
        part = self._path.with_name(f".{self._path.name}.part")
        with part.open("w") as file:
            os.fchmod(file.fileno(), 0o640)
            file.writelines(json.dumps(one._asdict()) + "\n" for one in self._known.values())
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
        sync_directory(self._path.parent)

    def _load(self) -> list[Shipped]:
        try:
            return [Shipped(**json.loads(line)) for line in self._path.read_text().splitlines()]
        except (OSError, ValueError, TypeError):
            return []
