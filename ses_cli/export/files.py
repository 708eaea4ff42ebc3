"""Tables to files and pipes: Parquet, and streams of Arrow."""

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

_GROUP = 1 << 17  # rows of a row group


class Writer(Protocol):
    """Takes rows, and ends what it writes."""

    def write(self, rows: pa.Table) -> None: ...
    def close(self) -> None: ...


class ParquetWriter:
    """One Parquet file: zstd, and dictionaries for the columns that repeat."""

    def __init__(self, sink: "Sink | str", schema: pa.Schema, repeating: Sequence[str]) -> None:
        self._writer = pq.ParquetWriter(sink, schema, compression="zstd", use_dictionary=list(repeating))
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
            self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=_GROUP)
        self._waiting, self._rows = [], 0


class StreamWriter:
    """An Arrow IPC stream."""

    def __init__(self, sink: "Sink", schema: pa.Schema) -> None:
        self._writer = pa.ipc.new_stream(sink, schema)

    def write(self, rows: pa.Table) -> None:
        """Its batches."""
        self._writer.write_table(rows)

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
