"""Bytes become an object, or the flaw that says why not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.schema.document import Flaw, is_object, parse, quote
from tests.logs import RECORD


def flaw(raw: bytes, unfinished: bool = False) -> Flaw:
    found = parse(raw, unfinished)
    assert isinstance(found, Flaw)
    return found


CASES = [
    (b"\xff{}", "not-utf8", None),
    ('{"event":"open"}'.encode("utf-16"), "not-utf8", "iconv"),
    ('{"event":"open"}'.encode("utf-16-le"), "not-utf8", "iconv"),
    ('{"event":"open"}'.encode("utf-16-be"), "not-utf8", "iconv"),
    (b'{"a":NaN}', "not-json", "NaN"),
    (b'{"a":-Infinity}', "not-json", "NaN"),
    (b"NaN", "not-json", "NaN"),
    (b'{"a":1} trailing', "not-json", "something follows"),
    (b'{"a":1}{"b":2}', "not-json", "two documents"),
    (b'{"a":1}, {"b":2}', "not-json", "two documents"),
    (b"{", "not-json", "pretty-printed"),
    (b'  "event": "open",', "not-json", "pretty-printed"),
    (b"},", "not-json", "pretty-printed"),
    (b"\0" * 4096, "not-json", "NUL"),
    (b'{"a":"\\ud800"}', "not-json", "other half"),
    (b"{'event': 'open'}", "not-json", "json.dumps"),
    (b'2026-01-05 INFO {"event":"open"}', "not-json", "text stands before"),
    (b"[" * 100_000, "not-json", None),
    (b'{"a":' * 100_000, "not-json", None),
    (b'{"a":1e999}', "not-json", "double"),
    (b'[{"sg_message_id":"x"}]', "not-object", "SendGrid"),
    (b'[{"event":"open"}]', "not-object", "batch"),
    (b"[]", "not-object", "batch"),
    (b"1", "not-object", None),
    (b'"x"', "not-object", None),
    (b"null", "not-object", None),
    (b"true", "not-object", None),
]


@pytest.mark.parametrize(("raw", "code", "hint"), CASES, ids=[repr(raw[:20]) for raw, _, _ in CASES])
def test_what_is_no_object_says_why(raw: bytes, code: str, hint: str | None) -> None:
    """Each sort of broken line has its code, and its hint where there is a next step."""
    found = flaw(raw)
    assert found.code == code
    assert found.hint is None if hint is None else hint in (found.hint or "")


@pytest.mark.parametrize("cut", range(1, len(json.dumps(RECORD))))
def test_a_last_line_cut_off_anywhere_is_truncated(cut: int) -> None:
    """A document cut off at any byte is `truncated` on a last line without a newline, `not-json` elsewhere."""
    raw = json.dumps(RECORD).encode()[:cut]
    assert flaw(raw, unfinished=True).code == "truncated"
    assert flaw(raw).code == "not-json"


@pytest.mark.parametrize("before", ["a", "é", "例"])
def test_columns_are_characters(before: str) -> None:
    """A column is counted in characters, whether the bytes are no UTF-8 or the text is no JSON."""
    start = b'{"' + before.encode()
    assert flaw(start + b"\xff").message.endswith("column 4")
    assert flaw(start + b'":}').message.endswith("column 6")


def test_u2028_ends_no_line() -> None:
    """U+2028 inside a string is a character like any other."""
    assert parse('{"a":"\u2028\u2029\x85"}'.encode(), False) == {"a": "\u2028\u2029\x85"}


@given(st.binary(max_size=60) | st.text('{}[]",:\\u0de+-. \n\ufeff\u2028', max_size=30).map(str.encode), st.booleans())
def test_no_bytes_raise(raw: bytes, unfinished: bool) -> None:
    """Whatever the bytes, they become an object or a flaw."""
    found = parse(raw, unfinished)
    assert isinstance(found, Flaw) or is_object(found)


@given(st.text())
def test_quoted_text_cannot_drive_a_terminal(text: str) -> None:
    """Text in a message is printable and short, and never an address."""
    assert quote(text).isprintable()
    assert len(quote(text)) < 600
    assert "@" not in quote(text)
