"""What an engine answers of a batch is what the definition says, line by line."""

import sys
from array import array
from collections import Counter
from hashlib import blake2b, sha256
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli import events
from ses_cli.batch import DEFAULT_CHECKS, Batch, Checks, Key, Piece
from ses_cli.batch.records import Lane
from ses_cli.engine import engine, is_built
from ses_cli.identity import address, domain, fingerprint, recipient
from ses_cli.pipeline import Reader
from ses_cli.selection import Selection
from tests.logs import ABSENT, GOOD, LOGS, Record, content, line, log, record
from tests.schema.spelt import LANES, SPELT, Spelt, firsts

EMAILS = ["a@qq.com", "A@QQ.com.", "a@xn--fsqu00a.cn", "a@例子.CN", "", '"a@b"@c.d', "b@163.com"]
VARIED: st.SearchStrategy[Record] = st.builds(
    lambda value, **changes: {**value, **{k: v for k, v in changes.items() if v is not ABSENT}},
    GOOD,
    email=st.sampled_from(EMAILS),
    fromDomain=st.sampled_from(["", None, "A.example", "a.example."]),
    taskId=st.sampled_from([ABSENT, 0, 7, None, ""]),
    messageId=st.sampled_from([ABSENT, "m", "<m>", "<m", "", None]),
    link=st.sampled_from([ABSENT, "", None, "https://a.example/"]),
    colour=st.sampled_from([ABSENT, ABSENT, 1, "red", None, 2.5, True, [1], {"a": 2**70}]),
)
MIXED = LOGS | st.lists(VARIED.map(line), max_size=30).map(b"".join)
SELECTIONS = st.builds(
    Selection,
    events=st.sampled_from([frozenset(), frozenset({"bounce", "open"}), frozenset({"delivered"})]),
    domains=st.sampled_from([frozenset(), frozenset({"qq.com", "xn--fsqu00a.cn"})]),
    from_domains=st.sampled_from([frozenset(), frozenset({"a.example"})]),
    emails=st.sampled_from([frozenset(), frozenset(), frozenset({"a@qq.com", "a@xn--fsqu00a.cn", '"a@b"@c.d'})]),
    message_ids=st.sampled_from([frozenset(), frozenset(), frozenset({"m"})]),
    templates=st.sampled_from([frozenset(), frozenset({"1"})]),
    since=st.sampled_from([None, 1654200000]),
    until=st.sampled_from([None, 1654400000]),
)
CHECKS = st.builds(
    lambda strict, explain, selection: Checks(256 << 10, strict, explain and not strict, selection),
    st.booleans(),
    st.booleans(),
    SELECTIONS,
)


def check(data: bytes, checks: Checks = DEFAULT_CHECKS) -> Batch:
    return engine(checks).check(Piece("log", 0, data))


@given(data=MIXED, checks=CHECKS, keys=st.lists(st.sampled_from(list(Key)), max_size=4, unique=True))
def test_a_batch_counts_what_the_definition_says(data: bytes, checks: Checks, keys: list[Key]) -> None:
    """Lines, problems, warnings, fields, times and counts by any keys are those of the lines looked at one by one."""
    found, spelt = check(data, checks), Spelt(data, checks)
    assert (found.lines, found.blank, found.filtered) == (spelt.lines, spelt.blank, spelt.filtered)
    assert (found.count, found.duplicates) == (len(spelt.records), 0)
    assert found.warnings == spelt.warnings
    assert found.problems == spelt.problems
    assert list(found.explained) == spelt.explained
    assert [(list(bad.problems), bad.raw) for bad in found.invalid] == spelt.invalid
    times = [made.timestamp for made, *_ in spelt.records]
    assert found.period() == ((min(times), max(times)) if times else None)
    assert dict(found.counts(keys)) == Counter(tuple(SPELT[key](made) for key in keys) for made, *_ in spelt.records)
    assert list(found.fields().items()) == list(spelt.fields.items())


