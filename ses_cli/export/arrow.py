"""Typed columns as Arrow: the buffers of an engine's columns as they are, or arrays made of rows.

Inside, what repeats has dictionaries, which Parquet takes over; `plain` tables have texts instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from ses_cli.batch import Batch, CollectedColumns, Texts
from ses_cli.export.columns import COLUMNS, Type, Value, collected, others
from ses_cli.export.rows import PartRows, classifier
from ses_cli.reasons import Verdict
from ses_cli.subject import decoded

_TYPES = {
    Type.TEXT: pa.string(),
    Type.WORD: pa.dictionary(pa.int32(), pa.string()),
    Type.INTEGER: pa.int64(),
    Type.TIME: pa.timestamp("ms", tz="UTC"),  # Parquet has no seconds
    Type.MAP: pa.map_(pa.string(), pa.string()),
}
_MILLISECONDS = 1000
_LARGEST = 2**63 - 1  # an identifier beyond it is left out


def schema_of(names: Sequence[str]) -> pa.Schema:
    """The columns with their types."""
    return pa.schema([pa.field(name, _TYPES[COLUMNS[name].type]) for name in names])


def plain(schema: pa.Schema) -> pa.Schema:
    """The same without dictionaries."""
    kinds = [one.type.value_type if pa.types.is_dictionary(one.type) else one.type for one in schema]
    return pa.schema(list(zip(schema.names, kinds, strict=True)))


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
        return pa.array(
            [value if isinstance(value, int) and value <= _LARGEST else None for value in values], _TYPES[kind]
        )
    texts = pa.array(values, pa.string())
    return texts.dictionary_encode() if kind is Type.WORD else texts


@dataclass
class _Columns:
    """Arrays of an engine's columns."""

    found: CollectedColumns

    def batch(self, names: Sequence[str]) -> pa.RecordBatch:
        """These columns; the source is not known yet."""
        return pa.record_batch([self._column(name) for name in names], schema=schema_of(names))

    def _column(self, name: str) -> pa.Array:
        column = COLUMNS[name]
        if name == "source":
            return _of_words(pa.nulls(len(self.found), pa.int32()), [])
        if column.verdict:
            numbers, verdicts = self._verdicts
            return _of_words(numbers, list(map(attrgetter(column.verdict), verdicts)))
        if column.type is Type.MAP:
            return self._others()
        if column.type is Type.WORD:
            nulls, present, numbers, words = self.found.words(name)
            said = list(map(decoded, words)) if name == "subject" else words
            return _of_words(_of_buffers(pa.int32(), len(self.found), nulls, present, numbers), said)
        if column.type is Type.TEXT:
            return _strings(self.found.texts(name))
        return _of_buffers(_TYPES[column.type], len(self.found), *self.found.integers(name))

    @cached_property
    def _verdicts(self) -> tuple[pa.Array, list[Verdict]]:
        nulls, present, numbers, reasons = self.found.reasons()
        verdicts = [classifier().classify_hidden(*reason)[0] for reason in reasons]
        return _of_buffers(pa.int32(), len(self.found), nulls, present, numbers), verdicts

    def _others(self) -> pa.Array:
        nulls, present, ends, names, values, odd = self.found.others()
        kind = _TYPES[Type.MAP]
        pairs = pa.StructArray.from_arrays(
            [_strings(names), _strings(values)], fields=[kind.key_field, kind.item_field]
        )
        buffers = [pa.py_buffer(present), pa.py_buffer(ends)]
        array = pa.Array.from_buffers(kind, len(self.found), buffers, nulls, children=[pairs])
        if not odd:
            return array
        rows = array.to_pylist()
        for at, raw in odd:
            rows[at] = others(raw)
        return _array(Type.MAP, [dict(row) if row else None for row in rows])


def _of_words(numbers: pa.Array, words: Sequence[str | None]) -> pa.Array:
    """Texts by their numbers; two numbers may stand for the same text, of which a dictionary has one."""
    places: dict[str | None, int] = {}
    merged = [places.setdefault(word, len(places)) for word in words]
    if len(places) < len(words):
        numbers = pa.array(merged, pa.int32()).take(numbers)
    return pa.DictionaryArray.from_arrays(numbers, pa.array(list(places), pa.string()))


def _strings(texts: Texts) -> pa.Array:
    nulls, present, ends, data = texts
    return _of_buffers(pa.string(), len(ends) // 4 - 1, nulls, present, ends, data)


def _of_buffers(kind: pa.DataType, count: int, nulls: int, present: bytes, *buffers: bytes) -> pa.Array:
    return pa.Array.from_buffers(kind, count, [pa.py_buffer(each) for each in (present, *buffers)], nulls)


@dataclass
class Batches:
    """A fold that holds the records of its own part only: what is merged into it was already written."""

    names: tuple[str, ...]  # of columns
    batches: list[pa.RecordBatch] = field(default_factory=list)  # lines are numbered from the start of the part
    _collected: CollectedColumns | None = None  # what was met after that

    def add(self, batch: Batch) -> None:
        """Takes in the counted records."""
        if not batch.count:
            return
        found = batch.collect_columns(collected(self.names), self._collected)
        if found is None:
            rows = PartRows(self.names)
            rows.add(batch)
            self._settle()
            self.batches.append(of_rows(self.names, rows.rows))
        self._collected = found

    def merge(self, later: Self) -> None:
        """Nothing to keep."""

    def take(self, source: str, above: int) -> pa.Table:
        """One row a record, which the fold holds no more; `above` lines of the source stand before the part."""
        self._settle()
        batches, self.batches = self.batches, []
        table = pa.Table.from_batches(batches, schema_of(self.names))
        for at, column in enumerate(table.schema):
            if column.name == "line":
                table = table.set_column(at, column, pc.add(table.column(at), above))
            elif column.name == "source":
                numbers = pa.repeat(pa.scalar(0, pa.int32()), len(table))
                table = table.set_column(at, column, _of_words(numbers, [source]))
        return table

    def _settle(self) -> None:
        if self._collected is not None:
            self.batches.append(_Columns(self._collected).batch(self.names))
            self._collected = None

    def __getstate__(self) -> tuple[tuple[str, ...], bytes]:
        """Plain data, as states have it."""
        self._settle()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema_of(self.names)) as writer:
            for batch in self.batches:
                writer.write_batch(batch)
        return self.names, sink.getvalue().to_pybytes()

    def __setstate__(self, state: tuple[tuple[str, ...], bytes]) -> None:
        self.names, batches = state
        self.batches, self._collected = list(pa.ipc.open_stream(pa.py_buffer(batches))), None
