"""Write broken.jsonl, which has every error and warning, and broken.expected.json, which says where."""

# An entry of a table is one line: its bytes without the line end, and the codes it must yield, one a problem.

import sys
from pathlib import Path

import orjson

MAX_LINE = 4096  # the --max-line that broken.expected.json is for: it spares the example a line over 1 MiB
BULK = "qcloudses-30-251200670-date-20260105091500-8jolHvR2XcXC1"
GOOD: dict[str, object] = {
    "event": "delivered",
    "email": "ana.garden@mail-0001.example",
    "bulkId": BULK,
    "timestamp": 1767575704,
}
BOUNCE = GOOD | {"event": "bounce", "reason": "550 Mailbox not found", "bounceType": "hard_bounce"}
NEW = GOOD | {"subject": "a subject", "messageId": "1@example.com", "eventid": 1, "sentTimestamp": 1767575700}
Line = tuple[bytes, list[str]]


def record(base: dict[str, object] = GOOD, without: str = "", **members: object) -> bytes:
    """A record as JSON: `base` with some members set, without one of them."""
    return orjson.dumps({key: value for key, value in (base | members).items() if key != without})


def with_value(value: bytes, member: str = "templateId") -> bytes:
    """A record with a member whose value is given as bytes."""
    return record()[:-1] + b',"%s":%s}' % (member.encode(), value)


def one(code: str, *lines: bytes) -> list[Line]:
    """Lines that each have just this problem."""
    return [(line, [code]) for line in lines]


