"""Typed columns as Arrow: record batches, Parquet files, and streams for other libraries to take without a copy."""

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from ses_cli.export.columns import COLUMNS, Type, Value

_TYPES = {
    Type.TEXT: pa.string(),
    Type.WORD: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.TIME: pa.timestamp("ms", tz="UTC"),  # Parquet has no seconds
    Type.MAP: pa.map_(pa.string(), pa.string()),
}
_GROUP = 1 << 17  # rows of a row group
_MILLISECONDS = 1000


def schema_of(names: Sequence[str]) -> pa.Schema:
    """The columns with their types."""
    return pa.schema([pa.field(name, _TYPES[COLUMNS[name].type]) for name in names])


def batch_of(names: Sequence[str], rows: Sequence[Sequence[Value]]) -> pa.RecordBatch:
    """Rows as a batch of these columns."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = [_array(COLUMNS[name].type, column) for name, column in zip(names, columns, strict=True)]
    return pa.record_batch(arrays, schema=schema_of(names))


def _array(kind: Type, values: Sequence[Value]) -> pa.Array:
    if kind is Type.TIME:
        times = [value * _MILLISECONDS if isinstance(value, int) else None for value in values]
        return pa.array(times, pa.int64()).cast(_TYPES[kind])
    if kind is Type.MAP:
        return pa.array([list(value.items()) if isinstance(value, dict) else None for value in values], _TYPES[kind])
    return pa.array(values, _TYPES[kind])


class Writer(Protocol):
    """Takes rows, and ends what it writes."""

    def write(self, rows: Sequence[Sequence[Value]]) -> None: ...
    def close(self) -> None: ...


class ParquetWriter:
    """One Parquet file: zstd, and dictionaries for the columns that repeat."""

    def __init__(self, sink: "Sink | str", names: Sequence[str]) -> None:
        self._names = names
        repeating = [name for name in names if COLUMNS[name].type is Type.WORD]
        self._writer = pq.ParquetWriter(sink, schema_of(names), compression="zstd", use_dictionary=repeating)
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def write(self, rows: Sequence[Sequence[Value]]) -> None:
        """Rows wait until there are enough of them for a group."""
        self._waiting.append(batch_of(self._names, rows))
        self._rows += len(rows)
        if self._rows >= _GROUP:
            self._flush()

    def close(self) -> None:
        """Writes what waits, and the end of the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_batches(self._waiting), row_group_size=_GROUP)
        self._waiting, self._rows = [], 0


class StreamWriter:
    """An Arrow IPC stream."""

    def __init__(self, sink: "Sink", names: Sequence[str]) -> None:
        self._names = names
        self._writer = pa.ipc.new_stream(sink, schema_of(names))

    def write(self, rows: Sequence[Sequence[Value]]) -> None:
        """One batch."""
        self._writer.write_batch(batch_of(self._names, rows))

    def close(self) -> None:
        """Ends the stream."""
        self._writer.close()


class Sink(io.RawIOBase):
    """A file that hands on what is written to it."""

    def __init__(self, write: Callable[[Iterable[bytes]], None]) -> None:
        self._write = write
        self._size = 0

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


def stream(names: Sequence[str], parts: Iterable[Sequence[Sequence[Value]]]) -> pa.RecordBatchReader:
    """Batches as they are asked for; DuckDB, Polars and pandas take it through the PyCapsule interface."""
    return pa.RecordBatchReader.from_batches(schema_of(names), (batch_of(names, rows) for rows in parts))
