"""The definition of a valid record: an object's fields and values, and every flaw they have."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Any, TypeGuard

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
DEEPEST = 200  # levels of nesting, so that no parser that follows, wherever it is called, runs out of stack
_TYPES = {name: field.type for name, field in FIELDS.items()}
_TYPES |= {old: _TYPES[new] for old, new in LEGACY_FIELDS.items()}
_OLD = {new: old for old, new in LEGACY_FIELDS.items()}
_INTEGERS = tuple(name for name, field in FIELDS.items() if field.type is int and not field.required)
_NESTED = {list, dict}
_PLAIN_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_EMAIL = re.compile(r'(?:"[^\s\x00-\x1f\x7f-\x9f]+"|[^\s@\x00-\x1f\x7f-\x9f]+)@[^\s@\x00-\x1f\x7f-\x9f]+')
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")


def flaws(record: dict[str, object]) -> list[Flaw]:
    """Everything wrong with an object as it was logged, errors and warnings, field by field."""
    found = [] if _is_complete(record) else [*_missing(record)]
    for name, value in record.items():
        if type(value) is not _TYPES.get(name):
            found += _other(name, value)
        elif name in _RULES and (wrong := _RULES[name](record, value)):
            found += wrong
    get = record.get
    if get("event") == "bounce" and get("bounceType") in _ABSENT:
        found.append(Flaw("missing-bounce-type", "$.bounceType", "a bounce without bounceType: neither hard nor soft"))
    if is_time(sent := get("sentTimestamp")) and is_time(at := get("timestamp")) and sent > at:
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
    if "" in map(record.get, _INTEGERS):
        record = record.copy()
        for name in _INTEGERS:
            if record.get(name) == "":
                del record[name]
    return convert(record, Callback)


def depths(record: dict[str, object]) -> list[Flaw]:
    """Undocumented values that nest deeper than any parser that follows could read."""
    if _NESTED.isdisjoint(map(type, record.values())):
        return []
    nested = [(name, value) for name, value in record.items() if type(value) in (list, dict) and name not in FIELDS]
    deep = [name for name, value in nested if _is_deep(value)]
    return [Flaw("not-json", path(name), f"expected at most {DEEPEST} levels, got more") for name in deep]


def _is_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(DEEPEST):
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


_OLD_SPELLING = {
    old: Flaw("legacy-spelling", path(old), f"an old spelling of {new}") for old, new in LEGACY_FIELDS.items()
}


def _is_complete(record: dict[str, object]) -> bool:
    """Whether every required field is there in some spelling."""
    get = record.get
    return (
        get("event") is not None
        and get("email") is not None
        and get("timestamp") is not None
        and (get("bulkId") is not None or get("bulkid") is not None)
    )


def _missing(record: dict[str, object]) -> Iterator[Flaw]:
    hint = provider_hint(record)
    for name, old, at, expected in _REQUIRED:
        if record.get(name) is None and record.get(old) is None:
            got = "null" if name in record else "nothing"
            yield Flaw("missing-field", at, f"expected {expected}, got {got}", hint)


def provider_hint(record: dict[str, object]) -> str | None:
    """Which other provider's payload this is, where its keys tell."""
    if record.keys() & {"sg_message_id", "sg_event_id"}:
        return "a SendGrid event, not a callback of Tencent Cloud SES"
    if record.keys() & {"eventType", "notificationType"} or {"Type", "Message"} <= record.keys():
        return "an Amazon SES notification, not a callback of Tencent Cloud SES"
    return None


def _other(name: str, value: object) -> Iterator[Flaw]:
    """A key that is not documented, or a value of another type than documented."""
    if name in LEGACY_FIELDS:
        yield _OLD_SPELLING[name]
    field = FIELDS.get(LEGACY_FIELDS.get(name, name))
    if field is None and not is_custom(name):
        yield Flaw("unknown-field", path(name), f"a key that no edition of the documentation has: {json_type(value)}")
        return
    wanted = field.type if field else str
    if value is None or type(value) is wanted or (value == "" and not (field and field.required)):
        return
    yield Flaw("wrong-type", path(name), f"expected {_expected(wanted)}, got {kind(value)}")


