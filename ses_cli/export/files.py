"""Tables to files and pipes: Parquet, and streams of Arrow."""

import io
from collections.abc import Callable, Iterable
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from ses_cli.export.arrow import plain

_GROUP = 1 << 17  # rows of a row group, or some more
_REPEATING = ("template_id", "task_id", "eventid", "reason", "link")  # and what has a dictionary already


class Writer(Protocol):
    """Takes rows, and ends what it writes."""

    def write(self, rows: pa.Table) -> None: ...
    def close(self) -> None: ...


class ParquetWriter:
    """One Parquet file: zstd, dictionaries for what repeats, and statistics of numbers: texts stand in no order."""

    def __init__(self, sink: "Sink | str", schema: pa.Schema) -> None:
        repeating = [one.name for one in schema if pa.types.is_dictionary(one.type) or one.name in _REPEATING]
        self._writer = pq.ParquetWriter(
            sink,
            schema,
            compression="zstd",
            use_dictionary=repeating,
            write_statistics=[one.name for one in schema if pa.types.is_primitive(one.type)],
            store_schema=False,  # readers have texts, without the dictionaries
        )
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def write(self, rows: pa.Table) -> None:
        """Rows wait until there are enough of them for a group."""
        self._waiting.append(rows)
        self._rows += len(rows)
        if self._rows >= _GROUP:
            self._flush()

    def close(self) -> None:
        """Writes what waits, and the end of the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.concat_tables(self._waiting).unify_dictionaries(), row_group_size=self._rows)
        self._waiting, self._rows = [], 0


class StreamWriter:
    """An Arrow IPC stream."""

    def __init__(self, sink: "Sink", schema: pa.Schema) -> None:
        self._schema = plain(schema)
        self._writer = pa.ipc.new_stream(sink, self._schema)

    def write(self, rows: pa.Table) -> None:
        """Its batches."""
        self._writer.write_table(rows.cast(self._schema))

    def close(self) -> None:
        """Ends the stream."""
        self._writer.close()


class Sink(io.RawIOBase):
    """A file that hands on what is written to it."""

    def __init__(self, write: Callable[[Iterable[bytes]], None]) -> None:
        self._write = write
        self._size = 0

    def let_go(self) -> None:
        """Hands on nothing more: pyarrow ends a file when its writer is freed, whatever has failed before."""
        self._write = lambda _: None

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        """Hands it on."""
        self._write([bytes(data)])
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        """Bytes written."""
        return self._size
