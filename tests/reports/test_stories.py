"""The story of a message does not depend on the order of the log, and ends in a line that can be read out."""

import random
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.batch import Checks, Piece
from ses_cli.engine import engine
from ses_cli.errors import UsageError
from ses_cli.reports.messages import stories
from ses_cli.reports.messages.rows import NAMES
from ses_cli.reports.messages.stories import Stories
from ses_cli.subject import decoded
from ses_cli.times import duration, rfc3339
from tests.logs import ABSENT, Record, log, record
from tests.message.logs import MESSAGES
from tests.message.reference import rows

START = 1767434400  # 2026-01-03 10:00 UTC
TIMED = ("sent", "delivered", "bounced", "first_open", "first_click")


def told(*records: Record) -> Stories:
    found = Stories(UTC)
    found.add(engine(Checks()).check(Piece("log", 0, log(*records))))
    return found


def step(event: str, after: int, reason: str = "", **changes: object) -> Record:
    """A callback so many seconds after the message was sent."""
    bounce = changes.pop("bounceType", ABSENT)
    fixed = {"bulkId": "q", "email": "alice@qq.com", "sentTimestamp": START, "timestamp": START + after}
    return record(event=event, reason=reason, bounceType=bounce, **{**fixed, **changes})


def ending(*records: Record) -> str:
    (table,) = told(*records).tables()
    return table.conclusion


@given(st.lists(MESSAGES, max_size=30), st.integers(0, 30), st.randoms())
def test_a_story_is_the_same_in_any_order(records: list[Record], cut: int, chance: random.Random) -> None:
    """Shuffled, with callbacks that come twice, and merged of two parts, the stories are the same."""
    again = [*records, *records[:cut]]
    chance.shuffle(again)
    one, two = told(*again[:cut]), told(*again[cut:])
    one.merge(two)
    whole: Any = told(*records).document()
    found: Any = one.document()
    for document in (whole, found):
        for story in document["stories"]:
            del story["doubles"]
    assert found == whole


@given(st.lists(MESSAGES, max_size=30))
def test_a_story_has_the_row_of_its_message(records: list[Record]) -> None:
    """One row a message, as the reference has it; its steps are the callbacks without doubles, in order."""
    expected = rows([{**one, "email": one["email"].replace("例子", "xn--fsqu00a")} for one in records])
    found = told(*records)
    assert {(str(one["bulk_id"]), str(one["email"])): one for one in found.data().objects()} == {
        key: {name: _shown(name, one[name]) for name in NAMES} for key, one in expected.items()
    }
    document: Any = found.document()
    for story in document["stories"]:
        times = [one["time"] for one in story["steps"]]
        assert times == sorted(times)
        events = [one["event"] for one in story["steps"] if one["event"] != "sent"]
        mine = [r for r in records if r["bulkId"] == story["bulk_id"]]
        assert {one["event"] for one in mine} >= set(events)
    assert sum(
        len(story["steps"]) - (story["sent"] is not None) + story["doubles"] for story in document["stories"]
    ) == len(records)


def _shown(name: str, value: object) -> object:
    return rfc3339(value, UTC) if name in TIMED and isinstance(value, int) else value


FULL = "552 5.2.2 user is over quota"
DAY = 86400


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (
            [step("deferred", n * 3600, "452 4.2.2 mailbox full") for n in range(3)]
            + [step("bounce", DAY, FULL, bounceType="hard_bounce")],
            "not delivered: mailbox full since 3 Jan (552 5.2.2); 4 tries; nothing is wrong with the sender",
        ),
        (
            [step("bounce", 4, "550 5.1.1 no such user", bounceType="hard_bounce")],
            "not delivered on 3 Jan: no such mailbox (550 5.1.1); 1 try; nothing is wrong with the sender",
        ),
        ([step("delivered", 4)], "delivered 3 Jan 10:00, 4 s after it was sent; not opened as far as is known"),
        (
            [step("deferred", 3, "421 4.7.0 try again later"), step("delivered", 303), step("open", 900)],
            "delivered 3 Jan 10:05 at try 2, 5 min 3 s after it was sent (delayed: "
            "trouble at the receiving server); opened 3 Jan 10:15",
        ),
        (
            [step("delivered", 4), step("open", 9, useragent="Mozilla/5.0"), step("spamreport", 60)],
            "delivered 3 Jan 10:00, 4 s after it was sent; opened by a mail program's proxy only, which need not mean "
            "that anybody read it; reported as spam by the recipient",
        ),
        (
            [step("dropped", 4)],
            "not delivered: dropped by Tencent Cloud on 3 Jan; no try was made; "
            "it drops mail to addresses that bounced before: see whether this one did",
        ),
        (
            [step("deferred", 60, "452 4.2.2 mailbox full"), step("deferred", 7200, "452 4.2.2 mailbox full")],
            "not delivered yet: deferred 2 times since 3 Jan 10:01, last 3 Jan 12:00: mailbox full (452 4.2.2); "
            "nothing is wrong with the sender",
        ),
        (
            [step("open", 60)],
            "it arrived, for it was read; when it was delivered is not in the log; opened 3 Jan 10:01",
        ),
        (
            [step("bounce", 4, "550 5.1.1 no such user", bounceType="hard_bounce"), step("delivered", 9)],
            "not delivered on 3 Jan: no such mailbox (550 5.1.1); 1 try; nothing is wrong with the sender; the log "
            "contradicts itself: delivered later than it bounced hard, delivered, bounced hard or dropped more than "
            "once",
        ),
        ([step("processed", 1)], "no outcome in the log; the last callback came 3 Jan 10:00"),
    ],
)
def test_a_story_ends_in_a_line_to_read_out(records: list[Record], expected: str) -> None:
    """What became of the message, why, after how many tries, and whose business it is."""
    assert ending(*records) == expected


@given(st.lists(MESSAGES, min_size=1, max_size=9))
def test_any_story_can_be_told(records: list[Record]) -> None:
    """Whatever the callbacks of a message, there is a conclusion, in one line."""
    for table in told(*records).tables():
        assert table.conclusion
        assert "\n" not in table.conclusion


@given(st.text() | st.text("=?UTF-8BQbqx5aW9 _", max_size=40).map(lambda text: f"=?UTF-8?B?{text}?="))
def test_any_subject_is_decoded_or_shown_as_it_is(text: str) -> None:
    """No subject whatever raises."""
    assert isinstance(decoded(text), str)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=?UTF-8?B?5L2g5aW9?= =?UTF-8?Q?_caf=C3=A9?=", "你好 café"),
        ("=?gb18030?B?xOO6ww==?=", "你好"),
        ("=?unknown?B?xOO6ww==?=", "=?unknown?B?xOO6ww==?="),
        ("plain", "plain"),
    ],
)
def test_subjects_are_decoded(text: str, expected: str) -> None:
    """Encoded words in any charset that Python knows become text; others stay."""
    assert decoded(text) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min 59 s"), (3600, "1 h"), (90061, "1 d 1 h"), (-5, "-5 s")],
)
def test_durations_are_said_by_their_two_largest_units(seconds: int, expected: str) -> None:
    """As a person says them."""
    assert duration(seconds) == expected


def test_too_many_callbacks_for_stories_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A selection that would not fit in memory ends the run with what to do."""
    monkeypatch.setattr(stories, "MOST", 10)
    with pytest.raises(UsageError, match="more than 10 callbacks match"):
        told(*(step("open", n) for n in range(11)))