def _event(_: object, value: str) -> Iterable[Flaw]:
    if value not in EVENT_IDS:
        return (Flaw("unknown-event", "$.event", f"expected an event type, got {kind(value)}", _closest(value[:40])),)
    if value in LEGACY_EVENTS:
        return (Flaw("legacy-spelling", "$.event", f"{value} is an event type of the 2021 documentation only"),)
    return ()


@lru_cache(1 << 10)
def _closest(value: str) -> str:
    from difflib import get_close_matches  # start-up

    close = get_close_matches(value.lower(), EVENTS, n=1)
    return f'did you mean "{close[0]}"?' if close else f"one of {', '.join(EVENTS)}"


def _bulk_id(_: object, value: str) -> Iterable[Flaw]:
    return () if value else (_blank_bulk_id("bulkId"),)


def _old_bulk_id(_: object, value: str) -> Iterable[Flaw]:
    return (_OLD_SPELLING["bulkid"],) if value else (_OLD_SPELLING["bulkid"], _blank_bulk_id("bulkid"))


def _blank_bulk_id(name: str) -> Flaw:
    return Flaw("blank-bulk-id", path(name), "an empty bulkId")


def _timestamp(_: object, value: int) -> Iterable[Flaw]:
    return () if 0 < value <= MAX_TIMESTAMP else (_bad_time("timestamp", value),)


def _sent_timestamp(_: object, value: int) -> Iterable[Flaw]:
    return () if 0 <= value <= MAX_TIMESTAMP else (_bad_time("sentTimestamp", value),)  # 0: not known


def _bad_time(name: str, value: int) -> Flaw:
    hint = "milliseconds? Divide by 1000" if is_time(value // 1000) and value > MAX_TIMESTAMP else None
    return Flaw("bad-timestamp", path(name), f"expected Unix seconds up to the year 9999, got {value}", hint)


def _bounce_type(record: dict[str, object], value: str) -> Iterable[Flaw]:
    if value in ("", HARD, SOFT) or record.get("event") != "bounce":
        return ()
    if value in LEGACY_BOUNCE_TYPES:
        return (Flaw("legacy-spelling", "$.bounceType", f"an old spelling of {LEGACY_BOUNCE_TYPES[value]}"),)
    return (Flaw("bad-bounce-type", "$.bounceType", f"expected {HARD} or {SOFT}, got {kind(value)}"),)


def _event_id(record: dict[str, object], value: int) -> Iterable[Flaw]:
    event = record.get("event")
    if not isinstance(event, str) or event not in EVENT_IDS or EVENT_IDS[event] == value:
        return ()
    expected = EVENT_IDS[event] or "none"
    return (Flaw("eventid-mismatch", "$.eventid", f"expected {expected} for {event}, got {value}"),)


def _email(_: object, value: str) -> Iterable[Flaw]:
    """Says what is wrong without the address, which is personal data."""
    if is_email(value):
        return ()
    if not value:
        return (Flaw("blank-email", "$.email", "an empty address, as in the documentation's 2021 sample"),)
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
    return (Flaw("bad-email", "$.email", f"expected local@domain, got {got}"),)


def _expected(wanted: type[str] | type[int]) -> str:
    return "an integer" if wanted is int else "a string"


_REQUIRED = [
    (name, _OLD.get(name, name), path(name), _expected(field.type)) for name, field in FIELDS.items() if field.required
]


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


# what a value of the right type has to be besides, by the key of the field
_RULES: dict[str, Callable[[dict[str, object], Any], Iterable[Flaw]]] = {
    "event": _event,
    "email": _email,
    "bulkId": _bulk_id,
    "bulkid": _old_bulk_id,
    "timestamp": _timestamp,
    "sentTimestamp": _sent_timestamp,
    "bounceType": _bounce_type,
    "eventid": _event_id,
}
