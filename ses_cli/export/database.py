"""A DuckDB database with one table."""

import duckdb
import pyarrow as pa

from ses_cli.export.arrow import plain


class DatabaseWriter:
    """Writes a new database file at this path, with a table of this name."""

    def __init__(self, path: str, schema: pa.Schema, table: str) -> None:
        self._table = table
        self._database = duckdb.connect(path)
        empty = plain(schema).empty_table()  # noqa: F841  (DuckDB finds it by its name)
        self._database.execute(f"CREATE TABLE {table} AS SELECT * FROM empty")

    def write(self, rows: pa.Table) -> None:
        """Appends rows."""
        self._database.execute(f"INSERT INTO {self._table} SELECT * FROM rows")

    def close(self) -> None:
        """Writes all of it to the file."""
        self._database.close()
