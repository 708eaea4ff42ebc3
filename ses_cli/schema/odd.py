"""Reads valid lines that are not clean one at a time, by a few questions instead of the whole definition.

`line.validate` is the definition; this is its short cut, and the tests hold the two to the same answers. Types are
checked by making the record. Whatever is in doubt is left to the definition.
"""

from functools import lru_cache
from itertools import filterfalse
from typing import Any

import orjson
from msgspec import ValidationError

from ses_cli.batch import BOM
from ses_cli.callback import Callback
from ses_cli.events import ERRORS, FIELDS, LEGACY_FIELDS, MAX_TIMESTAMP, is_custom
from ses_cli.schema.document import count_all, count_keys, duplicate_keys
from ses_cli.schema.record import DEEPEST, callback, depths, flaws, is_email, normalise

_SOUND = {"email": "a@b.c", "bulkId": "q", "timestamp": 1}
_FIELDS = frozenset(FIELDS).__contains__
_TEXT = (str, type(None))
_NESTED = (list, dict)


def read(raw: bytes) -> tuple[Callback, list[str]] | None:
    """The record on a valid line, and the codes of its warnings; None where it takes the definition to tell."""
    text = raw.removeprefix(BOM)
    try:
        value: object = orjson.loads(text)
        if not isinstance(value, dict) or (codes := _warnings(text, value)) is None:
            return None
        if "legacy-spelling" in codes:
            normalise(value)
        record = callback(value)
    except (orjson.JSONDecodeError, ValidationError, TypeError):  # TypeError: of values that are no text
        return None
    sent = record.sent_timestamp or 0
    if not 0 < record.timestamp <= MAX_TIMESTAMP or not 0 <= sent <= MAX_TIMESTAMP:
        return None
    if sent > record.timestamp:
        codes.append("sent-after-event")
    if text is not raw:
        codes.append("byte-order-mark")
    return record, codes


def _warnings(text: bytes, value: dict[str, Any]) -> list[str] | None:
    """The codes of what keys and texts warn of, where the types are right; None for what may be more than that."""
    get = value.get
    email: Any = get("email")
    judged = _judge(get("event"), get("bounceType"), get("eventid"))
    if judged is None or not (is_email(email) or email == ""):
        return None
    codes = judged.copy() if email else [*judged, "blank-email"]
    nested: list[object] = []
    for name in filterfalse(_FIELDS, value):
        item = value[name]
        if name in LEGACY_FIELDS or is_custom(name):
            if type(item) not in _TEXT:
                return None
            if name in LEGACY_FIELDS:
                codes += ["legacy-spelling", "blank-bulk-id"] if item == "" else ["legacy-spelling"]
        else:
            codes.append("unknown-field")
            if type(item) in _NESTED:
                nested.append(item)
    if get("bulkId") == "":
        codes.append("blank-bulk-id")
    within, several = count_all(nested) if nested else (0, 0)
    if several > DEEPEST and depths(value):
        return None
    keys = len(value) + within
    if count_keys(text, keys) != keys:
        codes += ["duplicate-key"] * len(duplicate_keys(text, value))
    return codes


@lru_cache(1 << 10)
def _judge(event: object, bounce_type: object, eventid: object) -> list[str] | None:
    """The codes of the warnings that these values give together; None where one of them is an error."""
    codes = [flaw.code for flaw in flaws({**_SOUND, "event": event, "bounceType": bounce_type, "eventid": eventid})]
    return codes if ERRORS.keys().isdisjoint(codes) else None