@given(data=MIXED, checks=CHECKS, events=st.sampled_from([None, frozenset({"bounce"}), frozenset({"open", "x"})]))
def test_a_batch_hands_out_what_the_definition_says(data: bytes, checks: Checks, events: frozenset[str] | None) -> None:
    """The records of some event types, their places and bytes, deliveries and fingerprints."""
    found, spelt = check(data, checks), Spelt(data, checks)
    wanted = [each for each in spelt.records if events is None or each[0].event in events]
    assert list(map(content, found.callbacks(events))) == [content(made) for made, *_ in wanted]
    assert [(content(at.record), at.line - 1, at.offset, at.raw) for at in found.located(events)] == [
        (content(made), row, offset, raw) for made, row, offset, raw in wanted
    ]
    lines = data.split(b"\n")
    assert found.captured() == b"".join(lines[row] + b"\n" for _, row, *_ in spelt.records)
    arrived = [made for made in spelt.valid if made.event == "delivered"]
    keys = [recipient(made.email).encode() for made in arrived]
    assert found.deliveries() == (
        b"".join(blake2b(key, digest_size=8).digest() for key in keys),
        array("Q", [made.timestamp for made in arrived]).tobytes(),
    )
    prints = [fingerprint(made) for made, *_ in spelt.records]
    assert found.fingerprints() == b"".join(prints)
    seen = engine(checks).seen(is_local=True)
    found.prepare(seen)
    found.deduplicate(seen)
    assert [at.line - 1 for at in found.located()] == [
        row for at, (_, row, *_) in enumerate(spelt.records) if prints[at] not in prints[:at]
    ]


@given(data=MIXED, checks=CHECKS)
def test_a_batch_is_held_by_nothing_it_was_asked_for(data: bytes, checks: Checks) -> None:
    """It is freed as soon as it is let go, so that a long log does not stay in memory until a search for cycles."""
    found, fresh = check(data, checks), object()
    assert list(found.invalid) == list(found.invalid)
    assert len(list(found.located(None))) == found.count == len(list(found.callbacks(None)))
    assert found.piece.data == data
    assert sum(n for _, n in found.fields().values()) >= 0
    assert sys.getrefcount(found) == sys.getrefcount(fresh)


@given(data=MIXED, checks=CHECKS, lane=st.sampled_from(list(Lane)))
def test_the_rows_of_a_batch_are_what_the_definition_says(data: bytes, checks: Checks, lane: Lane) -> None:
    """A row has the place, the bytes and the id of its record; lanes are alike where what they keep in order is."""
    found, spelt = check(data, checks), Spelt(data, checks)
    rows = found.rows(lane)
    assert [(row.line - 1, row.offset, found.piece.cut(row.offset, row.length)) for row in rows] == [
        (at, offset, raw) for _, at, offset, raw in spelt.records
    ]
    assert [(row.timestamp, row.event, row.domain, row.id) for row in rows] == [
        (made.timestamp, made.event, domain(made.email), sha256(raw).digest()[:16]) for made, *_, raw in spelt.records
    ]
    assert firsts(row.lane for row in rows) == firsts(LANES[lane](made) for made, *_ in spelt.records)
    assert all((row.lane is None) == (lane is Lane.NONE) for row in rows)


class Answers:
    """All that the batches of a log answer."""

    def __init__(self, selection: Selection) -> None:
        self.reader = Reader(Checks(256 << 10, explain=True, selection=selection))
        self.counts: Counter[tuple[object, ...]] = Counter()
        self.found: list[list[Any]] = [[], [], [], [], [], []]
        self.deliveries = [b"", b""]
        self.fields: dict[tuple[str, str], tuple[int, int]] = {}
        self.line, self.offset = 1, 0

    def add(self, data: bytes) -> None:
        batch = self.reader.read(Piece("log", self.offset, data, self.line))
        self.counts.update(batch.counts([Key.EVENT, Key.BOUNCE_TYPE, Key.DOMAIN, Key.SLOT]))
        located = [(content(at.record), *at[1:]) for at in batch.located()]
        rows = [row._replace(lane=None) for row in batch.rows(Lane.EMAIL)]
        new: list[Any] = [located, rows, batch.invalid, batch.explained, [batch.fingerprints()], [batch.period()]]
        for at, each in enumerate(new):
            self.found[at].extend(each)
        self.deliveries = [before + more for before, more in zip(self.deliveries, batch.deliveries(), strict=True)]
        for key, (row, n) in batch.fields().items():
            first, before = self.fields.get(key, (row + self.line, 0))
            self.fields[key] = first, before + n
        self.line, self.offset = self.line + batch.lines, self.offset + len(data)

    def all(self) -> list[object]:
        prints, periods = self.found[4:]
        times = [time for period in periods if period for time in period]
        return [
            self.reader.ledger,
            self.counts,
            *self.found[:4],
            b"".join(prints),
            times and (min(times), max(times)),
            self.deliveries,
            list(self.fields.items()),
        ]


