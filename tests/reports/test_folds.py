"""Reports are folds: merged in order they equal one pass, and what they count is what the log holds."""

import json
import pickle
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.batch import Batch, Checks, Piece
from ses_cli.engine import engine
from ses_cli.events import MAX_TIMESTAMP
from ses_cli.ledger import Ledger
from ses_cli.render.data import document as printed
from ses_cli.reports.groups import BUCKETS, BY, bucket, buckets, extract
from ses_cli.reports.summary import Summary
from ses_cli.reports.validation import Validation
from ses_cli.times import local
from tests.logs import ABSENT, LOGS, Record, log, record

NAMES = ("Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
UNEVEN = ("Africa/Monrovia", "Pacific/Kiritimati", "Antarctica/Casey")  # no multiples of a quarter, once
ZONES = st.sampled_from([UTC, None, *map(ZoneInfo, NAMES + UNEVEN)])


def batch(data: bytes, source: str = "log") -> Batch:
    return engine(Checks(explain=True)).check(Piece(source, 0, data))


def summary(data: bytes) -> Summary:
    found = Summary(("domain", "template", "hour"), UTC)
    found.add(batch(data))
    return found


def validation(data: bytes) -> Validation:
    found = Validation()
    found.add(batch(data))
    return found


def ledger(data: bytes) -> Ledger:
    found = Ledger()
    found.add(batch(data))
    return found


def merged(*folds: Any) -> Any:
    first, *others = deepcopy(folds)
    for later in others:
        first.merge(later)
    return first


def test_a_summary_can_be_sent() -> None:
    """A fold goes to another process with all that it counted, whatever it counts by."""
    data = log(record(), record(email="a@qq.com"))
    for by in BY:
        found, expected = Summary((by,), UTC), Summary((by,), UTC)
        for one in (found, expected):
            one.add(batch(data))
        assert pickle.loads(pickle.dumps(found)) == expected


EMPTY: dict[Callable[[bytes], Any], Callable[[], Any]] = {
    summary: lambda: Summary(("domain", "template", "hour"), UTC),
    validation: Validation,
    ledger: Ledger,
}
FOLDS = pytest.mark.parametrize("make", EMPTY, ids=lambda make: str(make.__name__))
WHOLE = LOGS.map(lambda data: data if data[-1:] == b"\n" else data + b"\n")


@FOLDS
@given(logs=st.tuples(WHOLE, WHOLE, WHOLE))
def test_merging_is_associative(make: Callable[[bytes], Any], logs: tuple[bytes, bytes, bytes]) -> None:
    """(a + b) + c is a + (b + c), and both are one pass over all."""
    a, b, c = map(make, logs)
    assert merged(merged(a, b), c) == merged(a, merged(b, c)) == make(b"".join(logs))


@FOLDS
@given(data=WHOLE)
def test_an_empty_fold_changes_nothing(make: Callable[[bytes], Any], data: bytes) -> None:
    """Merged with an empty one, before or after, a fold is what it was."""
    found = make(data)
    assert merged(EMPTY[make](), found) == found == merged(found, EMPTY[make]())


GROUPINGS = st.sampled_from(
    [("bulk-id",), ("domain", "template", "task"), ("from-domain", "sender"), ("bulk-id", "event")]
)


@given(logs=st.tuples(WHOLE, WHOLE), by=GROUPINGS, count=st.integers(1, 3), top=st.integers(1, 3))
def test_groups_are_the_same_in_parts(logs: tuple[bytes, bytes], by: tuple[str, ...], count: int, top: int) -> None:
    """Split by group, sent, merged part by part and added to, a summary is that of one pass, its largest groups too."""
    whole = Summary(by, UTC, top)
    parts = [Summary(by, UTC, top, is_top=True) for _ in range(count)]
    for data in logs:
        found = Summary(by, UTC, top, is_top=True)
        for fold in (whole, found):
            fold.add(batch(data))
        for part, later in zip(parts, found.split(count), strict=True):
            part.merge(pickle.loads(pickle.dumps(later)))
    largest = deepcopy(parts)
    for part in largest:
        part.trim()
        assert len(list(part.tally.largest())) <= top
    assert merged(*largest).tables() == whole.tables()
    found, data = pickle.loads(pickle.dumps(merged(*parts))), logs[0]
    for fold in (whole, found):
        fold.add(batch(data))
    assert b"".join(printed(found.document())) == b"".join(printed(whole.document()))


def add(by: tuple[str, ...], tz: Any, records: list[Record]) -> Summary:
    found = Summary(by, tz)
    found.add(batch(log(*records)))
    return found


TIMES = st.lists(st.integers(0, 90_000), min_size=1, max_size=12)
STARTS = st.sampled_from(
    [
        1,
        63_000_000,
        291_800_000,
        1_664_630_000,
        1_654_064_683,
        1_711_800_000,
        1_730_000_000,
        1_743_865_200,
        MAX_TIMESTAMP - 90_000,
    ]
)


@given(by=st.lists(st.sampled_from(BY), min_size=1, max_size=3).map(tuple), tz=ZONES, start=STARTS, times=TIMES)
def test_every_record_is_in_one_group(by: tuple[str, ...], tz: Any, start: int, times: list[int]) -> None:
    """Grouped by anything in any zone, the groups add up to the records; none is lost between time buckets."""
    records = [record(timestamp=start + n, email=f"a@{n % 3}.com") for n in times]
    found = add(by, tz, records)
    assert sum(row["total"] for row in found.data().objects() if isinstance(row["total"], int)) == len(records)
    assert found.period()
    assert found.tables()
    extracts = [extract(name, tz) for name in by]
    expected = Counter(tuple(key(one) for key in extracts) for one in batch(log(*records)).callbacks())
    assert {tuple(row[: len(by)]): row[len(by)] for row in found.data().rows if row[len(by)]} == expected


@given(name=st.sampled_from(BUCKETS), tz=ZONES, start=STARTS, span=st.integers(0, 400_000))
def test_buckets_follow_one_another_without_a_gap(name: str, tz: Any, start: int, span: int) -> None:
    """The buckets between two times are exactly those that the times between fall in, in order."""
    last = min(start + span, MAX_TIMESTAMP)
    times = [*range(start, last, 30), last]  # no zone has an offset or a change that is finer
    expected = list(dict.fromkeys(bucket(name, local(at, tz)) for at in times))
    found = buckets(name, start, last, tz, 10_000)
    if name == "weekday":
        assert found is not None
        assert set(expected) <= set(found)
    else:
        assert found == expected


def test_the_hour_that_comes_twice_is_two_buckets() -> None:
    """When clocks are put back, both hours of the same name are shown, in order and with their offsets."""
    records = [record(timestamp=1_762_059_600 + 3600 * n) for n in range(4)]  # 2025-11-02, 01:00 in New York
    rows = list(add(("hour",), ZoneInfo("America/New_York"), records).data().objects())
    assert [row["hour"] for row in rows] == [
        "2025-11-02T01:00-04:00",
        "2025-11-02T01:00-05:00",
        "2025-11-02T02:00-05:00",
        "2025-11-02T03:00-05:00",
    ]


def test_the_hour_that_is_left_out_is_no_bucket() -> None:
    """When clocks are put forward, there is no bucket for the hour that never was."""
    records = [record(timestamp=1_741_503_600), record(timestamp=1_741_510_800)]  # 2025-03-09, 02:00 and 04:00 EST
    rows = list(add(("hour",), ZoneInfo("America/New_York"), records).data().objects())
    assert [row["hour"] for row in rows] == [
        "2025-03-09T03:00-04:00",
        "2025-03-09T04:00-04:00",
        "2025-03-09T05:00-04:00",
    ]


def test_empty_buckets_are_there() -> None:
    """Days without a record are rows with zeros, between the first and the last."""
    records = [record(timestamp=int(datetime(2026, 1, day, tzinfo=UTC).timestamp())) for day in (5, 8)]
    rows = [(row["day"], row["total"]) for row in add(("day",), UTC, records).data().objects()]
    assert rows == [("2026-01-05", 1), ("2026-01-06", 0), ("2026-01-07", 0), ("2026-01-08", 1)]


def test_the_last_second_of_9999_can_be_shown_everywhere() -> None:
    """The latest time allowed is shown in zones where its year is 10000 already."""
    for tz in (UTC, ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York"), None):
        for name in BUCKETS:
            assert add((name,), tz, [record(timestamp=MAX_TIMESTAMP)]).data()
            assert add((name,), tz, [record(timestamp=MAX_TIMESTAMP)]).period()


@pytest.mark.parametrize(
    ("by", "value", "changes"),
    [
        ("event", "bounce", {}),
        ("domain", "example.com", {"email": "a@EXAMPLE.com"}),
        ("provider", "QQ", {"email": "a@FOXMAIL.com"}),
        ("provider", "other", {}),
        ("from-domain", "fromexample.com", {"fromDomain": "FromExample.com"}),
        ("from-domain", "other.example", {"fromDomain": "", "from": "a@Other.example"}),
        ("from-domain", None, {"fromDomain": None, "from": None}),
        ("bounce-type", "soft_bounce", {"bounceType": "soft"}),
        ("bounce-type", None, {"event": "open"}),
        ("template", 123456, {}),
        ("template", None, {"templateId": ABSENT}),
        ("sender", "test@fromexample.com", {}),
        ("task", 7, {"taskId": 7}),
        ("bulk-id", "q", {"bulkId": "q"}),
        ("hour", "2022-06-01T06:00+00:00", {}),
        ("day", "2022-06-01", {}),
        ("week", "2022-W22", {}),
        ("weekday", "Wednesday", {}),
    ],
)
def test_groups_are_named_by_their_field(by: str, value: object, changes: Record) -> None:
    """A record is grouped by the value of the field, domains without case, an absent one as none."""
    (found,) = batch(log(record(**changes))).callbacks()
    assert extract(by, UTC)(found) == value


def test_field_statistics_have_every_field_as_it_stands() -> None:
    """Fields of invalid lines count too, old spellings under their own name, each with its types and first line."""
    found = validation(
        log(
            record(),
            record(bulkId=ABSENT, bulkid="q", bounceType="soft"),
            record(event="nothing", colour=[]),
            record(bulkId=ABSENT, bulkid="q", colour="red"),
        )
    )
    fields: Any = found.document()["fields"]
    assert fields["bulkid"] == {
        "known": True,
        "types": {"string": 2},
        "records": 2,
        "first": {"source": "log", "line": 2},
    }
    assert fields["bulkId"]["records"] == 2
    assert fields["colour"] == {
        "known": False,
        "types": {"array": 1, "string": 1},
        "records": 2,
        "first": {"source": "log", "line": 3},
    }


def test_a_log_of_ever_new_keys_does_not_fill_the_memory() -> None:
    """Beyond ten thousand names the fields are counted as one."""
    found = Validation()
    for start in range(0, 12_000, 1000):
        found.add(batch(log({f"k{n}": n for n in range(start, start + 1000)})))
    assert len(found.fields) == 10_001
    assert sum(one.records for one in found.fields.values()) == 12_000


@given(LOGS)
def test_rates_and_totals_add_up(data: bytes) -> None:
    """Domains add up to the events, event by event, and a bounce is hard, soft or without a type."""
    found = Summary()
    found.add(batch(data))
    document: Any = json.loads(b"".join(printed(found.document())))
    sums: Counter[str] = Counter()
    for row in document["domains"]:
        sums.update({name: n for name, n in row.items() if isinstance(n, int)})
        assert row["hard_bounce"] + row["soft_bounce"] <= row["bounce"]
    assert {event: sums[event] for event in document["events"]} == document["events"]
    assert sums["total"] == sum(document["events"].values())