UNREADABLE = [
    *one(
        "not-utf8",
        record(email="caf@").replace(b"caf", b"caf\xe9"),  # Latin-1
        record(subject="SUBJECT").replace(b"SUBJECT", "您的验证码".encode("gbk")),
        record(subject="SUBJECT").replace(b"SUBJECT", b"\xed\xa0\x80"),  # a surrogate, encoded all the same
        b"\xff\xfe" + record().decode().encode("utf-16-le"),
    ),
    *one(
        "not-json",
        b"delivered ana@example.com 250 OK",
        record().replace(b'"', b"'"),
        record()[:60],
        record()[:-1] + b",}",
        with_value(b"NaN"),
        with_value(b"-Infinity"),
        with_value(b"0123"),
        record() + record(),
        record() + b" # seen twice",
        with_value(rb'"\ud83d"', "subject"),  # half of a surrogate pair
        with_value(b'"tab\tand\x00NUL"', "subject"),
        b"\0" * 64,  # left by a crash
        b"\0" * 64 + record(),
        b"[" * 1500,
        with_value(b"[" * 1500 + b"]" * 1500, "deep"),  # deeper than the parser goes
        *orjson.dumps(GOOD, option=orjson.OPT_INDENT_2).splitlines(),
    ),
    *one(
        "not-object",
        b"[" + record(GOOD, sg_message_id="14c5d75ce93") + b"]",  # a batch as SendGrid posts it
        b"[]",
        b"null",
        b"1767575704",
        b'"delivered"',
    ),
    *one("too-long", record(NEW, subject="long " * 1000)),
]
ERRORS = [
    *one(
        "missing-field",
        *(record(without=name) for name in GOOD),
        *(record(GOOD | {name: None}) for name in GOOD),
    ),
    (b"{}", ["missing-field"] * 4),
    (  # SendGrid
        record(GOOD, without="bulkId", sg_event_id="ZGVsaXZlcmVk", sg_message_id="14c5d75ce93"),
        ["missing-field", "unknown-field", "unknown-field"],
    ),
    (  # AWS SES, through SNS
        b'{"Type":"Notification","MessageId":"22b80b92","TopicArn":"arn:aws:sns:us-east-1:123456789012:ses",'
        b'"Message":"{\\"notificationType\\":\\"Bounce\\"}","Timestamp":"2026-01-05T01:15:04.000Z"}',
        ["missing-field"] * 4 + ["unknown-field"] * 5,
    ),
    (  # AWS SES, without the envelope
        b'{"eventType":"Bounce","mail":{"messageId":"1"},"bounce":{"bounceType":"Permanent"}}',
        ["missing-field"] * 4 + ["unknown-field"] * 3,
    ),
    *one(
        "wrong-type",
        record(timestamp="1767575704"),
        record(timestamp=True),
        record(timestamp=1767575704.5),
        record(timestamp=1767575704.0),
        record().replace(b"1767575704", b"99999999999999999999"),  # beyond 64 bits
        record(event=1),
        record(email=["ana.garden@mail-0001.example"]),
        record(bulkId=20260105),
        record(BOUNCE, bounceType=1),
        record(reason={"code": 550}),
        record(username=251200670),
        record(templateId="123456"),
        record(templateId=False),
        record(eventid="1"),
        record(GOOD | {"X-Tencentcloudses-Cb-Campaign": 7}),
    ),
    *one(
        "unknown-event",
        *(record(event=event) for event in ("bounced", "Delivered", "spam_report", "clicked", "")),
    ),
    *one(
        "bad-email",
        *(record(email=email) for email in ("ana", "@example.com", "ana@", "ana garden@example.com")),
        *(record(email=email) for email in ("Ana <ana@example.com>", "ana@example.com\n", "a\0b@example.com")),
        record(email="ana\u3000@example.com"),  # the white space of Chinese text
        record(email="a" * 64 + "@" + "b" * 256),  # 321 characters
    ),
    *one(
        "bad-timestamp",
        *(record(timestamp=time) for time in (0, -1767575704, 1767575704123, 253402300800, 2**63 - 1)),
        record(NEW, sentTimestamp=-1),
    ),
    *one(
        "bad-bounce-type",
        *(record(BOUNCE, bounceType=kind) for kind in ("Permanent", "HARD_BOUNCE", " hard")),
    ),
    (record(email="ana", timestamp="0", without="event"), ["bad-email", "missing-field", "wrong-type"]),
    (record(event="bounced", timestamp=-1, mood="glum"), ["bad-timestamp", "unknown-event", "unknown-field"]),
]
WARNINGS = [
    *one("blank-email", record(email="")),
    *one("blank-bulk-id", record(bulkId="")),
    *one("duplicate-key", record(reason="250 OK")[:-1] + b',"reason":"250 2.0.0 OK"}'),
    *one("unknown-field", record(region="ap-hongkong"), with_value(b"[" * 100 + b"]" * 100, "deep")),
    *one(
        "legacy-spelling",
        record().replace(b'"bulkId"', b'"bulkid"'),
        record(BOUNCE, bounceType="hard"),
        record(BOUNCE, bounceType="soft"),
        record(event="processed"),
    ),
    *one(
        "missing-bounce-type",
        record(BOUNCE, bounceType=""),
        record(BOUNCE, bounceType=None),
        record(BOUNCE, without="bounceType"),
    ),
    *one("eventid-mismatch", record(NEW, eventid=8), record(NEW, eventid=99)),
    *one("sent-after-event", record(NEW, sentTimestamp=1767575705)),
    *one("byte-order-mark", b"\xef\xbb\xbf" + record()),
    (
        b"\xef\xbb\xbf" + record(BOUNCE, bounceType="soft", eventid=1, sentTimestamp=1767575705, region="x"),
        ["byte-order-mark", "eventid-mismatch", "legacy-spelling", "sent-after-event", "unknown-field"],
    ),
]
ODD_BUT_GOOD = [
    record(NEW) + b"\r",
    b"",
    b"\r",
    b" \t" + record() + b" ",
    record(email="用户@例子.example"),
    record(email="a" * 64 + "@" + "b" * 255),  # 320 characters
    record(subject="line\u2028separator"),
    record(bounceType="hard", reason="250 OK"),  # says nothing but on a bounce
    record(GOOD, reason=None, bounceType=None, templateId=None, eventid=None, sentTimestamp=None),
    record(GOOD, link="", reason="", bounceType="", useragent="", subject="", templateId="", sentTimestamp=""),
    record(timestamp=1, sentTimestamp=1),
    record(sentTimestamp=0),  # not known
    record(timestamp=253402300799),
    record(NEW | {"X-Tencentcloudses-Cb-Custom": "ses callback"}),
]
CUT_OFF = (record()[:-20], ["truncated"])  # the last line, without its newline


def lines() -> list[Line]:
    """The whole file, a good line after each kind of problem."""
    table: list[Line] = []
    previous: list[str] = []
    for line, codes in [*UNREADABLE, *ERRORS, *WARNINGS]:
        if codes != previous:
            table.append((record(NEW, subject=f"line {len(table) + 1}"), []))
        table.append((line, codes))
        previous = codes
    return [*table, *((line, []) for line in ODD_BUT_GOOD), CUT_OFF]


def main(directory: Path) -> None:
    """Write both files."""
    table = lines()
    expected = {
        "max_line": MAX_LINE,
        "lines": {str(number): sorted(codes) for number, (_, codes) in enumerate(table, 1)},
    }
    directory.joinpath("broken.jsonl").write_bytes(b"\n".join(line for line, _ in table))
    text = orjson.dumps(expected).replace(b',"', b',\n"').replace(b"{", b"{\n").replace(b"}", b"\n}")
    directory.joinpath("broken.expected.json").write_bytes(text + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
