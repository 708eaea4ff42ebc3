"""Passes whole blocks of records that are clean beyond doubt, on what few facts a block shows.

`record.flaws` is the definition; this is its short cut, and the tests hold the two to the same answers. A block's
distinct shapes (keys and types) and distinct combinations of event, bounce type and eventid are few and their
verdicts kept; addresses and times are looked at all at once.
"""

from collections import Counter
from collections.abc import Callable, Hashable
from operator import gt, methodcaller
from typing import TypeGuard, TypeVar

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

_MOST_KEPT = 4096  # verdicts: a log of ever new keys must not fill the memory

_Shape = tuple[tuple[str, ...], tuple[type, ...]]
_Kind = tuple[str, str | None, int | None]  # event, bounceType, eventid
_Warnings = tuple[str, ...]

_Key = TypeVar("_Key", bound=Hashable)

_REQUIRED = frozenset(name for name, field in FIELDS.items() if field.required)
_NEVER_NULL = _REQUIRED | set(LEGACY_FIELDS)
_count_at = methodcaller("count", "@")


class Clean:
    """The short cut, with the verdicts it has learnt. Without `takes_warnings` a warning asks for a closer look."""

    def __init__(self, takes_warnings: bool = True) -> None:
        self._takes_warnings = takes_warnings
        self._shapes: dict[_Shape, _Warnings | None] = {}
        self._kinds: dict[_Kind, _Warnings | None] = {}

    def take(self, block: list[dict[str, object]]) -> tuple[list[Callback], Counter[str]] | None:
        """A block's records in today's spelling and its warnings, or None where only a closer look can tell."""
        found: Counter[str] = Counter()
        objects = block
        if not self._have_shapes(block, found):
            return None
        if not self._have_kinds(block, found):
            return None
        if not _are_emails([record["email"] for record in block]) or not _are_times(block, found):
            return None
        if found and not self._takes_warnings:
            return None
        if "legacy-spelling" in found:
            for item in objects:
                normalise(item)
        return block, found

    def _have_shapes(self, block: list[dict[str, object]], found: Counter[str]) -> TypeGuard[list[Callback]]:
        if set(map(type, block)) != {dict}:
            return False
        shapes = Counter([(tuple(record), tuple(map(type, record.values()))) for record in block])
        return all(_note(self._shapes, _judge_shape, shape, n, found) for shape, n in shapes.items())

    def _have_kinds(self, block: list[Callback], found: Counter[str]) -> bool:
        kinds = Counter([(record["event"], record.get("bounceType"), record.get("eventid")) for record in block])
        return all(_note(self._kinds, _judge_kind, kind, n, found) for kind, n in kinds.items())


def _note(
    known: dict[_Key, _Warnings | None],
    judge: Callable[[_Key], _Warnings | None],
    key: _Key,
    n: int,
    found: Counter[str],
) -> bool:
    """Adds the warnings that `n` records with this key have; False where the key alone does not tell."""
    if key not in known:
        if len(known) >= _MOST_KEPT:
            known.clear()
        known[key] = judge(key)
    warnings = known[key]
    for code in warnings or ():
        found[code] += n
    return warnings is not None


def _judge_shape(shape: _Shape) -> _Warnings | None:
    names, types = shape
    if not names or not {LEGACY_FIELDS.get(name, name) for name in names} >= _REQUIRED:
        return None
    warnings: list[str] = []
    for name, type_ in zip(names, types, strict=True):
        field = FIELDS.get(LEGACY_FIELDS.get(name, name))
        wanted = field.type if field else str
        if name in LEGACY_FIELDS:
            if LEGACY_FIELDS[name] in names:
                return None
            warnings.append("legacy-spelling")
        if field is None and not is_custom(name):
            if type_ not in (str, int, bool, type(None)):
                return None
            warnings.append("unknown-field")
        elif type_ is not wanted and (type_ is not type(None) or name in _NEVER_NULL):
            return None
    return tuple(warnings)


def _judge_kind(kind: _Kind) -> _Warnings | None:
    event, bounce_type, eventid = kind
    if event not in EVENT_IDS or (eventid is not None and eventid != EVENT_IDS[event]):
        return None
    legacy = ["legacy-spelling"] if event in LEGACY_EVENTS else []
    if event != "bounce" or bounce_type in (HARD, SOFT):
        return tuple(legacy)
    if not bounce_type:
        return ("missing-bounce-type",)
    return ("legacy-spelling",) if bounce_type in LEGACY_BOUNCE_TYPES else None


def _are_emails(emails: list[str]) -> bool:
    """One @ each with something on both sides, nothing but printable characters: narrower than the definition."""
    text = "\x20".join(emails)
    return (
        set(map(_count_at, emails)) == {1}
        and text.count(" ") == len(emails) - 1
        and text.isprintable()
        and "@ " not in text
        and " @" not in text
        and text[0] != "@"
        and text[-1] != "@"
        and '"' not in text
        and max(map(len, emails)) <= MAX_EMAIL
    )


def _are_times(block: list[Callback], found: Counter[str]) -> bool:
    times = [record["timestamp"] for record in block]
    sent = [record["timestamp"] if (at := record.get("sentTimestamp")) is None else at for record in block]
    late = sum(map(gt, sent, times))
    if late:
        found["sent-after-event"] += late
    return min(times) > 0 and max(times) <= MAX_TIMESTAMP and min(sent) > 0 and max(sent) <= MAX_TIMESTAMP