@given(data=MIXED, cuts=st.lists(st.integers(0, 60), max_size=3), selection=SELECTIONS, dedupe=st.booleans())
def test_cut_at_any_lines_the_answers_are_the_same(
    data: bytes, cuts: list[int], selection: Selection, dedupe: bool
) -> None:
    """Pieces of any size answer together what one piece answers, duplicates left out or not."""
    wanted = Selection(selection.events, selection.domains, since=selection.since, dedupe=dedupe)
    whole, parts = Answers(wanted), Answers(wanted)
    whole.add(data)
    lines = [each + b"\n" for each in data.split(b"\n")[:-1]] + [data.rpartition(b"\n")[2]]
    places = sorted({0, len(lines), *(cut for cut in cuts if cut < len(lines))})
    for start, end in pairwise(places):
        if part := b"".join(lines[start:end]):
            parts.add(part)
    assert parts.all() == whole.all()


def test_a_filter_hides_no_delivery() -> None:
    """What was delivered is told whatever is selected: no filter makes an address look dead that is alive."""
    data = log(record(event="delivered", bounceType=ABSENT), record())
    for selection in (Selection(events=frozenset({"bounce"})), Selection(until=1), Selection(domains=frozenset({"x"}))):
        assert check(data, Checks(selection=selection)).deliveries() == check(data).deliveries()


@pytest.mark.parametrize(
    ("spelling", "compared"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("例子.CN", "xn--fsqu00a.cn"),
        ("例子。cn", "xn--fsqu00a.cn"),
        ("XN--FSQU00A.cn.", "xn--fsqu00a.cn"),
        ("ｑｑ.com", "qq.com"),
        ("MÜNCHEN.de", "xn--mnchen-3ya.de"),
        ("mu\u0308nchen.de", "xn--mnchen-3ya.de"),
        ("¨.de", "¨.de"),  # normalised it has a space: it is no domain, and compared as written
        ("", ""),
        (".", ""),
    ],
)
def test_a_domain_is_one_in_all_its_spellings(spelling: str, compared: str) -> None:
    """Case, a trailing dot, Unicode or punycode make no other domain of it."""
    assert domain(f"A@{spelling}") == compared
    assert address(f"A@{spelling}") == f"A@{compared}"
    assert recipient(f"A@{spelling}") == f"a@{compared}"


@given(st.text())
def test_a_compared_domain_stays_what_it_is(text: str) -> None:
    """Compared once more a domain is the same, whatever the text, and no space or @ comes into it."""
    once = domain(f"a@{text}")
    assert address(f"a@{once}") == f"a@{once}" or once.endswith(".")
    assert " " not in once or " " in text


@pytest.mark.parametrize("link", ["", "\0", "0\0"])
def test_fingerprints_cannot_be_forged_by_moving_bytes(link: str) -> None:
    """Text that moves from bulkId to link, or a NUL in either, makes another callback."""
    one, other = check(log(record(bulkId="a" + link, link="b"), record(bulkId="a", link=link + "b"))).callbacks()
    assert (fingerprint(one) == fingerprint(other)) == (link == "")


@pytest.mark.skipif(not is_built(), reason="there is one engine only")
def test_the_native_engine_knows_the_vocabulary() -> None:
    """Fields, event types, codes and limits are those of `events`."""
    from ses_cli.native import _engine

    assert _engine.vocabulary() == {
        "fields": [(name, field.type is int, field.required) for name, field in events.FIELDS.items()],
        "events": list(events.EVENT_IDS.items()),
        "errors": list(events.ERRORS),
        "warnings": list(events.WARNINGS),
        "limits": (events.MAX_TIMESTAMP, events.MAX_EMAIL),
    }
