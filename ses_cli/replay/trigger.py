"""Callbacks made for trying a handler: of any event type, in the newest form of the documentation."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_hex

import orjson

from ses_cli.errors import UsageError
from ses_cli.events import ERRORS, EVENT_IDS, FIELDS, HARD, LEGACY_EVENTS
from ses_cli.schema.line import validate

TRIGGERS = tuple(event for event in EVENT_IDS if event not in LEGACY_EVENTS)
_CHINA = timedelta(hours=8)  # a bulkId has the time of sending in UTC+8
_ACCOUNT = "1250000000"
_DOMAIN = "notify.example.com"
_DELAY = 4  # seconds from sending to the event
_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
# what an event type has besides the fields of all
_OWN: dict[str, dict[str, object]] = {
    "deferred": {"reason": "451 4.7.1 Greylisting in action, please come back later"},
    "dropped": {"reason": "550 5.1.1 recipient is on the suppression list"},
    "bounce": {"reason": "550 5.1.1 recipient does not exist", "bounceType": HARD},
    "open": {"useragent": _AGENT},
    "click": {"link": "https://www.example.com/welcome", "useragent": _AGENT},
}


def parse_setting(text: str) -> tuple[str, object]:
    """`field=value` as a key and a value of the field's type; a field that is none of the documented has text.

    Raises UsageError.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f'--set: expected field=value, got "{text}"')
    if name not in FIELDS or FIELDS[name].type is str:
        return name, value
    try:
        return name, int(value)
    except ValueError:
        raise UsageError(f'--set: {name}: expected a whole number, got "{value}"') from None


def make_callbacks(event: str, settings: Mapping[str, object], count: int, now: int) -> Iterator[bytes]:
    """So many callbacks at `now` (Unix seconds), each of a message of its own, as lines.

    `settings` replaces fields, and takes away those that are empty text. Raises UsageError where no valid callback
    comes of it.
    """
    for _ in range(count):
        fields = {**_fields(event, now), **settings}
        line = orjson.dumps({name: value for name, value in fields.items() if value != ""})
        errors = [flaw for flaw in validate(line, unended=False).flaws if flaw.code in ERRORS]
        if errors:
            raise UsageError(f"--set: {errors[0].path}: {errors[0].message}", errors[0].hint)
        yield line + b"\n"


def _fields(event: str, now: int) -> dict[str, object]:
    sent = datetime.fromtimestamp(now - _DELAY, UTC) + _CHINA
    return {
        "event": event,
        "email": "recipient@example.com",
        "bulkId": f"qcloudses-30-{_ACCOUNT}-date-{sent:%Y%m%d%H%M%S}-{token_hex(6)}",
        "timestamp": now,
        **_OWN.get(event, {}),
        "username": _ACCOUNT,
        "from": f"noreply@{_DOMAIN}",
        "fromDomain": _DOMAIN,
        "templateId": 100001,
        "subject": "a callback made by ses-events trigger",
        "messageId": f"{uuid.uuid4()}@{_DOMAIN}",
        "eventid": EVENT_IDS[event],
        "sentTimestamp": now - _DELAY,
    }
