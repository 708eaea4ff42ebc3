"""Logs to test with: one plain record, its variations, and strategies that draw near every border."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from ses_cli import events
from ses_cli.callback import KEYS, Callback

FIELDS = Callback.__struct_fields__

Record = dict[str, Any]
RECORD: Record = {
    "event": "bounce",
    "email": "example@example.com",
    "bulkId": "qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1",
    "timestamp": 1654064683,
    "reason": "551 5.1.1 recipient is not exist",
    "bounceType": "hard_bounce",
    "username": "251200670",
    "from": "test@fromexample.com",
    "fromDomain": "fromexample.com",
    "templateId": 123456,
}
ABSENT = object()


def record(**changes: object) -> Record:
    """The official sample of 2022 with some fields changed; ABSENT takes one out."""
    return {name: value for name, value in {**RECORD, **changes}.items() if value is not ABSENT}


def line(value: object) -> bytes:
    """A value as a line of a log."""
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def content(found: Callback) -> Record:
    """A record by the keys of the payload, without what is absent."""
    return {KEYS.get(name, name): getattr(found, name) for name in FIELDS if getattr(found, name) is not None}


def documented(value: Record) -> Record:
    """What a record can hold of an object in today's spelling."""
    known = {name: item for name, item in value.items() if name in events.FIELDS and item is not None}
    return {name: item for name, item in known.items() if item != "" or events.FIELDS[name].type is str}


def log(*records: object) -> bytes:
    """Values as a log."""
    return b"".join(map(line, records))


_EMAILS = ["a@b.c", "", "a", "@", "a@", "@b", "a@b@c", "a b@c", "ä@ö.рф", '"a b"@c.d', '"a@b"@c.d', '"@b.c', "A@B.C"]
_EMAILS += [
    "a@b\x00",
    "a@b\xa0",
    "a@\u200b",
    "a\x85@b",
    "\u3000@b",
    "x" * 316 + "@b.c",
    "x" * 317 + "@b.c",
    "a@b ",
    " a@b",
]
_TIMES = [1654064683, 1, 0, -1, 253402300799, 253402300800, 1654064683000, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30]
_WRONG: list[object] = [None, "", "1", 0, 1, True, False, 1.5, [], {}, {"a": 2**70}, [1]]
_BOUNCES: list[object] = ["hard_bounce", "soft_bounce", "hard", "soft", "HARD", "blocked", "", None]
_EVENTS: list[object] = ["delivered", "bounce", "processed", "open", "click", "Bounce", "complaint", "", None]
_NAMES = ["bulkid", "x", "é", "a.b", "X-Tencentcloudses-Cb-A", "x-tencentcloudses-cb-b", "", "sg_message_id"]


def _mostly(good: Callable[[], st.SearchStrategy[object]]) -> st.SearchStrategy[object]:
    return st.one_of(good(), good(), good(), st.sampled_from([*_WRONG, ABSENT]))


def _texts() -> st.SearchStrategy[object]:
    return st.text(max_size=4)


NEARLY: st.SearchStrategy[Record] = st.builds(
    lambda fields, more: {name: value for name, value in {**fields, **more}.items() if value is not ABSENT},
    st.fixed_dictionaries(
        {
            "event": _mostly(lambda: st.sampled_from(_EVENTS)),
            "email": _mostly(lambda: st.sampled_from(_EMAILS)),
            "bulkId": _mostly(_texts),
            "timestamp": _mostly(lambda: st.sampled_from(_TIMES)),
        },
        optional={
            "bounceType": st.sampled_from([*_BOUNCES, ABSENT]),
            "sentTimestamp": _mostly(lambda: st.sampled_from(_TIMES)),
            "eventid": _mostly(lambda: st.integers(0, 9)),
            "templateId": _mostly(lambda: st.sampled_from([1, 2**63, 2**64])),
            "link": _mostly(_texts),
            "from": _mostly(_texts),
        },
    ),
    st.dictionaries(st.sampled_from(_NAMES), st.one_of(_texts(), st.sampled_from(_WRONG)), max_size=2),
)
"""Records at the borders of the definition, most of them wrong in a thing or two."""

GOOD: st.SearchStrategy[Record] = st.builds(
    record,
    event=st.sampled_from(["delivered", "bounce", "open", "click", "deferred", "dropped", "processed"]),
    email=st.sampled_from(["a@qq.com", "b@QQ.com", "c@163.com", "d@gmail.com"]),
    timestamp=st.integers(1654000000, 1654500000),
    bounceType=st.sampled_from(["hard_bounce", "soft_bounce", "hard", "soft", "", None, ABSENT]),
    bulkId=st.sampled_from(["q-1", "q-2"]),
    templateId=st.sampled_from([1, 2, None, ABSENT]),
)
"""Valid records, some with warnings."""

_JUNK = [b"", b"\r", b" \t", b"\xef\xbb\xbf", b"{", b"[]", b"null", b"NaN", b"\xff\xfe", b'{"event":"open"}', b"{}{}"]
_JUNK += [b"\x00" * 5, b"x" * 300, b" " * 300, b'{"a":"\\ud800"}', b"[" * 40]

TWICE: st.SearchStrategy[bytes] = st.builds(
    lambda value, key, item, space: b"{%b%b:%b,%b" % (key, space, item, line(value)[1:-1]),
    GOOD,
    st.sampled_from(
        [b'"reason"', b'"link"', b'"bulkId"', b'"event"', b'"timestamp"', b'"\\u0065mail"', b'"a"', b'"bounceType"']
    ),
    st.sampled_from(
        [b"null", b'"open"', b'"x"', b"1", b'"\\""', b'"\\\\"', b'"\\":null"', b'{"a":1,"a":2}', b'" : "', b"[1]"]
    ),
    st.sampled_from([b"", b"", b" ", b"\t", b" \r "]),
)
"""Lines with a key that may come twice, with white space and quotes where they are hard to count."""

LINES: st.SearchStrategy[bytes] = st.one_of(
    TWICE,
    GOOD.map(lambda value: line(value)[:-1]),
    NEARLY.map(lambda value: line(value)[:-1]),
    GOOD.map(lambda value: b"\xef\xbb\xbf" + line(value)[:-1] + b"\r"),
    st.sampled_from(_JUNK),
    st.binary(max_size=12),
)
"""Lines of every sort, without their line ends."""

LOGS: st.SearchStrategy[bytes] = st.builds(
    lambda lines, end: b"\n".join(lines) + end,
    st.lists(LINES, max_size=40) | st.lists(GOOD.map(lambda value: line(value)[:-1]), max_size=20),
    st.sampled_from([b"\n", b"", b"\r\n"]),
)
"""Logs of such lines, with and without a last line end."""
