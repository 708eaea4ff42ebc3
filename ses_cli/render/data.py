"""Reports for programs: JSON documents, NDJSON, CSV, TSV."""

import csv
import io
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import orjson

from ses_cli.batch import Invalid
from ses_cli.table import Data, Value

_AT_ONCE = 100  # rows held
_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")


def document(content: Mapping[str, object]) -> Iterator[bytes]:
    """One JSON document, indented; of its values that are Data some rows at a time are held."""
    before = b"{\n"
    for name, value in content.items():
        yield before + b"  " + orjson.dumps(name) + b": "
        if isinstance(value, Data):
            yield from _array(value)
        else:
            yield _indented(value, b"\n  ")
        before = b",\n"
    yield b"\n}\n"


def _array(data: Data) -> Iterator[bytes]:
    before, rows = b"[", iter(data.objects())
    while some := list(islice(rows, _AT_ONCE)):
        yield before + orjson.dumps([some], option=orjson.OPT_INDENT_2)[len(b"[\n  [") : -len(b"\n  ]\n]")]
        before = b","
    yield b"\n  ]" if before == b"," else b"[]"


def _indented(value: object, newline: bytes) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).replace(b"\n", newline)


def ndjson(data: Data) -> Iterator[bytes]:
    """One JSON object a line."""
    return (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in data.objects())


def separated(data: Data, delimiter: str, has_header: bool = True) -> Iterator[bytes]:
    """CSV or TSV. A cell that a spreadsheet would run gets a single quote in front."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")  # so that a lone \r is quoted
    for row in _rows(data, has_header):
        writer.writerow([_field(value, delimiter) for value in row])
        yield out.getvalue().removesuffix("\r\n").encode() + b"\n"
        out.seek(0)
        out.truncate()


def _rows(data: Data, has_header: bool) -> Iterator[Sequence[Value]]:
    if has_header:
        yield list(data.names)
    yield from data.rows


def _field(value: Value, delimiter: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return _field(";".join(map(str, value)), delimiter)
        case str():
            text = value.replace("\t", " ").replace("\n", " ").replace("\r", " ") if delimiter == "\t" else value
            return f"'{text}" if text.startswith(_RUN_BY_SPREADSHEETS) else text
        case _:
            return str(value)


def rejects(lines: Iterable[Invalid]) -> Iterator[bytes]:
    """Invalid lines, one JSON object a line, with their reasons and their bytes: base64 where they are no UTF-8."""
    for problems, raw in lines:
        first = problems[0]
        try:
            content = {"raw": raw.decode()}
        except UnicodeDecodeError:
            content = {"raw_base64": b64encode(raw).decode()}
        reasons = [{"code": p.code, "path": p.path, "message": p.message} for p in problems]
        reject = {"source": first.source, "line": first.line, "offset": first.offset, "problems": reasons, **content}
        yield orjson.dumps(reject, option=orjson.OPT_APPEND_NEWLINE)
