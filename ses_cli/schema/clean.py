"""Decodes whole blocks of lines that are clean beyond doubt: the parser checks the types as it reads.

`record.flaws` is the definition; this is its short cut, and the tests hold the two to the same answers. What one field
alone cannot show is asked of all records of a block at once.
"""

import re
from collections import Counter
from typing import NamedTuple

from msgspec import MsgspecError

from ses_cli.callback import Callback
from ses_cli.events import (
    EVENT_IDS,
    FIELDS,
    HARD,
    LEGACY_BOUNCE_TYPES,
    LEGACY_EVENTS,
    LEGACY_FIELDS,
    SOFT,
)
from ses_cli.identity import domain, domain_name
from ses_cli.schema.decoder import RecordDecoder
from ses_cli.schema.document import has_duplicate_key
from ses_cli.schema.record import is_email

_LEARNABLE = re.compile(r"[\w.:-]+")
_LONGEST_PAUSE = 64  # blocks
_MOST_LEARNT = 64  # keys: a log of ever new ones must not fill the memory
_ELEMENT = re.compile(r"`\$\[(\d+)\]")
_BYTE = re.compile(r"\(byte (\d+)\)")
_PLAIN = bytes(byte for byte in range(0x21, 256) if byte not in b'@"\x7f')  # what of an address needs no closer look


class CleanBlock(NamedTuple):
    """The records of lines, one each, in today's spelling, and their warnings. Columns have a value for each record."""

    records: list[Callback]
    warnings: Counter[str]
    events: list[str]
    bounce_types: list[str | None] | None  # None where one is to be brought to today's spelling, or of no bounce
    hosts: list[str]  # what follows the @
    times: list[int]


class Clean:
    """The short cut, and the undocumented keys it has met. Without `takes_warnings` a warning needs a closer look."""

    def __init__(self, takes_warnings: bool = True) -> None:
        self._takes_warnings = takes_warnings
        self._learnt: dict[str, str] = {}  # key -> attribute
        self._known = {*FIELDS, *LEGACY_FIELDS}  # and the keys of those
        self._is_legacy = False  # bulkId is spelt the old way
        self._has_nulls = False
        self._decoders: dict[tuple[bool, bool], RecordDecoder] = {}  # by these two
        self._pause = self._left = 0  # blocks that are not read back after the last that could not be; what is left

    def learn(self, record: dict[str, object]) -> None:
        """Takes keys of a valid record for known from now on, the undocumented ones and `bulkid` with their warning."""
        keys = record.keys()
        self._has_nulls = self._has_nulls or None in record.values()
        self._is_legacy = not LEGACY_FIELDS.keys().isdisjoint(keys)
        if keys <= self._known or len(self._learnt) == _MOST_LEARNT:
            return
        new = [key for key in keys if key not in self._known and _LEARNABLE.fullmatch(key)]
        if new and len(self._learnt) + len(new) <= _MOST_LEARNT:
            self._learnt |= {key: f"learnt_{at}" for at, key in enumerate(new, len(self._learnt))}
            self._known.update(new)
            self._decoders.clear()

    def decode(self, text: bytes) -> CleanBlock | int:
        """The records of lines; where one needs a closer look, the place of the first such, or 0 where it is not known.

        The lines are read as one array with a 0 for each line end. A line end inside an object makes that invalid, so
        with 2n elements and a last 0, records and numbers in turn, each of n lines held exactly one:

            {"event":"open",...}          [{"event":"open",...},
            {"event":"click",...}    ->   0,{"event":"click",...},
                                          0,0]
        """
        text = text if text.endswith(b"\n") else text + b"\n"
        mode = self._is_legacy, self._has_nulls
        if mode not in self._decoders:
            self._decoders[mode] = RecordDecoder(self._learnt, *mode)
        decoder = self._decoders[mode]
        if (records := self._read_back(text, decoder)) is not None:
            return self._validated(None, records, decoder)
        array = text.replace(b"\n", b",\n0,")
        lines = (len(array) - len(text)) // 3
        try:
            elements = decoder.decode(b"".join((b"[", array, b"0]")))
        except (MsgspecError, UnicodeDecodeError) as error:
            return min(_place(str(error), array), lines - 1)
        if len(elements) != 2 * lines + 1:
            return 0
        if int in map(type, elements[:-1:2]):
            return next(at for at, record in enumerate(elements[::2]) if isinstance(record, int))
        return self._validated(text, elements[:-1:2], decoder)

    def _read_back(self, text: bytes, decoder: RecordDecoder) -> list[Callback] | None:
        """See `RecordDecoder.read_back`. Where that is of no use it is tried ever more rarely."""
        if self._left:
            self._left -= 1
            return None
        records = decoder.read_back(text)
        self._left = self._pause = min(2 * self._pause + 1, _LONGEST_PAUSE) if records is None else 0
        return records

    def _validated(self, text: bytes | None, records: list[Callback], decoder: RecordDecoder) -> CleanBlock | int:
        """The same, of lines that each hold a record of known keys and types. No text: no key comes twice."""
        hosts = _hosts([record.email for record in records])
        if hosts is None:
            return next((at for at, record in enumerate(records) if _hosts([record.email]) is None), 0)
        events = [record.event for record in records]
        bounce_types = [record.bounce_type or None for record in records]
        eventids = [record.eventid for record in records]
        times = [record.timestamp for record in records]
        keys = decoder.count_unknown(records)
        if text is not None and decoder.is_doubled(text, len(records), keys):
            lines = text.split(b"\n")[:-1]
            return next((at for at, line in enumerate(lines) if has_duplicate_key(line)), 0)
        warnings = Counter[str]()
        if keys:
            warnings["unknown-field"] = keys
        if late := [record for record in records if record.sent_timestamp and record.sent_timestamp > record.timestamp]:
            warnings["sent-after-event"] = len(late)
        is_plain = _PLAIN_KINDS.issuperset(zip(events, bounce_types, eventids, strict=True))
        if not is_plain:
            kinds = list(zip(events, bounce_types, eventids, strict=True))
            codes = {kind: _judge(*kind) for kind in set(kinds)}
            if None in codes.values():
                return next(at for at, kind in enumerate(kinds) if codes[kind] is None)
            warnings.update(filter(None, map(codes.get, kinds)))
            is_plain = all(event == "bounce" or not bounce_type for event, bounce_type, _ in codes)
        if self._is_legacy:
            warnings["legacy-spelling"] += len(records)
        if warnings and not self._takes_warnings:
            return 0 if self._is_legacy else self._first_warned(records, decoder)
        if "legacy-spelling" in warnings:
            is_plain = False
            for record in records:
                if record.event == "bounce" and record.bounce_type:
                    record.bounce_type = LEGACY_BOUNCE_TYPES.get(record.bounce_type, record.bounce_type)
        return CleanBlock(records, warnings, events, bounce_types if is_plain else None, hosts, times)

    def _first_warned(self, records: list[Callback], decoder: RecordDecoder) -> int:
        """The place of the first record with a warning, other than an old spelling of bulkId."""
        return next(
            at
            for at, record in enumerate(records)
            if _judge(record.event, record.bounce_type, record.eventid)
            or (record.sent_timestamp or 0) > record.timestamp
            or decoder.count_unknown([record])
        )


