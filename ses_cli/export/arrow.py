"""Typed columns as Arrow: the buffers of an engine's columns as they are, or arrays made of rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from ses_cli.batch import Batch, Texts, Typed
from ses_cli.export.columns import COLUMNS, Type, Value, others
from ses_cli.export.rows import Rows, classifier
from ses_cli.reasons import Verdict
from ses_cli.subject import decoded

_TYPES = {
    Type.TEXT: pa.string(),
    Type.WORD: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.TIME: pa.timestamp("ms", tz="UTC"),  # Parquet has no seconds
    Type.MAP: pa.map_(pa.string(), pa.string()),
}
_MILLISECONDS = 1000
_LARGEST = 2**63 - 1  # an identifier beyond it is left out


def schema_of(names: Sequence[str]) -> pa.Schema:
    """The columns with their types."""
    return pa.schema([pa.field(name, _TYPES[COLUMNS[name].type]) for name in names])


def repeating(names: Sequence[str]) -> list[str]:
    """Those of the columns whose values repeat."""
    return [name for name in names if COLUMNS[name].type is Type.WORD]


def batch_of(names: Sequence[str], batch: Batch) -> pa.RecordBatch:
    """The counted records; lines are numbered as the batch has them, and the source is not known yet."""
    typed = batch.typed()
    if typed is None:
        rows = Rows(tuple(names))
        rows.add(batch)
        return of_rows(names, rows.rows)
    columns = _Columns(typed, batch.count, batch.line)
    return pa.record_batch([columns.array(name) for name in names], schema=schema_of(names))


def of_rows(names: Sequence[str], rows: Sequence[Sequence[Value]]) -> pa.RecordBatch:
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
    if kind is Type.INTEGER:
        return pa.array([value if isinstance(value, int) and value <= _LARGEST else None for value in values])
    return pa.array(values, _TYPES[kind])


@dataclass
class _Columns:
    """Arrays of an engine's columns."""

    typed: Typed
    count: int
    line: int

    def array(self, name: str) -> pa.Array:
        """A column by its name."""
        column = COLUMNS[name]
        if name == "source":
            return pa.nulls(self.count, pa.string())
        if name == "line":
            return pc.add(self._numbers("row", pa.int64()), self.line)
        if column.verdict:
            return self._verdict(column.verdict)
        if column.type is Type.MAP:
            return self._others()
        if column.type in (Type.INTEGER, Type.TIME):
            return self._numbers(name, _TYPES[column.type])
        texts = self.typed.texts(name)
        return _decoded(_strings(texts)) if name == "subject" and b"=?" in texts[-1] else _strings(texts)

    def _numbers(self, name: str, kind: pa.DataType) -> pa.Array:
        nulls, present, values = self.typed.integers(name)
        return _of_buffers(kind, self.count, nulls, present, values)

    def _verdict(self, attribute: str) -> pa.Array:
        numbers, verdicts = self._verdicts
        return pa.array(map(attrgetter(attribute), verdicts), pa.string()).take(numbers)

    @cached_property
    def _verdicts(self) -> tuple[pa.Array, list[Verdict]]:
        nulls, present, numbers, reasons = self.typed.reasons()
        verdicts = [classifier().judge(*reason)[0] for reason in reasons]
        return _of_buffers(pa.int32(), self.count, nulls, present, numbers), verdicts

    def _others(self) -> pa.Array:
        nulls, present, ends, names, values, odd = self.typed.others()
        kind = _TYPES[Type.MAP]
        pairs = pa.StructArray.from_arrays(
            [_strings(names), _strings(values)], fields=[kind.key_field, kind.item_field]
        )
        buffers = [pa.py_buffer(present), pa.py_buffer(ends)]
        array = pa.Array.from_buffers(kind, self.count, buffers, nulls, children=[pairs])
        if not odd:
            return array
        rows = array.to_pylist()
        for at, raw in odd:
            rows[at] = others(raw)
        return _array(Type.MAP, [dict(row) if row else None for row in rows])


def _strings(texts: Texts) -> pa.Array:
    nulls, present, ends, data = texts
    return _of_buffers(pa.string(), len(ends) // 4 - 1, nulls, present, ends, data)


def _of_buffers(kind: pa.DataType, count: int, nulls: int, present: bytes, *buffers: bytes) -> pa.Array:
    return pa.Array.from_buffers(kind, count, [pa.py_buffer(each) for each in (present, *buffers)], nulls)


def _decoded(subjects: pa.Array) -> pa.Array:
    """Each subject once: most are those of many mails."""
    encoded = subjects.dictionary_encode()
    return pa.array([decoded(each) for each in encoded.dictionary.to_pylist()], pa.string()).take(encoded.indices)


@dataclass
class Batches:
    """A fold that holds the records of its own part only: what is merged into it was already written."""

    names: tuple[str, ...]  # of columns
    batches: list[pa.RecordBatch] = field(default_factory=list)  # lines are numbered from the start of the part

    def add(self, batch: Batch) -> None:
        """Takes in the counted records."""
        if batch.count:
            self.batches.append(batch_of(self.names, batch))

    def merge(self, later: Self) -> None:
        """Nothing to keep."""

    def table(self, source: str, above: int) -> pa.Table:
        """One row a record; `above` lines of the source stand before the part."""
        table = pa.Table.from_batches(self.batches, schema_of(self.names))
        for at, column in enumerate(table.schema):
            if column.name == "line":
                table = table.set_column(at, column, pc.add(table.column(at), above))
            elif column.name == "source":
                table = table.set_column(at, column, pa.repeat(source, table.num_rows))
        return table

    def __getstate__(self) -> tuple[tuple[str, ...], list[bytes]]:
        """Plain data, as states have it."""
        return self.names, [batch.serialize().to_pybytes() for batch in self.batches]

    def __setstate__(self, state: tuple[tuple[str, ...], list[bytes]]) -> None:
        self.names, batches = state
        self.batches = [pa.ipc.read_record_batch(pa.py_buffer(each), schema_of(self.names)) for each in batches]
