"""The definition of a valid record: an object's fields and values, and every flaw they have."""

import json
import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain
from typing import TypeGuard

from msgspec import convert

from ses_cli.callback import Callback
from ses_cli.events import (
    EVENT_IDS,
    EVENTS,
    FIELDS,
    HARD,
    LEGACY_BOUNCE_TYPES,
    LEGACY_EVENTS,
    LEGACY_FIELDS,
    MAX_EMAIL,
    MAX_TIMESTAMP,
    SOFT,
    is_custom,
)
from ses_cli.schema.document import Flaw, is_object, kind

_ABSENT = (None, "")
_DEEPEST = 200  # levels of nesting, so that no parser that follows, wherever it is called, runs out of stack
_PLAIN_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_EMAIL = re.compile(r'(?:"[^\s\x00-\x1f\x7f-\x9f]+"|[^\s@\x00-\x1f\x7f-\x9f]+)@[^\s@\x00-\x1f\x7f-\x9f]+')
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")


def flaws(record: dict[str, object]) -> list[Flaw]:
    """Everything wrong with an object as it was logged, errors and warnings, field by field."""
    found = [*_missing(record)]
    for name, value in record.items():
        found += _field(record, name, value)
    event, bounce_type, sent, at = (record.get(k) for k in ("event", "bounceType", "sentTimestamp", "timestamp"))
    if event == "bounce" and bounce_type in _ABSENT:
        found.append(Flaw("missing-bounce-type", "$.bounceType", "a bounce without bounceType: neither hard nor soft"))
    if is_time(sent) and is_time(at) and sent > at:
        found.append(Flaw("sent-after-event", "$.sentTimestamp", f"sent {sent - at} s after the event"))
    return found


def normalise(record: dict[str, object]) -> None:
    """Bring legacy spellings to today's, in place."""
    for old, new in LEGACY_FIELDS.items():
        if old in record and record.get(new) is None:
            record[new] = record[old]
    bounce_type = record.get("bounceType")
    if record.get("event") == "bounce" and isinstance(bounce_type, str):
        record["bounceType"] = LEGACY_BOUNCE_TYPES.get(bounce_type, bounce_type)


def callback(record: dict[str, object]) -> Callback:
    """The record that an object without errors is, once its spellings are today's."""
    known = {name: value for name, value in record.items() if name in FIELDS}
    return convert({name: value for name, value in known.items() if value != "" or FIELDS[name].type is str}, Callback)


def depths(record: dict[str, object]) -> list[Flaw]:
    """Undocumented values that nest deeper than any parser that follows could read."""
    deep = [name for name, value in record.items() if name not in FIELDS and _is_deep(value)]
    return [Flaw("not-json", path(name), f"expected at most {_DEEPEST} levels, got more") for name in deep]


def _is_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(_DEEPEST + 1):
        arrays = [item for item in level if isinstance(item, list)]
        level = [*chain(*arrays), *chain(*(item.values() for item in level if is_object(item)))]
        if not level:
            return False
    return True


def is_time(value: object) -> TypeGuard[int]:
    """Whether a value can be Unix seconds, up to the year 9999."""
    return type(value) is int and 0 < value <= MAX_TIMESTAMP


def is_email(text: str) -> bool:
    """Whether text is `local@domain`, in any script."""
    return len(text) <= MAX_EMAIL and _EMAIL.fullmatch(text) is not None


def path(name: str) -> str:
    """The JSON path of a top-level key; one with an @ may be an address and is not shown."""
    if "@" in name:
        return '$["(a key with an @)"]'
    return f"$.{name}" if _PLAIN_KEY.fullmatch(name) else f"$[{json.dumps(name[:100])}]"


def _missing(record: dict[str, object]) -> Iterator[Flaw]:
    for name, field in FIELDS.items():
        legacy = next((old for old, new in LEGACY_FIELDS.items() if new == name), name)
        if field.required and record.get(name) is None and record.get(legacy) is None:
            got = "null" if name in record else "nothing"
            yield Flaw(
                "missing-field",
                path(name),
                f"expected {_expected(field.type)}, got {got}",
                provider_hint(record),
            )


