"""What others do to the logs that a program reads, with the time of it: a record of the program does not tell."""

import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Change:
    """Bytes that were appended to a file, or its new name."""

    at: float  # seconds since 1970
    path: Path
    data: bytes = b""
    former: Path | None = None  # the name that it had before


@dataclass
class Others:
    """Who writes logs and renames them."""

    home: Path
    changes: list[Change]

    def append(self, name: str, data: bytes) -> None:
        """To a file, which is made where there is none."""
        path = self.home / name
        self.changes.append(Change(time.time(), path, data))
        with path.open("ab") as file:
            file.write(data)

    def rename(self, old: str, new: str) -> None:
        """Gives a file another name."""
        self.changes.append(Change(time.time(), self.home / new, former=self.home / old))
        (self.home / old).rename(self.home / new)
