"""Bounced addresses as typed columns: one row an address, as `bounces` has it."""

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from ses_cli.identity import domain
from ses_cli.reports.addresses import Address, AddressRows

_AT_ONCE = 1 << 16  # rows of a table
_LARGEST = 2**63 - 1  # a template beyond it is left out
_TIME = pa.timestamp("ms", tz="UTC")
_WORD = pa.dictionary(pa.int32(), pa.string())
_TEXTS, _INTEGERS = pa.list_(pa.string()), pa.list_(pa.int64())
_COLUMNS: dict[str, tuple[pa.DataType, Callable[[Address], object]]] = {
    "email": (pa.string(), lambda row: row.email),
    "domain": (pa.string(), lambda row: domain(row.email)),
    "bounce_type": (pa.string(), lambda row: row.bounce_type),
    "class": (pa.string(), lambda row: row.verdict.cls),
    "action": (pa.string(), lambda row: row.verdict.action),
    "rule": (pa.string(), lambda row: row.verdict.rule),
    "count": (pa.int64(), lambda row: row.count),
    "first": (_TIME, lambda row: row.first * 1000),
    "last": (_TIME, lambda row: row.last * 1000),
    "reason": (pa.string(), lambda row: row.reason),
    "reply_code": (pa.string(), lambda row: row.verdict.reply_code),
    "enhanced_code": (pa.string(), lambda row: row.verdict.enhanced_code),
    "from_domains": (_TEXTS, lambda row: row.from_domains),
    "templates": (_INTEGERS, lambda row: [each for each in row.templates if -_LARGEST <= each <= _LARGEST]),
    "delivered_since": (pa.bool_(), lambda row: row.delivered_since),
    "event": (pa.string(), lambda row: row.event),
}
_REPEATING = ("domain", "bounce_type", "class", "action", "rule", "reply_code", "enhanced_code", "event")


def schema_of(names: Sequence[str]) -> pa.Schema:
    """These columns with their types."""
    return pa.schema([pa.field(name, _WORD if name in _REPEATING else _COLUMNS[name][0]) for name in names])


def tables(rows: AddressRows, names: Sequence[str]) -> Iterator[pa.Table]:
    """The addresses in their order, some at a time."""
    schema = schema_of(names)
    for start in range(0, len(rows), _AT_ONCE):
        some = [rows[at] for at in range(start, min(start + _AT_ONCE, len(rows)))]
        yield pa.table([_array(name, some) for name in names], schema=schema)


def _array(name: str, rows: Sequence[Address]) -> pa.Array:
    kind, value = _COLUMNS[name]
    values = pa.array(map(value, rows), kind)
    return values.dictionary_encode() if name in _REPEATING else values
