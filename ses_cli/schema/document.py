"""Bytes become one JSON object, or the one flaw that prevents it."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeGuard

import orjson

from ses_cli.batch import BOM, Piece

_printed, _escaped = json.JSONEncoder(ensure_ascii=False).encode, json.JSONEncoder().encode
_NESTED = {list, dict}
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_TOKEN = re.compile(rb"(%b)\s*(:?)|([][{}])" % _STRING.pattern, re.DOTALL)  # a text, and whether it is a key; a bracket


class Flaw(NamedTuple):
    """One thing wrong with a line, before it is known which line."""

    code: str
    path: str
    message: str
    hint: str | None = None


def parse(raw: bytes, unfinished: bool) -> dict[str, object] | Flaw:
    """The object on a line without its line end. `unfinished`: no newline ends it, so it may be cut off."""
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _undecodable(raw) or _cut_off(unfinished) or _not_json(raw, error)
    if isinstance(value, dict):
        return value
    return Flaw("not-object", "$", f"expected an object, got {kind(value)}", _array_hint(value))


def objects(piece: Piece, rows: Sequence[int]) -> list[dict[str, object]]:
    """The objects on these lines as they stand there, undocumented keys and old spellings included."""
    lines = piece.data.split(b"\n")
    texts = [lines[row].removeprefix(BOM) for row in rows]
    found: list[dict[str, object]] = orjson.loads(b"[%b]" % b",".join(texts))
    return found


def count_keys(text: bytes, expected: int) -> int:
    """How many keys the objects in JSON have, on one line or many, those of objects within objects too."""
    # with nothing between them, each key's quote and colon are found, and rarely something else
    if text.translate(None, b" \t\r").count(b'":') == expected:
        return expected
    return _STRING.sub(b"", text).count(b":")


def has_duplicate_key(raw: bytes) -> bool:
    """Whether a line holds an object of which a key comes twice."""
    value: object = orjson.loads(raw)
    return is_object(value) and bool(duplicate_keys(raw, value))


def count_all(values: Iterable[object]) -> tuple[int, int]:
    """How many keys objects and arrays have, with those of objects within, and how many of both there are."""
    n, found = 0, list(values)
    for value in found:  # which grows
        if is_object(value):
            n += len(value)
        within = value.values() if is_object(value) else value if isinstance(value, list) else ()
        found += [each for each in within if type(each) in _NESTED]
    return n, len(found)


def duplicate_keys(raw: bytes, value: dict[str, object]) -> list[str]:
    """The keys that come twice on a line, which holds this object: of each the last value is in it."""
    n = len(value) if _NESTED.isdisjoint(map(type, value.values())) else count_all([value])[0]
    if count_keys(raw, n) == n:
        return []
    names, level = [], 0
    for text, colon, bracket in _TOKEN.findall(raw):
        if bracket:
            level += 1 if bracket in b"[{" else -1
        elif colon and level == 1:
            names.append(text)
    counts: Counter[str] = Counter(map(orjson.loads, names))
    return [name for name, n in counts.items() if n > 1]


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a parsed JSON value is an object: its keys are then strings."""
    return isinstance(value, dict)


def kind(value: object) -> str:
    """A JSON value's type with its article, as messages say it."""
    match value:
        case None:
            return "null"
        case bool():
            return f"the boolean {str(value).lower()}"
        case int():
            return f"the integer {value}"
        case float():
            return "an integer beyond 64 bits" if abs(value) >= 2.0**63 else f"the number {value}"
        case str():
            return f"the string {quote(value)}"
        case list():
            return "an array"
        case _:
            return "an object"


def quote(text: str, limit: int = 40) -> str:
    """Text from a log, safe and short enough for a message; one with an @ may be an address and is not shown."""
    if "@" in text:
        return f"of {len(text)} characters"
    return (_printed if text.isprintable() else _escaped)(text if len(text) <= limit else text[:limit] + "…")


def _undecodable(raw: bytes) -> Flaw | None:
    if len(raw) >= 4 and _looks_like_utf16(raw):
        return Flaw(
            "not-utf8",
            "",
            "expected UTF-8, got what looks like UTF-16",
            "convert it: iconv -f UTF-16 -t UTF-8 FILE",
        )
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return Flaw(
            "not-utf8",
            "",
            f"expected UTF-8, got the byte 0x{raw[error.start]:02x} at column {len(raw[: error.start].decode()) + 1}",
        )
    return None


def _looks_like_utf16(raw: bytes) -> bool:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    even, odd, third = raw[0::2].count(0), raw[1::2].count(0), len(raw) // 3
    return (even > third) != (odd > third)


def _cut_off(unfinished: bool) -> Flaw | None:
    if not unfinished:
        return None
    hint = "a writer stopped here or is still at it; capture the callback again if it is gone"
    return Flaw("truncated", "", "expected one JSON document, got a last line that is cut off", hint)


def _not_json(raw: bytes, error: orjson.JSONDecodeError) -> Flaw:
    return Flaw(
        "not-json",
        "",
        f"expected one JSON document: {error.msg} at column {error.colno}",
        _hint(raw, error.msg),
    )


_KEY_LINE = re.compile(rb'\s*"[^"]*"\s*:')


def _hint(raw: bytes, said: str) -> str | None:
    text = raw.strip()
    at_value = said.startswith(("unexpected character, expected a JSON value", "no digit after sign"))
    if not text.strip(b"\0"):
        return "a block of NUL bytes, as a crash leaves behind: what was there is lost"
    if at_value and re.search(rb"[:\[,]\s*-?(?:NaN|Infinity)\b|^-?(?:NaN|Infinity)$", text):
        return "NaN and Infinity are no JSON: write null"
    if "surrogate" in said:
        return "a \\ud800-\\udfff escape without its other half"
    if "infinity" in said:
        return "a number beyond what a double holds"
    if text in (b"{", b"}", b"},", b"[", b"]", b"],") or _KEY_LINE.match(text):
        return "a pretty-printed document? Put each on one line: jq -c . FILE"
    if not text.startswith((b"{", b"[")) and re.search(rb'\{\s*"', text):
        return "text stands before the document: keep the JSON alone"
    if said.startswith("unexpected content after document"):
        return _trailing_hint(text)
    if text.startswith((b"{'", b"{u'")):
        return "a Python dictionary as printed: write it with json.dumps"
    return None


def _trailing_hint(text: bytes) -> str:
    try:
        _, end = json.JSONDecoder().raw_decode(text.decode())
    except (ValueError, RecursionError):
        return "something follows the document"
    if text.decode()[end:].lstrip(" \t\r,").startswith("{"):
        return "two documents on one line: put each on its own, jq -c . FILE"
    return "something follows the document"


def _array_hint(value: object) -> str | None:
    if not isinstance(value, list):
        return None
    if any(is_object(item) and "sg_message_id" in item for item in value):
        return "a batch as SendGrid posts it, not a callback of Tencent Cloud SES"
    return "a batch from another provider? One callback a line: jq -c '.[]' FILE"
