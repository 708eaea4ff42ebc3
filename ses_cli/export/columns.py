"""The columns of an exported record: what the payload has, and what follows from it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from operator import attrgetter

import orjson

from ses_cli.batch import BOM
from ses_cli.batch.records import Located
from ses_cli.errors import UsageError
from ses_cli.events import FIELDS, LEGACY_FIELDS
from ses_cli.identity import domain, from_domain
from ses_cli.reasons import Verdict
from ses_cli.subject import decoded

Value = str | int | dict[str, str] | None


class Type(Enum):
    """What a column holds."""

    TEXT = auto()
    WORD = auto()  # text that repeats: an event type, a domain, a class
    INTEGER = auto()
    TIME = auto()  # Unix seconds
    MAP = auto()  # text by name


@dataclass(frozen=True, slots=True)
class Place:
    """A record, and what its reason means."""

    located: Located
    verdict: Verdict | None  # of its reason, where a column asks for it


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column by its name in every format."""

    name: str
    type: Type
    value: Callable[[Place], Value]
    verdict: str = ""  # the attribute of the verdict that it is, if it is one


def _field(name: str, attribute: str, kind: Type) -> ExportColumn:
    return ExportColumn(name, kind, lambda place: getattr(place.located.record, attribute))


def _verdict(name: str, attribute: str) -> ExportColumn:
    value = attrgetter(attribute)
    return ExportColumn(name, Type.WORD, lambda place: value(place.verdict) if place.verdict else None, attribute)


def others(raw: bytes) -> dict[str, str] | None:
    """Mail headers and undocumented keys of a line: text as it is, anything else as JSON."""
    record = orjson.loads(raw.removeprefix(BOM))
    found = {name: value for name, value in record.items() if name not in FIELDS and name not in LEGACY_FIELDS}
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in found.items()
    } or None


COLUMNS = {
    column.name: column
    for column in (
        _field("time", "timestamp", Type.TIME),
        _field("event", "event", Type.WORD),
        _field("email", "email", Type.TEXT),
        ExportColumn("email_domain", Type.WORD, lambda place: domain(place.located.record.email)),
        _field("bounce_type", "bounce_type", Type.WORD),
        _verdict("bounce_class", "cls"),
        _verdict("bounce_action", "action"),
        _verdict("rule", "rule"),
        _field("reason", "reason", Type.TEXT),
        _field("bulk_id", "bulk_id", Type.TEXT),
        _field("message_id", "message_id", Type.TEXT),
        _field("from", "sender", Type.WORD),
        ExportColumn("from_domain", Type.WORD, lambda place: from_domain(place.located.record) or None),
        _field("template_id", "template_id", Type.INTEGER),
        _field("task_id", "task_id", Type.INTEGER),
        _field("eventid", "eventid", Type.INTEGER),
        _field("username", "username", Type.WORD),
        ExportColumn("subject", Type.WORD, lambda place: decoded(place.located.record.subject)),
        _field("link", "link", Type.TEXT),
        _field("useragent", "useragent", Type.WORD),
        _field("timestamp", "timestamp", Type.INTEGER),
        _field("sent_timestamp", "sent_timestamp", Type.INTEGER),
        _field("sent_time", "sent_timestamp", Type.TIME),
        ExportColumn("extra", Type.MAP, lambda place: others(place.located.raw)),
        ExportColumn("source", Type.WORD, lambda _: None),  # known when the row is written, as is where the part begins
        ExportColumn("line", Type.INTEGER, lambda place: place.located.line),
    )
}


def choose(names: Sequence[str], option: str = "--columns", known: Iterable[str] = COLUMNS) -> tuple[str, ...]:
    """The columns of these names, in this order; all of them where none is named. Raises UsageError."""
    known = tuple(known)
    for name in names:
        if name not in known:
            raise UsageError(f'{option}: no such column: "{name}"', f"one of {', '.join(known)}")
        if names.count(name) > 1:
            raise UsageError(f"{option}: {name} is given twice")
    return tuple(names) or known


def collected(names: Sequence[str]) -> list[str]:
    """What an engine collects for these columns: most of them, and the reasons that verdicts are made of."""
    found = [name for name in names if name != "source" and not COLUMNS[name].verdict]
    return found + ["reasons"] * any(COLUMNS[name].verdict for name in names)
