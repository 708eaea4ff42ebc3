"""A piece becomes a batch: the short cut and the definition agree, and nothing is lost."""

import json
import sys
from collections import Counter
from copy import deepcopy
from types import FrameType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ses_cli.batch import BOM, Batch, Checks, Piece
from ses_cli.engine import engine
from ses_cli.events import ERRORS, WARNINGS
from ses_cli.schema.check import PythonEngine
from ses_cli.schema.clean import Clean
from ses_cli.schema.line import validate
from ses_cli.schema.odd import read
from ses_cli.schema.record import flaws, normalise
from tests.logs import GOOD, LINES, LOGS, NEARLY, Record, content, documented, line, log, record


def check(data: bytes, strict: bool = False, explain: bool = False) -> Batch:
    return engine(Checks(256 << 10, strict, explain)).check(Piece("log.jsonl", 0, data))


def codes(batch: Batch) -> Counter[str]:
    """All codes of a batch, errors and warnings."""
    found = Counter(problem.code for invalid in batch.invalid for problem in invalid.problems)
    return found + Counter(batch.warnings)


def normal(value: Record) -> Record:
    """What a record holds of an object, by the definition."""
    value = deepcopy(value)
    normalise(value)
    return documented(value)


@given(NEARLY)
def test_the_short_cut_says_what_the_definition_says_of_a_record(value: Record) -> None:
    """What the short cut takes has no errors, exactly the definition's warnings, and the same normal form."""
    expected = Counter(flaw.code for flaw in flaws(value))
    clean = Clean()
    clean.learn(value)
    clean_block = clean.decode(line(value)[:-1])
    if not isinstance(clean_block, int):
        assert ([content(found) for found in clean_block.records], clean_block.warnings) == ([normal(value)], expected)
        assert not expected.keys() & ERRORS.keys()
    elif not expected:  # whatever is plainly clean takes the short cut, bar rare characters and nested values
        odd = any(isinstance(item, float | list | dict) or item in ("", 2**63) for item in value.values())
        address = value["email"]
        assert odd or "bulkid" in value or address.count("@") > 1 or not address.isprintable() or '"' in address


@given(
    NEARLY | GOOD,
    st.sampled_from([b"", BOM, BOM + BOM]),
    st.sampled_from([b"", b'"event":"x",', b'"x":{"a":1,"a":2},', b'"a":[],"\\u0061":0,']),
)
def test_a_valid_line_is_read_as_the_definition_says(value: Record, mark: bytes, more: bytes) -> None:
    """What is read without the definition has its record and its warnings; errors are left to it."""
    raw = mark + line(value)[:-1].replace(b"{", b"{" + more, 1)
    found, defined = read(raw), validate(raw, unended=False)
    if defined.is_valid(strict=False):
        assert found is not None
    if found is not None:
        assert Counter(found[1]) == Counter(flaw.code for flaw in defined.flaws)
        assert defined.is_valid(strict=False)
        assert content(found[0]) == content(defined.record())


@given(st.lists(NEARLY | GOOD, min_size=1, max_size=6))
def test_the_short_cut_says_what_the_definition_says_of_a_block(block: list[Record]) -> None:
    """A block that the short cut takes is what its records are one by one, whatever it has learnt."""
    clean = Clean()
    expected = sum((Counter(flaw.code for flaw in flaws(value)) for value in block), Counter[str]())
    for value in ({}, *block):
        clean.learn(value)
        clean_block = clean.decode(log(*block)[:-1])
        if not isinstance(clean_block, int):
            assert [content(found) for found in clean_block.records] == list(map(normal, block))
            assert clean_block.warnings == expected
            assert not expected.keys() & ERRORS.keys()


def test_more_keys_are_not_learnt_than_there_is_room_for() -> None:
    """A log of ever new keys costs a closer look, not memory; the records are the same."""
    lines = [record(**{f"new-{at}": at}) for at in range(1000)]
    batch = check(log(*lines))
    assert (len(batch.callbacks()), batch.warnings) == (1000, {"unknown-field": 1000})


