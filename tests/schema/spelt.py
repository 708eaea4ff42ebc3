"""The answers of a batch by the definition alone, for engines to be compared with."""

from collections import Counter
from collections.abc import Callable, Iterable

from ses_cli.batch import OVERLONG_HEAD, Checks, Invalid, Key
from ses_cli.batch.records import Lane
from ses_cli.callback import Callback
from ses_cli.events import Problem
from ses_cli.identity import domain, from_domain, message_key, recipient
from ses_cli.schema.document import Flaw
from ses_cli.schema.line import is_blank, too_long, validate
from tests.logs import Record

SPELT: dict[Key, Callable[[Callback], str | int | None]] = {
    Key.EVENT: lambda record: record.event,
    Key.BOUNCE_TYPE: lambda record: (record.bounce_type or None) if record.event == "bounce" else None,
    Key.DOMAIN: lambda record: domain(record.email),
    Key.FROM_DOMAIN: lambda record: from_domain(record) or None,
    Key.TEMPLATE: lambda record: record.template_id or None,
    Key.TASK: lambda record: record.task_id or None,
    Key.SENDER: lambda record: record.sender or None,
    Key.BULK_ID: lambda record: record.bulk_id,
    Key.SLOT: lambda record: record.timestamp // 900,
}
LANES: dict[Lane, Callable[[Callback], object]] = {
    Lane.MESSAGE: message_key,
    Lane.EMAIL: lambda record: recipient(record.email),
    Lane.DOMAIN: lambda record: domain(record.email),
    Lane.NONE: lambda record: None,  # noqa: ARG005
}
TYPES: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
}


class Spelt:
    """A piece by the definition alone: each line looked at closely, each question answered the plainest way."""

    def __init__(self, data: bytes, checks: Checks) -> None:
        self.lines, self.blank, self.filtered = 0, 0, 0
        self.records: list[tuple[Callback, int, int, bytes]] = []
        self.valid: list[Callback] = []
        self.invalid: list[Invalid] = []
        self.problems: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()
        self.explained: list[Problem] = []
        self.fields: dict[tuple[str, str], tuple[int, int]] = {}
        offset, rows = 0, data.split(b"\n")
        for row, text in enumerate(rows if rows[-1] else rows[:-1]):
            self.lines += 1
            self.add(row, offset, text, row == len(rows) - 1, checks)
            offset += len(text) + 1

    def add(self, row: int, offset: int, text: bytes, unended: bool, checks: Checks) -> None:
        raw = text.removesuffix(b"\r")
        if len(text) > checks.max_line:
            self.reject(row, offset, raw[: min(checks.max_line, OVERLONG_HEAD)], [too_long(len(text), checks.max_line)])
            return
        if is_blank(raw):
            self.blank += 1
            return
        found = validate(raw, unended)
        codes = [flaw.code for flaw in found.flaws]
        value = dict(found.value or {})
        if not found.is_valid(checks.strict):
            self.reject(row, offset, raw, found.flaws)
            self.note(row, value)
            return
        self.warnings.update(codes)
        self.explained += [Problem("log", row + 1, offset, *flaw) for flaw in found.flaws if checks.explain]
        made = found.record()
        self.valid.append(made)
        if all(test(made) for test in checks.selection.tests()):
            self.records.append((made, row, offset, raw))
            self.note(row, value)
        else:
            self.filtered += 1

    def reject(self, row: int, offset: int, raw: bytes, flaws: list[Flaw]) -> None:
        self.problems.update(flaw.code for flaw in flaws)
        self.invalid.append(Invalid([Problem("log", row + 1, offset, *flaw) for flaw in flaws], raw))

    def note(self, row: int, value: Record) -> None:
        for name, item in value.items():
            key = name, TYPES.get(type(item), "null")
            first, n = self.fields.get(key, (row, 0))
            self.fields[key] = first, n + 1


def firsts(keys: Iterable[object]) -> list[int]:
    """What is alike in a sequence: for each item where it stood first."""
    known: dict[object, int] = {}
    return [known.setdefault(key, at) for at, key in enumerate(keys)]
