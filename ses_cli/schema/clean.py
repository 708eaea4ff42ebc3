"""Passes whole blocks of records that are clean beyond doubt, on what few facts a block shows.

`record.flaws` is the definition; this is its short cut, and the tests hold the two to the same answers. The records of
a block have few distinct tuples of keys; those of one tuple are looked at column by column, each column all at once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import gt, methodcaller
from typing import Any, TypeGuard

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
    Callback,
    is_custom,
)
from ses_cli.schema.record import normalise

_MOST_KEPT = 4096  # tuples of keys: a log of ever new ones must not fill the memory
_TEXT, _INTEGER = {str, type(None)}, {int, type(None)}
_SCALARS = {str, int, bool, type(None)}  # without float, which an integer beyond 64 bits becomes

_Object = dict[str, object]
_Column = tuple[Any, ...]  # the JSON edge: what it holds is what is found out here
_DENSE = {"sentTimestamp", *(name for name, field in FIELDS.items() if field.required)}  # never null in a clean block
_count_at = methodcaller("count", "@")


class Clean:
    """The short cut, with the tuples of keys it has met."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def take(self, block: list[_Object]) -> tuple[list[Callback], Counter[str]] | None:
        """A block's records in today's spelling and its warnings, or None where only a closer look can tell."""
        warnings: Counter[str] = Counter()
        objects = block
        if not self._are_clean(block, warnings):
            return None
        if "legacy-spelling" in warnings:
            for item in objects:
                normalise(item)
        return block, warnings

    def _are_clean(self, block: list[_Object], warnings: Counter[str]) -> TypeGuard[list[Callback]]:
        if set(map(type, block)) != {dict}:
            return False
        groups: defaultdict[tuple[str, ...], list[_Object]] = defaultdict(list)
        for item in block:
            groups[tuple(item)].append(item)
        return all(self._shape(names).is_clean(group, warnings) for names, group in groups.items())

    def _shape(self, names: tuple[str, ...]) -> "_Shape":
        if names not in self._shapes:
            if len(self._shapes) >= _MOST_KEPT:
                self._shapes.clear()
            self._shapes[names] = _Shape(names)
        return self._shapes[names]


class _Shape:
    """What one tuple of keys asks of the columns."""

    def __init__(self, names: tuple[str, ...]) -> None:
        now = [LEGACY_FIELDS.get(name, name) for name in names]
        self._at = {name: at for at, name in enumerate(now)}
        self._is_whole = len(self._at) == len(now) and all(
            name in self._at for name, field in FIELDS.items() if field.required
        )
        self._warnings = {"legacy-spelling": now.count("bulkId") - names.count("bulkId")}
        self._texts = [
            at for at, name in enumerate(now) if (name in FIELDS and FIELDS[name].type is str) or is_custom(name)
        ]
        self._integers = [at for at, name in enumerate(now) if name in FIELDS and FIELDS[name].type is int]
        self._optional = {at for at, name in enumerate(now) if name not in _DENSE}
        self._unknown = [at for at in range(len(now)) if at not in self._texts and at not in self._integers]
        self._warnings["unknown-field"] = len(self._unknown)

    def is_clean(self, group: list[_Object], warnings: Counter[str]) -> bool:
        """Whether no record of the group has an error, nor a warning that is not counted here."""
        if not self._is_whole:
            return False
        columns = list(zip(*[item.values() for item in group], strict=True))
        if not self._have_types(columns):
            return False
        for code, n in self._warnings.items():
            if n:
                warnings[code] += n * len(group)
        return (
            _are_emails(columns[self._at["email"]])
            and self._have_kinds(columns, warnings)
            and self._have_times(columns, warnings)
        )

    def _have_types(self, columns: list[_Column]) -> bool:
        return (
            all(_is_text(columns[at]) or (at in self._optional and _types(columns[at]) <= _TEXT) for at in self._texts)
            and all(_types(columns[at]) <= (_INTEGER if at in self._optional else {int}) for at in self._integers)
            and all(_types(columns[at]) <= _SCALARS for at in self._unknown)
        )

    def _have_kinds(self, columns: list[_Column], warnings: Counter[str]) -> bool:
        nothing: Iterable[None] = repeat(None)
        fields = [
            columns[self._at[name]] if name in self._at else nothing for name in ("event", "bounceType", "eventid")
        ]
        for (event, bounce_type, eventid), n in Counter(zip(*fields, strict=False)).items():
            code = _judge(event, bounce_type, eventid)
            if code is None:
                return False
            if code:
                warnings[code] += n
        return True

    def _have_times(self, columns: list[_Column], warnings: Counter[str]) -> bool:
        times: Sequence[int] = columns[self._at["timestamp"]]
        if "sentTimestamp" in self._at:
            sent: Sequence[int] = columns[self._at["sentTimestamp"]]
            if min(sent) <= 0 or max(sent) > MAX_TIMESTAMP:
                return False
            if late := sum(map(gt, sent, times)):
                warnings["sent-after-event"] += late
        return min(times) > 0 and max(times) <= MAX_TIMESTAMP


def _types(column: _Column) -> set[type]:
    return set(map(type, column))


def _is_text(column: _Column) -> bool:
    try:
        "".join(column)  # the quickest way to ask whether all are strings
    except TypeError:
        return False
    return True


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


def _are_emails(emails: Sequence[str]) -> bool:
    """One @ each with something on both sides, nothing but printable characters: narrower than the definition."""
    text = f" {' '.join(emails)} "
    return (
        set(map(_count_at, emails)) == {1}
        and text.count(" ") == len(emails) + 1
        and text.isprintable()
        and "@ " not in text
        and " @" not in text
        and '"' not in text
        and max(map(len, emails)) <= MAX_EMAIL
    )