@given(LOGS)
def test_a_line_is_judged_alike_in_any_company(data: bytes) -> None:
    """What a line is does not depend on the lines around it, nor on whether warnings are kept in full."""
    *lines, last = data.split(b"\n")
    alone = [check(each + b"\n") for each in lines] + ([check(last)] if last else [])
    expected = sum(map(codes, alone), Counter[str]())
    for together in (check(data), check(data, explain=True)):
        assert list(map(content, together.callbacks())) == [
            content(found) for batch in alone for found in batch.callbacks()
        ]
        assert [bad.raw for bad in together.invalid] == [bad.raw for batch in alone for bad in batch.invalid]
        assert codes(together) == expected
        assert together.blank == sum(batch.blank for batch in alone)
        assert together.lines == len(alone)


@given(LOGS)
def test_every_line_is_a_record_or_invalid_or_blank(data: bytes) -> None:
    """Lines are valid, invalid or blank, and each has its number, its offset and its bytes."""
    batch = check(data, explain=True)
    assert batch.lines == len(batch.callbacks()) + len(batch.invalid) + batch.blank
    lines = data.split(b"\n")
    offsets = [sum(len(each) + 1 for each in lines[:row]) for row in range(len(lines))]
    for found in batch.located():
        assert (found.offset, found.raw) == (offsets[found.line - 1], lines[found.line - 1].removesuffix(b"\r"))
    for invalid in batch.invalid:
        for problem in invalid.problems:
            assert problem.offset == offsets[problem.line - 1]
            assert invalid.raw == lines[problem.line - 1].removesuffix(b"\r")
    for problem in batch.explained:
        assert problem.offset == offsets[problem.line - 1]
    assert Counter(problem.code for problem in batch.explained) == batch.warnings
    places = [invalid.problems[0].line for invalid in batch.invalid]
    assert places == sorted(set(places))


@given(LOGS)
def test_strict_is_the_same_with_warnings_as_errors(data: bytes) -> None:
    """Under `strict` a line with a warning is invalid, with the same problems, and nothing else changes."""
    easy, strict = check(data, explain=True), check(data, strict=True)
    warned = {problem.line for problem in easy.explained}
    assert not strict.warnings
    assert codes(strict) == codes(easy)
    assert len(strict.invalid) == len(easy.invalid) + len(warned)
    left = [content(found.record) for found in easy.located() if found.line not in warned]
    assert list(map(content, strict.callbacks())) == left


@given(st.binary(max_size=300) | st.lists(LINES | st.binary()).map(b"\n".join), st.integers(1, 400), st.booleans())
def test_no_bytes_raise(data: bytes, max_line: int, strict: bool) -> None:
    """Whatever the bytes, they become a batch that balances."""
    batch = engine(Checks(max_line, strict, explain=not strict)).check(Piece("log", 0, data))
    assert batch.lines == len(batch.callbacks()) + len(batch.invalid) + batch.blank
    assert batch.lines == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
    assert {
        problem.code for invalid in batch.invalid for problem in invalid.problems
    } <= ERRORS.keys() | WARNINGS.keys()


_NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(GOOD, st.dictionaries(st.text(max_size=3), _VALUES, max_size=3), st.booleans(), st.booleans())
@example(record(), {"x": [2**64, {"y": -(2**80), "z": 1.5}]}, True, True)
def test_an_accepted_record_is_what_json_reads(value: Record, more: Record, marked: bool, doubled: bool) -> None:
    """An accepted record holds what Python's `json` reads, of the same types."""
    text = json.dumps({**more, **value})
    if doubled:  # a key that comes twice has the last value
        text = '{"email": 1, "reason": {}, ' + text[1:]
    raw = BOM * marked + text.encode()
    batch = check((raw + b"\n") * 2)  # the second one by what was learnt from the first
    for found in batch.callbacks():
        assert repr(sorted(content(found).items())) == repr(sorted(normal(json.loads(text)).items()))
    if "bulkid" not in more:
        assert len(batch.callbacks()) == 2