def provider_hint(record: dict[str, object]) -> str | None:
    """Which other provider's payload this is, where its keys tell."""
    if record.keys() & {"sg_message_id", "sg_event_id"}:
        return "a SendGrid event, not a callback of Tencent Cloud SES"
    if record.keys() & {"eventType", "notificationType"} or {"Type", "Message"} <= record.keys():
        return "an Amazon SES notification, not a callback of Tencent Cloud SES"
    return None


def _field(record: dict[str, object], name: str, value: object) -> Iterator[Flaw]:
    if name in LEGACY_FIELDS:
        yield Flaw("legacy-spelling", path(name), f"an old spelling of {LEGACY_FIELDS[name]}")
    field = FIELDS.get(LEGACY_FIELDS.get(name, name))
    if field is None and not is_custom(name):
        yield Flaw("unknown-field", path(name), f"a key that no edition of the documentation has: {json_type(value)}")
        return
    wanted = field.type if field else str
    if value is None or (value == "" and not (field and field.required)):
        return
    if type(value) is not wanted:
        yield Flaw("wrong-type", path(name), f"expected {_expected(wanted)}, got {kind(value)}")
    else:
        yield from _value(record, name, value)


def _value(record: dict[str, object], name: str, value: object) -> Iterator[Flaw]:
    match name, value:
        case "event", str():
            yield from _event(value)
        case "email", str() if not is_email(value):
            yield _email(value)
        case "timestamp" | "sentTimestamp", int() if not is_time(value):
            milliseconds = is_time(value // 1000) and value > MAX_TIMESTAMP
            hint = "milliseconds? Divide by 1000" if milliseconds else None
            yield Flaw("bad-timestamp", path(name), f"expected Unix seconds up to the year 9999, got {value}", hint)
        case "bounceType", str() if record.get("event") == "bounce":
            yield from _bounce_type(value)
        case "eventid", int():
            event = record.get("event")
            if isinstance(event, str) and event in EVENT_IDS and EVENT_IDS[event] != value:
                expected = EVENT_IDS[event] or "none"
                yield Flaw("eventid-mismatch", "$.eventid", f"expected {expected} for {event}, got {value}")


def _event(value: str) -> Iterator[Flaw]:
    if value not in EVENT_IDS:
        close = get_close_matches(value[:40].lower(), EVENTS, n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"one of {', '.join(EVENTS)}"
        yield Flaw("unknown-event", "$.event", f"expected an event type, got {kind(value)}", hint)
    elif value in LEGACY_EVENTS:
        yield Flaw("legacy-spelling", "$.event", f"{value} is an event type of the 2021 documentation only")


def _bounce_type(value: str) -> Iterator[Flaw]:
    if value in LEGACY_BOUNCE_TYPES:
        message = f"an old spelling of {LEGACY_BOUNCE_TYPES[value]}"
        yield Flaw("legacy-spelling", "$.bounceType", message)
    elif value not in (HARD, SOFT):
        yield Flaw("bad-bounce-type", "$.bounceType", f"expected {HARD} or {SOFT}, got {kind(value)}")


def _email(value: str) -> Flaw:
    """Says what is wrong without the address, which is personal data."""
    if not value:
        return Flaw("blank-email", "$.email", "an empty address, as in the documentation's 2021 sample")
    local, at, domain = value.rpartition("@")
    if len(value) > MAX_EMAIL:
        got = f"{len(value)} characters (at most {MAX_EMAIL})"
    elif _UNSEEN.search(value):
        got = "white space or a control character in it"
    elif not at:
        got = 'no "@"'
    elif not local or not domain:
        got = f'nothing {"after" if local else "before"} the "@"'
    else:
        got = 'more than one "@"'
    return Flaw("bad-email", "$.email", f"expected local@domain, got {got}")


def _expected(wanted: type[str] | type[int]) -> str:
    return "an integer" if wanted is int else "a string"


def json_type(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
