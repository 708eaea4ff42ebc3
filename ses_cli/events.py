"""The vocabulary: event types, bounce types, the field table, and what can be wrong with a line.

Facts from Tencent Cloud SES, "Event callback", in its 2020-2021, 2022, 2023-2024 and 2025-10-30 editions.
"""

from typing import NamedTuple

# event type -> eventid (documented since 2025-10-30; `processed` is of 2021 and never had one)
EVENT_IDS: dict[str, int | None] = {
    "delivered": 1,
    "deferred": 8,
    "dropped": 2,
    "bounce": 3,
    "open": 4,
    "click": 5,
    "spamreport": 6,
    "unsubscribe": 7,
    "processed": None,
}
EVENTS = tuple(EVENT_IDS)
FAILURES = ("bounce", "deferred", "dropped")  # events that say why a mail did not arrive, or not yet
LEGACY_EVENTS = frozenset({"processed"})

HARD = "hard_bounce"
SOFT = "soft_bounce"
LEGACY_BOUNCE_TYPES = {"hard": HARD, "soft": SOFT}

CUSTOM_PREFIX = "X-Tencentcloudses-Cb-"
_CUSTOM_PREFIX = CUSTOM_PREFIX.lower()


class Field(NamedTuple):
    """One documented field of the payload."""

    type: type[str] | type[int]
    required: bool
    meaning: str


FIELDS: dict[str, Field] = {
    "event": Field(str, True, "event type"),
    "email": Field(str, True, "recipient address"),
    "bulkId": Field(str, True, "the MessageId that SendEmail returned, one for up to 50 recipients"),
    "timestamp": Field(int, True, "when the event happened, Unix seconds"),
    "link": Field(str, False, "the URL clicked"),
    "reason": Field(str, False, "why delivery failed, the receiver's SMTP text"),
    "bounceType": Field(str, False, "hard_bounce or soft_bounce"),
    "username": Field(str, False, "the account's appId"),
    "from": Field(str, False, "sender address"),
    "fromDomain": Field(str, False, "sender domain"),
    "templateId": Field(int, False, "template"),
    "useragent": Field(str, False, "what opened or clicked"),
    "subject": Field(str, False, "subject, encoded as in RFC 2047"),
    "messageId": Field(str, False, "the mail's Message-ID"),
    "eventid": Field(int, False, "the event type as a number"),
    "taskId": Field(int, False, "the batch-sending task"),
    "sentTimestamp": Field(int, False, "when the mail was sent, Unix seconds"),
}
LEGACY_FIELDS = {"bulkid": "bulkId"}


def is_custom(name: str) -> bool:
    """Whether a key is of the family of mail headers that come back; header names have no case."""
    return name[: len(CUSTOM_PREFIX)].lower() == _CUSTOM_PREFIX


def is_known(name: str) -> bool:
    """Whether any edition of the documentation has the key."""
    return name in FIELDS or name in LEGACY_FIELDS or is_custom(name)


MAX_TIMESTAMP = 253_402_300_799  # the last second of the year 9999
MAX_EMAIL = 320  # characters: 64 local + @ + 255 domain, RFC 3696 with its erratum

# An error makes the record invalid: it is not counted.
ERRORS: dict[str, str] = {
    "not-utf8": "the bytes are not UTF-8",
    "not-json": "not one JSON document by RFC 8259",
    "not-object": "JSON, but no object",
    "too-long": "longer than --max-line",
    "truncated": "the last line has no newline and is not JSON",
    "missing-field": "a required field is absent or null",
    "wrong-type": "a known field has another JSON type",
    "unknown-event": "not one of the event types",
    "bad-email": "not local@domain",
    "bad-timestamp": "not a time in Unix seconds",
    "bad-bounce-type": "a bounceType that is none of the four spellings",
}
# A warning notes what is odd: the record counts.
WARNINGS: dict[str, str] = {
    "unknown-field": "a key that no edition of the documentation has",
    "legacy-spelling": "bulkid, hard, soft or processed: brought to today's spelling",
    "blank-email": "an empty address, as in the documentation's 2021 sample",
    "blank-bulk-id": "an empty bulkId: nothing tells which mail it is about",
    "duplicate-key": "a key that comes twice: the last value counts here, another reader may take the first",
    "missing-bounce-type": "a bounce without a bounceType",
    "eventid-mismatch": "eventid is not the event's number",
    "sent-after-event": "sentTimestamp is later than timestamp",
    "byte-order-mark": "a byte order mark was skipped",
}


class Problem(NamedTuple):
    """One thing wrong with one line, as a value."""

    source: str
    line: int  # from 1
    offset: int  # bytes before the line, in the decompressed source
    code: str  # a key of ERRORS or WARNINGS
    path: str  # JSON path, "" where the line is no object
    message: str
    hint: str | None = None


def severity(code: str, strict: bool) -> str:
    """`error` or `warning`; with `strict` warnings are errors."""
    return "warning" if code in WARNINGS and not strict else "error"
