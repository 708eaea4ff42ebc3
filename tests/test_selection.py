"""Which events are counted, and that a callback that arrived twice is counted once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.batch import Batch, Checks, Piece
from ses_cli.engine import engine
from ses_cli.pipeline import Reader
from ses_cli.selection import Selection
from tests.logs import ABSENT, GOOD, Record, content, log, record


def batch(*records: Record, **selection: Any) -> Batch:
    return engine(Checks(selection=Selection(**selection))).check(Piece("log", 0, log(*records)))


@pytest.mark.parametrize(
    ("selection", "changes", "selected"),
    [
        ({"events": frozenset({"open"})}, {"event": "open"}, True),
        ({"events": frozenset({"open"})}, {}, False),
        ({"domains": frozenset({"example.com"})}, {"email": "a@EXAMPLE.Com"}, True),
        ({"domains": frozenset({"example.com"})}, {"email": "a@sub.example.com"}, False),
        ({"from_domains": frozenset({"fromexample.com"})}, {"fromDomain": "FROMexample.com"}, True),
        ({"from_domains": frozenset({"fromexample.com"})}, {"fromDomain": ""}, True),
        ({"from_domains": frozenset({"fromexample.com"})}, {"fromDomain": ABSENT, "from": None}, False),
        ({"emails": frozenset({"a@b.c"})}, {"email": "a@B.C"}, True),
        ({"emails": frozenset({"a@b.c"})}, {"email": "A@b.c"}, False),
        ({"bulk_ids": frozenset({"q"})}, {"bulkId": ABSENT, "bulkid": "q"}, True),
        ({"emails": frozenset({"a@xn--fsqu00a.cn"})}, {"email": "a@例子.CN"}, True),
        ({"emails": frozenset({"a@xn--fsqu00a.cn"})}, {"email": "b@例子.CN"}, False),
        ({"emails": frozenset({'"a@b"@c.d'})}, {"email": '"a@b"@C.d'}, True),
        ({"message_ids": frozenset({"m@a.example"})}, {"messageId": "m@a.example"}, True),
        ({"message_ids": frozenset({"m@a.example"})}, {"messageId": "<m@a.example>"}, True),
        ({"message_ids": frozenset({"m@a.example"})}, {"messageId": "M@a.example"}, False),
        ({"message_ids": frozenset({"m@a.example"})}, {}, False),
        ({"templates": frozenset({"123456"})}, {}, True),
        ({"templates": frozenset({"123456"})}, {"templateId": ABSENT}, False),
        ({"since": 1654064683}, {}, True),
        ({"since": 1654064684}, {}, False),
        ({"until": 1654064683}, {}, False),
        ({"until": 1654064684}, {}, True),
        ({"since": 0, "until": 0}, {}, False),
    ],
)
def test_a_record_is_selected_by_each_field(selection: dict[str, Any], changes: Record, selected: bool) -> None:
    """Types, domains without case, addresses, ids, and times from `since` on and before `until`."""
    found = batch(record(**changes), **selection)
    assert (found.count, found.filtered, found.duplicates) == (selected, 1 - selected, 0)
    assert len(found.callbacks()) == selected


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"reason": "another"}, True),
        ({"link": ""}, True),
        ({"link": None}, True),
        ({"link": "https://a.example/"}, False),
        ({"event": "open"}, False),
        ({"email": "b@c.d"}, False),
        ({"timestamp": 1654064684}, False),
        ({"bulkId": "q"}, False),
    ],
)
def test_a_duplicate_is_the_same_in_five_fields(changes: Record, is_same: bool) -> None:
    """A callback is a duplicate when bulkId, email, event, timestamp and link are the same, whatever else differs."""
    reader = Reader(Checks(selection=Selection(dedupe=True)))
    first, second = (reader.read(Piece("log", 0, log(each))) for each in (record(), record(**changes)))
    assert (first.count, first.duplicates) == (1, 0)
    assert (second.count, second.duplicates) == (not is_same, is_same)


@given(st.lists(GOOD, max_size=20), st.integers(0, 20))
def test_what_is_left_keeps_its_lines(records: list[Record], cut: int) -> None:
    """Selecting in one batch or in two leaves the same records, each still on its line."""
    checks = Checks(selection=Selection(events=frozenset({"bounce", "open"}), since=1654200000, dedupe=True))
    one, two = Reader(checks), Reader(checks)
    whole = one.read(Piece("log", 0, log(*records)))
    parts = [two.read(Piece("log", 0, log(*part))) for part in (records[:cut], records[cut:])]
    assert whole.filtered + whole.duplicates + whole.count == len(records)
    assert [content(found) for part in parts for found in part.callbacks()] == list(map(content, whole.callbacks()))
    assert one.ledger == two.ledger
    assert [records[found.line - 1]["timestamp"] for found in whole.located()] == [
        found.record.timestamp for found in whole.located()
    ]