def _place(said: str, array: bytes) -> int:
    """The line that an error of the decoder is about, 0 where it does not say."""
    if found := _ELEMENT.search(said):
        return int(found[1]) // 2
    if found := _BYTE.search(said):
        return array.count(b"\n", 0, int(found[1]))
    return 0


def _judge(event: str, bounce_type: str | None, eventid: int | None) -> str | None:
    """The code of the one warning these values give together, "" for none; None where they need a closer look."""
    if eventid is not None and eventid != EVENT_IDS[event]:
        return None
    if event != "bounce":
        return "legacy-spelling" if event in LEGACY_EVENTS else ""
    if not bounce_type:
        return "missing-bounce-type"
    if bounce_type in LEGACY_BOUNCE_TYPES:
        return "legacy-spelling"
    return "" if bounce_type in (HARD, SOFT) else None


_PLAIN_KINDS = {
    (event, bounce_type, eventid)
    for event, number in EVENT_IDS.items()
    for bounce_type in ((HARD, SOFT) if event == "bounce" else (None,))
    for eventid in (None, number)
    if not _judge(event, bounce_type, eventid)
}


def _hosts(emails: list[str]) -> list[str] | None:
    """The domains of addresses that are valid beyond doubt: narrower than the definition. None where one is not.

    With a line end (here |) between them, they have these in a certain order and nothing else that is rare:

        a@b.c  d@e.f    ->    a@b.c|d@e.f    ->    @|@
    """
    text = "\n".join(emails)
    if not text.isascii():  # one such address would make all of the text wide
        text = "\n".join([email if email.isascii() else _in_ascii(email) for email in emails])
    if text.encode(errors="replace").translate(None, _PLAIN) != b"@" + b"\n@" * (len(emails) - 1):
        return None
    parts = text.replace("\n", "@").split("@")
    return parts[1::2] if all(parts) else None  # nothing on one side


def _in_ascii(email: str) -> str:
    """An address at the same domain, spelt as that is compared; "" where it takes a closer look."""
    name = domain(email)
    return f"_@{name}" if is_email(email) and domain_name(name) == name else ""
