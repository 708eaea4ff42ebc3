"""Typed columns as Arrow: the buffers of an engine's columns as they are, or arrays made of rows.

Inside, what repeats has dictionaries, which Parquet takes over; `plain` tables have texts instead.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import pyarrow as pa

from ses_cli.batch.collected import CollectedColumns, Texts
from ses_cli.export.columns import COLUMNS, Type, Value, others
from ses_cli.export.held import Held
from ses_cli.export.rows import PartRows
from ses_cli.export.verdicts import verdicts
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


@dataclass(frozen=True, slots=True)
class _Columns:
    """Arrays of an engine's columns, without what pyarrow does with Python's lists: for that it imports pandas."""

    found: CollectedColumns
    source: str | None
    above: int  # lines that stand before

    def batch(self, names: Sequence[str]) -> pa.RecordBatch:
        """These columns."""
        said = verdicts(self.found) if any(COLUMNS[name].verdict for name in names) else []
        return pa.record_batch([self._column(name, said) for name in names], schema=schema_of(names))

    def _column(self, name: str, said: Sequence[Verdict]) -> pa.Array:
        column = COLUMNS[name]
        if name == "source":
            return _repeated(self.source, len(self.found))
        if column.verdict:
            return self._renamed("reasons", map(attrgetter(column.verdict), said))
        if name == "subject":
            return self._renamed(name, map(decoded, self.found.known(name)))
        if column.type is Type.MAP:
            return self._others()
        if column.type is Type.WORD:
            nulls, present, numbers, words = self.found.words(name)
            return _of_words(_of_buffers(pa.int32(), len(self.found), nulls, present, numbers), _strings(words))
        if column.type is Type.TEXT:
            return _strings(self.found.texts(name))
        more = self.above if name == "line" else 0
        return _of_buffers(_TYPES[column.type], len(self.found), *self.found.integers(name, more))

    def _renamed(self, name: str, words: Iterable[str | None]) -> pa.Array:
        """What other words the numbers stand for; two may stand for the same one, of which a dictionary has one."""
        places: dict[str | None, int] = {}
        others = [places.setdefault(word, len(places)) for word in words]
        numbers = _of_buffers(pa.int32(), len(self.found), *self.found.renumbered(name, others))
        return _of_words(numbers, _built(places))

    def _others(self) -> pa.Array:
        nulls, present, ends, names, values = self.found.others()
        kind = _TYPES[Type.MAP]
        pairs = pa.StructArray.from_arrays(
            [_strings(names), _strings(values)], fields=[kind.key_field, kind.item_field]
        )
        buffers = [pa.py_buffer(present), pa.py_buffer(ends)]
        array = pa.Array.from_buffers(kind, len(self.found), buffers, nulls, children=[pairs])
        if not (odd := self.found.odd()):
            return array
        rows = array.to_pylist()
        for at, raw in odd:
            rows[at] = others(raw)
        return _array(Type.MAP, [dict(row) if row else None for row in rows])


def _of_words(numbers: pa.Array, words: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(numbers, words, safe=False)


def _repeated(word: str | None, count: int) -> pa.Array:
    """The same word, or none, for each record."""
    if word is None:
        return _of_words(pa.nulls(count, pa.int32()), _built([]))
    return _of_words(_of_buffers(pa.int32(), count, 0, b"", bytes(4 * count)), _built([word]))


def _built(words: Iterable[str | None]) -> pa.Array:
    builder = pa.lib.StringBuilder()
    builder.append_values(words)
    return builder.finish()


def _strings(texts: Texts) -> pa.Array:
    nulls, present, ends, data = texts
    return _of_buffers(pa.string(), len(ends) // 4 - 1, nulls, present, ends, data)


def _of_buffers(kind: pa.DataType, count: int, nulls: int, present: bytes, *buffers: bytes) -> pa.Array:
    values = [pa.py_buffer(each) for each in buffers]
    return pa.Array.from_buffers(kind, count, [pa.py_buffer(present) if nulls else None, *values], nulls)


@dataclass(slots=True)
class Batches(Held):
    """A fold that holds the records of its own part only: what is merged into it was already written."""

    moved: list[pa.RecordBatch] = field(default_factory=list)  # first, from another process, as yet without a place

    def take(self, source: str, above: int) -> pa.Table:
        """One row a record, which the fold holds no more; `above` lines of the source stand before the part."""
        batches = [_placed(batch, source, above) for batch in self.moved] + self._batches(source, above)
        self.moved = []
        return pa.Table.from_batches(batches, schema_of(self.names))

    def _batches(self, source: str | None, above: int) -> list[pa.RecordBatch]:
        held, self.held = self.held, []
        return [
            of_rows(self.names, some.values(source, above))
            if isinstance(some, PartRows)
            else _Columns(some, source, above).batch(self.names)
            for some in held
        ]

    def __getstate__(self) -> tuple[tuple[str, ...], bytes]:
        """Plain data, as states have it."""
        self.moved += self._batches(None, 0)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema_of(self.names)) as writer:
            for batch in self.moved:
                writer.write_batch(batch)
        return self.names, sink.getvalue().to_pybytes()

    def __setstate__(self, state: tuple[tuple[str, ...], bytes]) -> None:
        self.names, batches = state
        self.collects, self.held = True, []
        self.moved = list(pa.ipc.open_stream(pa.py_buffer(batches)))


def _placed(batch: pa.RecordBatch, source: str, above: int) -> pa.RecordBatch:
    """A batch with the source and the number of each line there."""
    for at, one in enumerate(batch.schema):
        if one.name == "line":
            import pyarrow.compute as pc  # start-up

            batch = batch.set_column(at, one, pc.add(batch.column(at), above))
        elif one.name == "source":
            batch = batch.set_column(at, one, _repeated(source, len(batch)))
    return batch
