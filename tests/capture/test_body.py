"""A body keeps its bytes on its way into lines."""

import base64
import gzip
import json
import tracemalloc

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.capture.body import (
    MAX_INVALID,
    Reject,
    TooLargeError,
    Unpacked,
    flatten,
    inflate,
    split,
    unpack,
)
from ses_cli.capture.rejects import reject_line
from ses_cli.capture.validator import Validator
from ses_cli.events import Problem

from .receiver import callback

LIMIT = 1 << 20
PROBLEM = Problem("", 0, 0, "not-json", "", "no JSON")
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)
Layout = tuple[str | int | None, tuple[str, str], bool]
layouts = st.tuples(
    st.sampled_from([None, 0, 1, "\t", "\r\n"]),
    st.sampled_from([(",", ":"), (" ,\r\n", "\n: "), (", ", ": ")]),
    st.booleans(),
)


def unpacking(body: bytes) -> Unpacked:
    """A body unpacked."""
    return unpack(body, Validator(LIMIT), LIMIT)


def written(value: object, layout: Layout) -> bytes:
    """A JSON document in some layout."""
    indent, separators, ascii_only = layout
    return json.dumps(value, indent=indent, separators=separators, ensure_ascii=ascii_only).encode()


@given(st.lists(json_values, max_size=8), layouts)
def test_cutting_an_array_equals_parsing_it(values: list[object], layout: Layout) -> None:
    """The elements, parsed one by one, are those of the array, and their bytes stand in it in that order."""
    document = written(values, layout)
    found = [bytes(element) for element in split(document)] if values else []
    assert [json.loads(element) for element in found] == json.loads(document)
    at = 0
    for element in found:
        at = document.index(element, at) + len(element)


@given(json_values, layouts)
def test_a_flat_document_is_the_same_document(value: object, layout: Layout) -> None:
    """A line has no line break, is as long as the body, and parses to the same value."""
    document = written(value, layout)
    line = flatten(document)
    assert b"\n" not in line
    assert b"\r" not in line
    assert len(line) == len(document)
    assert json.loads(line) == json.loads(document)


@given(st.binary())
def test_no_bytes_are_lost(body: bytes) -> None:
    """Whatever is posted comes out as lines or as a reject that holds all of it."""
    unpacked = unpacking(body)
    if not unpacked.lines and not body.startswith((b"\xef\xbb\xbf", b"\x1f\x8b")):
        (reject,) = unpacked.rejects
        assert reject.raw == body
        assert reject.problems
    for reject in unpacked.rejects:
        assert reject_line(reject, 0.0).count(b"\n") == 1


@given(st.lists(st.sampled_from([callback(1), b'{"x": 1}', b"7", b'"a,[b"']), min_size=1))
def test_an_array_is_split_into_callbacks_and_rejects(pieces: list[bytes]) -> None:
    """Every element goes one way, in its order, with its own bytes."""
    unpacked = unpacking(b" [" + b" ,\n".join(pieces) + b"]\n")
    assert unpacked.lines == [piece for piece in pieces if piece == callback(1)]
    assert [reject.raw for reject in unpacked.rejects] == [p for p in pieces if p != callback(1)]


@pytest.mark.parametrize(
    "body", [b"[]", b"[ ]", b"[" + callback(1) + b",]", b"[" + callback(1) + b"]x", b"[" * 100_000]
)
def test_what_is_no_array_of_callbacks_is_rejected_whole(body: bytes) -> None:
    """An empty array, and one that is not JSON, store nothing and are kept."""
    unpacked = unpacking(body)
    assert unpacked.lines == []
    assert [reject.raw for reject in unpacked.rejects] == [body]


def test_an_array_of_rubbish_is_one_reject() -> None:
    """Half a million bad elements do not become half a million records."""
    body = b"[" + b",".join([b"1"] * 500_000) + b"]"
    unpacked = unpacking(body)
    assert [reject.raw for reject in unpacked.rejects] == [body]
    assert len(unpacking(b"[" + b",".join([b"1"] * MAX_INVALID) + b"]").rejects) == MAX_INVALID


@given(st.binary(max_size=2000), st.integers(1, 3))
def test_gzip_is_undone(body: bytes, members: int) -> None:
    """A body in one or several gzip members comes out as it went in."""
    parts = [gzip.compress(body[n::members]) for n in range(members)]
    assert inflate(b"".join(parts), LIMIT) == b"".join(body[n::members] for n in range(members))


@given(st.binary(min_size=1, max_size=500), st.data())
def test_damaged_gzip_is_kept_as_it_came(body: bytes, data: st.DataObject) -> None:
    """A gzip body that is cut off is not dropped: it stays what was sent."""
    whole = gzip.compress(body)
    cut = whole[: data.draw(st.integers(2, len(whole) - 1))]
    assert inflate(cut, LIMIT) == cut


def test_a_gzip_bomb_is_not_unpacked() -> None:
    """A gigabyte in a megabyte is refused after one limit's worth of memory."""
    bomb = gzip.compress(bytes(1 << 20), 9) * 1000
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        inflate(bomb, LIMIT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * LIMIT


@given(st.binary())
def test_a_reject_holds_its_bytes(raw: bytes) -> None:
    """What was sent can be had back from a line of the rejects, be it text or not."""
    line = orjson.loads(reject_line(Reject([PROBLEM], raw), 1767225600.5))
    assert line["received"] == "2026-01-01T00:00:00.500Z"
    assert line["problems"][0]["code"] == "not-json"
    if "raw" in line:
        assert line["raw"].encode() == raw
    else:
        assert base64.b64decode(line["raw_base64"]) == raw
