"""A folder of Parquet files by day, event or sender domain, named as Hive names partitions."""

from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from ses_cli.export.files import ParquetWriter

BY = {"day": "time", "event": "event", "from-domain": "from_domain"}  # what to divide by -> the column it is told from
_MOST_OPEN = 64  # files: of more, the one that was opened first is ended, and another begun when it is needed
_NONE = "__HIVE_DEFAULT_PARTITION__"


class PartitionWriter:
    """Writes `BY=VALUE/part-N.parquet` below a folder; a value that is divided by stands in the folder's name only."""

    def __init__(self, folder: Path, schema: pa.Schema, by: str) -> None:
        self._folder, self._by = folder, by
        self._at = schema.get_field_index(BY[by])
        self._schema = schema if by == "day" else schema.remove(self._at)
        self._open: dict[str, ParquetWriter] = {}
        self._begun: dict[str, int] = {}  # files of a value

    def write(self, rows: pa.Table) -> None:
        """Divides rows."""
        values = rows.column(self._at)
        values = values.cast(pa.date32()) if self._by == "day" else pc.fill_null(values.cast(pa.string()), "")
        for value in values.unique():
            some = rows.filter(pc.equal(values, value))
            self._writer(str(value)).write(some.select(self._schema.names))

    def close(self) -> None:
        """Ends every file."""
        for writer in self._open.values():
            writer.close()

    def _writer(self, value: str) -> ParquetWriter:
        found = self._open.get(value)
        if found is None:
            if len(self._open) >= _MOST_OPEN:
                self._open.pop(next(iter(self._open))).close()
            number = self._begun.get(value, 0)
            self._begun[value] = number + 1
            folder = self._folder / f"{self._by.replace('-', '_')}={quote(value, safe='') or _NONE}"
            folder.mkdir(parents=True, exist_ok=True)
            found = self._open[value] = ParquetWriter(str(folder / f"part-{number}.parquet"), self._schema)
        return found
