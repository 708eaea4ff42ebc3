"""Passes whole blocks of records that are clean beyond doubt, on what few facts a block shows.

`record.flaws` is the definition; this is its short cut, and the tests hold the two to the same answers. The records of
a block have few distinct tuples of keys: what types the values of one have is found out for all of them at once, and so
are the addresses and the times of the block.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from operator import itemgetter
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
_SCALARS = {str, int, bool, type(None)}  # without float, which an integer beyond 64 bits becomes
_DENSE = {"sentTimestamp", *(name for name, field in FIELDS.items() if field.required)}  # null needs a closer look

_Object = dict[str, object]
_NEITHER = bytes(byte for byte in range(256) if byte not in b"@ ")


class Clean:
    """The short cut, with the tuples of keys it has met. Without `takes_warnings` a warning asks for a closer look."""

    def __init__(self, takes_warnings: bool = True) -> None:
        self._takes_warnings = takes_warnings
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def take(self, block: list[_Object]) -> tuple[list[Callback], Counter[str]] | None:
        """A block's records in today's spelling and its warnings, or None where only a closer look can tell."""
        warnings: Counter[str] = Counter()
        objects = block
        if not self._have_types(block, warnings):
            return None
        if not _are_emails([record["email"] for record in block]) or not _are_times(block, warnings):
            return None
        if warnings and not self._takes_warnings:
            return None
        if "legacy-spelling" in warnings:
            for item in objects:
                normalise(item)
        return block, warnings

    def _have_types(self, block: list[_Object], warnings: Counter[str]) -> TypeGuard[list[Callback]]:
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
    """What one tuple of keys asks of the values."""

    def __init__(self, names: tuple[str, ...]) -> None:
        today = {name: LEGACY_FIELDS.get(name, name) for name in names}
        required = {name for name, field in FIELDS.items() if field.required}
        self._is_whole = len(set(today.values())) == len(names) and required <= set(today.values())
        known: dict[str, type] = {name: FIELDS[now].type for name, now in today.items() if now in FIELDS}
        known |= dict.fromkeys(filter(is_custom, names), str)
        self._texts = [name for name, type_ in known.items() if type_ is str]
        self._integers = [name for name, type_ in known.items() if type_ is int]
        self._unknown = [name for name in names if name not in known]
        self._dense = {name for name, now in today.items() if now in _DENSE}
        self._all_texts, self._all_integers = _values(self._texts), _values(self._integers)
        self._kind = [name for name in names if name in ("event", "bounceType", "eventid")]
        self._kinds = _values(self._kind)
        legacy = sum(name in LEGACY_FIELDS for name in names)
        self._warnings = {"unknown-field": len(self._unknown), "legacy-spelling": legacy}

    def is_clean(self, group: list[_Object], warnings: Counter[str]) -> bool:
        """Whether every value has a type that is clean, and event, bounce type and eventid go together."""
        if not self._is_whole or not self._have_types(group):
            return False
        for warning, n in self._warnings.items():
            if n:
                warnings[warning] += n * len(group)
        for kind in set(map(self._kinds, group)):
            code = _judge(**dict(zip(self._kind, kind, strict=True)))
            if code is None:
                return False
            if code:
                warnings[code] += list(map(self._kinds, group)).count(kind)
        return True

    def _have_types(self, group: list[_Object]) -> bool:
        return (
            (_are_texts(map(self._all_texts, group)) or self._are_sparse(self._texts, str, group))
            and (_types(map(self._all_integers, group)) <= {int} or self._are_sparse(self._integers, int, group))
            and (not self._unknown or _types(map(_values(self._unknown), group)) <= _SCALARS)
        )

    def _are_sparse(self, names: list[str], type_: type, group: list[_Object]) -> bool:
        """Whether all values are of the type, or null where that needs no closer look."""
        dense = [name for name in names if name in self._dense]
        return _types(map(_values(dense), group)) <= {type_} and (
            _types(map(_values(names), group)) <= {type_, type(None)}
        )


def _values(names: list[str]) -> Callable[[_Object], tuple[Any, ...]]:
    """What gets the values of these keys as a tuple."""
    match names:
        case []:
            return lambda _: ()
        case [name]:
            return lambda item: (item[name],)
        case _:
            return itemgetter(*names)


def _are_texts(rows: Iterable[tuple[Any, ...]]) -> bool:
    try:
        "".join(chain.from_iterable(rows))  # the quickest way to ask whether all are strings
    except TypeError:
        return False
    return True


def _types(rows: Iterable[tuple[Any, ...]]) -> set[type]:
    return set(map(type, chain.from_iterable(rows)))


def _judge(event: str, bounceType: str | None = None, eventid: int | None = None) -> str | None:  # noqa: N803
    """The code of the one warning these values give together, "" for none; None where they need a closer look."""
    if event not in EVENT_IDS or (eventid is not None and eventid != EVENT_IDS[event]):
        return None
    if event != "bounce":
        return "legacy-spelling" if event in LEGACY_EVENTS else ""
    if not bounceType:
        return "missing-bounce-type"
    if bounceType in LEGACY_BOUNCE_TYPES:
        return "legacy-spelling"
    return "" if bounceType in (HARD, SOFT) else None


def _are_emails(emails: list[str]) -> bool:
    """One @ each with something on both sides, nothing but printable characters: narrower than the definition."""
    text = f" {' '.join(emails)} "
    return (
        text.encode(errors="replace").translate(None, _NEITHER) == b" " + b"@ " * len(emails)
        and "@ " not in text
        and " @" not in text
        and '"' not in text
        and text.isprintable()
        and max(map(len, emails)) <= MAX_EMAIL
    )


def _are_times(block: list[Callback], warnings: Counter[str]) -> bool:
    times = [record["timestamp"] for record in block]
    both = [(record["sentTimestamp"] or 0, record["timestamp"]) for record in block if "sentTimestamp" in record]
    sent = [time for time, _ in both]
    if min(times) <= 0 or max(times) > MAX_TIMESTAMP or (sent and (min(sent) <= 0 or max(sent) > MAX_TIMESTAMP)):
        return False
    if late := sum([before > at for before, at in both]):
        warnings["sent-after-event"] += late
    return True