@pytest.mark.parametrize("n", [1, 40])
@pytest.mark.parametrize("space", ["", " ", "\t ", "\r"])
@pytest.mark.parametrize(
    ("twice", "keys"),
    [
        ('"reason"{}:"a"', ["reason"]),
        ('"reason"{}:null', ["reason"]),
        ('"\\u0072eason"{}:"a"', ["reason"]),
        ('"reason"{}:"a","reason"{}:1,"link"{}:"\\\\","link"{}:null', ["reason", "link"]),
        ('"timestamp"{}:1', ["timestamp"]),
        ('"useragent"{}:"\\"reason\\" : null, \\":"', []),
        ('"link"{}:"https://a.example/?x=\\":1"', []),
        ('"subject"{}:"\\\\\\":"', []),
    ],
)
def test_a_key_that_comes_twice_is_told_of(twice: str, keys: list[str], space: str, n: int) -> None:
    """A doubled key is a warning and, under --strict, an error, in a block of clean lines as on a line alone."""
    data = log(*[record()] * n) + b"{" + twice.format(*[space] * 4).encode() + b"," + log(record())[1:]
    clean = engine(Checks())
    clean.check(Piece("log", 0, log(*[record()] * 3)))
    batch = clean.check(Piece("log", 0, data * 2))
    assert batch.warnings == ({"duplicate-key": 2 * len(keys)} if keys else {})
    assert [problem.path for problem in check(data, explain=True).explained] == [f"$.{key}" for key in keys]
    assert len(check(data, strict=True).invalid) == bool(keys)
    assert batch.count == 2 * n + 2


def test_a_short_look_costs_no_long_one() -> None:
    """One line that is not clean has no others looked at closely: the short cut takes those around it."""
    learnt = PythonEngine(Checks())
    looks = 0

    def count(frame: FrameType, event: str, argument: object) -> None:  # noqa: ARG001
        nonlocal looks
        looks += event == "call" and frame.f_code.co_name == "_look"

    data = log(*[each for _ in range(40) for each in [record()] * 30 + [record(email='"a@b"@c.d')]])
    sys.setprofile(count)
    try:
        batch = learnt.check(Piece("log", 0, data))
    finally:
        sys.setprofile(None)
    assert batch.count == 1240
    assert 40 <= looks <= 50


def test_an_old_bounce_type_is_told_of_when_warnings_are_kept() -> None:
    """`hard` has its warning in full, though a block had been brought to today's spelling before the closer look."""
    batch = check(log(record(bounceType="hard")), explain=True)
    assert [problem.path for problem in batch.explained] == ["$.bounceType"]
    assert check(log(record(bounceType="hard")), strict=True).count == 0


@pytest.mark.parametrize("depth", [10, 200, 300, 900, 990, 1020, 1100, 100_000])
def test_the_depth_of_a_document_is_judged_alike_everywhere(depth: int) -> None:
    """Whether nesting is too deep does not depend on how deep the program stands in its own calls."""
    data = log(record())[:-2] + b',"x":' + b"[" * depth + b"]" * depth + b"}\n"

    def below(calls: int) -> Batch:
        return below(calls - 1) if calls else check(data)

    there, here = below(300), check(data)
    assert codes(there) == codes(here)
    assert codes(here).keys() == (
        {"unknown-field"} if depth <= 200 else codes(here).keys() & {"unknown-field", "not-json"}
    )


@pytest.mark.parametrize(("depth", "valid"), [(200, True), (201, False)])
def test_two_hundred_levels_are_allowed(depth: int, valid: bool) -> None:
    """An undocumented value may nest 200 levels deep, and not one more."""
    batch = check(log(record())[:-2] + b',"x":' + b"[" * depth + b"]" * depth + b"}\n")
    assert batch.count == int(valid)
    assert set(codes(batch)) == ({"unknown-field"} if valid else {"unknown-field", "not-json"})


def test_a_line_of_max_line_bytes_is_not_too_long() -> None:
    """--max-line is the longest line allowed, the bytes before its newline counted."""
    data = line(record())
    size = len(data) - 1
    assert engine(Checks(size)).check(Piece("log", 0, data)).count == 1
    assert codes(engine(Checks(size - 1)).check(Piece("log", 0, data))) == {"too-long": 1}


def test_a_piece_of_short_broken_lines_costs_no_more_than_its_length() -> None:
    """The work for a broken line does not grow with the lines before it."""
    steps = []
    for lines in (1_000, 4_000):
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        data = b"x\n" * lines
        sys.setprofile(count)
        try:
            batch = check(data)
        finally:
            sys.setprofile(None)
        assert [invalid.problems[0].offset for invalid in batch.invalid] == list(range(0, 2 * lines, 2))
        steps.append(calls)
    assert steps[1] < 5 * steps[0]
