"""A DuckDB database with one table, `callbacks`."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from ses_cli.export.arrow import schema_of

TABLE = "callbacks"


class DatabaseWriter:
    """Writes a new database file at this path."""

    def __init__(self, path: str, names: Sequence[str]) -> None:
        self._names = names
        self._database = duckdb.connect(path)
        empty = schema_of(names).empty_table()  # noqa: F841  (DuckDB finds it by its name)
        self._database.execute(f"CREATE TABLE {TABLE} AS SELECT * FROM empty")

    def write(self, rows: pa.Table) -> None:
        """Appends rows."""
        self._database.execute(f"INSERT INTO {TABLE} SELECT * FROM rows")

    def close(self) -> None:
        """Writes all of it to the file."""
        self._database.close()
