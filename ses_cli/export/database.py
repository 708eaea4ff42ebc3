"""A DuckDB database with one table."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb
import pyarrow as pa

from ses_cli.export.arrow import plain


class DatabaseWriter:
    """Writes a new database file at this path, with a table of this name. All of it raises OSError."""

    def __init__(self, path: str, schema: pa.Schema, table: str) -> None:
        self._table = table
        with _told():
            self._database = duckdb.connect(path)
        empty = plain(schema).empty_table()  # noqa: F841  (DuckDB finds it by its name)
        try:
            with _told():
                self._database.execute(f"CREATE TABLE {table} AS SELECT * FROM empty")
        except BaseException:
            self.close()
            raise

    def write(self, rows: pa.Table) -> None:
        """Appends rows."""
        with _told():
            self._database.execute(f"INSERT INTO {self._table} SELECT * FROM rows")

    def finish(self) -> None:
        """Writes all of it to the file; to close it would do that too, and keep quiet where it fails."""
        with _told():
            self._database.execute("CHECKPOINT")

    def close(self) -> None:
        """Lets go of the file, and of the log beside it."""
        with suppress(duckdb.Error):
            self._database.close()


@contextmanager
def _told() -> Iterator[None]:
    """DuckDB's words end with the system's: `Could not write file "x": No space left on device`."""
    try:
        yield
    except duckdb.Error as error:
        raise OSError(errno.EIO, str(error).partition("\n")[0].rpartition(": ")[2]) from None
