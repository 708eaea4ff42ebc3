"""Decodes whole blocks of lines that are clean beyond doubt: the parser checks the types as it reads.

`record.flaws` is the definition; this is its short cut, and the tests hold the two to the same answers. What one field
alone cannot show is asked of all records of a block at once.
"""

import re
from collections import Counter
from collections.abc import Collection
from operator import attrgetter
from types import GenericAlias
from typing import Annotated, Any, TypeGuard

from msgspec import UNSET, Meta, MsgspecError, UnsetType, defstruct
from msgspec.json import Decoder

from ses_cli.callback import KEYS, Callback
from ses_cli.events import (
    EVENT_IDS,
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

_LEARNABLE = re.compile(r"[\w.:-]+")
_MOST_LEARNT = 64  # keys: a log of ever new ones must not fill the memory
_Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_Time = Annotated[int, Meta(ge=1, le=MAX_TIMESTAMP)]
_Email = Annotated[str, Meta(max_length=MAX_EMAIL)]
_PLAIN = bytes(byte for byte in range(0x21, 256) if byte not in b'@"\x7f')  # what of an address needs no closer look


class Clean:
    """The short cut, and the undocumented keys it has met. Without `takes_warnings` a warning needs a closer look."""

    def __init__(self, takes_warnings: bool = True) -> None:
        self._takes_warnings = takes_warnings
        self._learnt: dict[str, str] = {}  # key -> attribute
        self._is_legacy = False  # bulkId is spelt the old way
        self._decoders: dict[bool, Decoder[list[Callback | int]]] = {}  # by that spelling

    def learn(self, keys: Collection[str]) -> None:
        """Takes keys of a valid record for known from now on, the undocumented ones and `bulkid` with their warning."""
        known = (FIELDS, LEGACY_FIELDS, self._learnt)
        new = [key for key in keys if not any(key in names for names in known) and _LEARNABLE.fullmatch(key)]
        self._is_legacy = any(key in LEGACY_FIELDS for key in keys)
        if new and len(self._learnt) + len(new) <= _MOST_LEARNT:
            self._learnt |= {key: f"learnt_{at}" for at, key in enumerate(new, len(self._learnt))}
            self._decoders.clear()

    def take(self, text: bytes) -> tuple[list[Callback], Counter[str]] | None:
        """The records of lines, one each, in today's spelling, and their warnings; None where a closer look is needed.

        The lines are read as one array with a 0 for each line end. A line end inside an object makes that invalid, so
        with 2n - 1 elements, records and numbers in turn, each of n lines held exactly one.
        """
        array = text.replace(b"\n", b",\n0,")
        lines = (len(array) - len(text)) // 3 + 1
        if self._is_legacy not in self._decoders:
            self._decoders[self._is_legacy] = _decoder(self._learnt, self._is_legacy)
        try:
            elements = self._decoders[self._is_legacy].decode(b"[" + array + b"]")
        except (MsgspecError, UnicodeDecodeError):
            return None
        records = elements[::2]
        if len(elements) != 2 * lines - 1 or not _are_records(records):
            return None
        if not _are_emails([record.email for record in records]):
            return None
        warnings = self._warnings(records)
        if warnings is None or (warnings and not self._takes_warnings):
            return None
        return records, warnings

    def _warnings(self, records: list[Callback]) -> Counter[str] | None:
        """The warnings of records, of which spellings are brought to today's; None where there may be an error."""
        warnings: Counter[str] = Counter()
        kinds = [(record.event, record.bounce_type, record.eventid) for record in records]
        for kind in set(kinds):
            code = _judge(*kind)
            if code is None:
                return None
            if code:
                warnings[code] += kinds.count(kind)
        if self._is_legacy:
            warnings["legacy-spelling"] += len(records)
        if "legacy-spelling" in warnings:
            for record in records:
                if record.event == "bounce" and record.bounce_type:
                    record.bounce_type = LEGACY_BOUNCE_TYPES.get(record.bounce_type, record.bounce_type)
        if late := sum([(record.sent_timestamp or 0) > record.timestamp for record in records]):
            warnings["sent-after-event"] += late
        for key, attribute in self._learnt.items():
            if not is_custom(key) and (n := sum([value is not UNSET for value in map(attrgetter(attribute), records)])):
                warnings["unknown-field"] += n
        return warnings


def _decoder(learnt: dict[str, str], is_legacy: bool) -> Decoder[list[Callback | int]]:
    """Of records with the documented fields and what was learnt, and nothing else."""
    keys = {key: attribute for attribute, key in KEYS.items()}
    names = {key: keys.get(key, key) for key in FIELDS} | learnt
    required = [(names[key], _type(key)) for key, field in FIELDS.items() if field.required]
    optional = [(names[key], _type(key) | None, None) for key, field in FIELDS.items() if not field.required]
    custom = [(learnt[key], str | None, None) for key in learnt if is_custom(key)]
    # without floats, which an integer beyond 64 bits would become
    unknown = [(learnt[key], str | _Integer | bool | None | UnsetType, UNSET) for key in learnt if not is_custom(key)]
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [*required, *optional, *custom, *unknown]
    old = {new: old for old, new in LEGACY_FIELDS.items()} if is_legacy else {}
    rename = {attribute: old.get(key, key) for key, attribute in names.items()}
    known = defstruct(
        "Known", fields, bases=(Callback,), rename=rename, kw_only=True, forbid_unknown_fields=True, gc=False
    )
    return Decoder(GenericAlias(list, known | int))


def _type(key: str) -> Any:
    if key == "email":
        return _Email
    if key in ("timestamp", "sentTimestamp"):
        return _Time
    return _Integer if FIELDS[key].type is int else str


def _are_records(elements: list[Callback | int]) -> TypeGuard[list[Callback]]:
    return int not in set(map(type, elements))


def _judge(event: str, bounce_type: str | None, eventid: int | None) -> str | None:
    """The code of the one warning these values give together, "" for none; None where they need a closer look."""
    if event not in EVENT_IDS or (eventid is not None and eventid != EVENT_IDS[event]):
        return None
    if event != "bounce":
        return "legacy-spelling" if event in LEGACY_EVENTS else ""
    if not bounce_type:
        return "missing-bounce-type"
    if bounce_type in LEGACY_BOUNCE_TYPES:
        return "legacy-spelling"
    return "" if bounce_type in (HARD, SOFT) else None


def _are_emails(emails: list[str]) -> bool:
    """One @ each with something on both sides, nothing but printable characters: narrower than the definition."""
    text = f" {' '.join(emails)} "
    return (
        text.encode(errors="replace").translate(None, _PLAIN) == b" " + b"@ " * len(emails)
        and "@ " not in text
        and " @" not in text
        and (text.isascii() or text.isprintable())
    )
