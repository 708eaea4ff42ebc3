"""A folder of Parquet files by day, event or sender domain, named as Hive names partitions."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from ses_cli.export.arrow import ParquetWriter
from ses_cli.export.columns import Value
from ses_cli.times import rfc3339

BY = {"day": "time", "event": "event", "from-domain": "from_domain"}  # what to divide by -> the column it is told from
_MOST_OPEN = 64  # files: of more, the one that was opened first is ended, and another begun when it is needed
_NONE = "__HIVE_DEFAULT_PARTITION__"


class PartitionWriter:
    """Writes `BY=VALUE/part-N.parquet` below a folder; a value that is divided by stands in the folder's name only."""

    def __init__(self, folder: Path, names: Sequence[str], by: str) -> None:
        self._folder, self._by = folder, by
        self._at = names.index(BY[by])
        self._names = [name for name in names if by == "day" or name != BY[by]]
        self._open: dict[str, ParquetWriter] = {}
        self._begun: dict[str, int] = {}  # files of a value

    def write(self, rows: Sequence[Sequence[Value]]) -> None:
        """Divides rows."""
        groups: dict[str, list[Sequence[Value]]] = {}
        for row in rows:
            value = row[self._at]
            name = rfc3339(value)[:10] if self._by == "day" and isinstance(value, int) else str(value or "")
            groups.setdefault(name, []).append(row if self._by == "day" else self._without(row))
        for name, some in groups.items():
            self._writer(name).write(some)

    def close(self) -> None:
        """Ends every file."""
        for writer in self._open.values():
            writer.close()

    def _without(self, row: Sequence[Value]) -> list[Value]:
        return [*row[: self._at], *row[self._at + 1 :]]

    def _writer(self, value: str) -> ParquetWriter:
        found = self._open.get(value)
        if found is None:
            if len(self._open) >= _MOST_OPEN:
                self._open.pop(next(iter(self._open))).close()
            number = self._begun.get(value, 0)
            self._begun[value] = number + 1
            folder = self._folder / f"{self._by.replace('-', '_')}={quote(value, safe='') or _NONE}"
            folder.mkdir(parents=True, exist_ok=True)
            found = self._open[value] = ParquetWriter(str(folder / f"part-{number}.parquet"), self._names)
        return found
