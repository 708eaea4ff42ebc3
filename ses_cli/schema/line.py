"""The definition of a line, for what an engine doubts: blank, a record, or everything that is wrong with it."""

from typing import NamedTuple

from ses_cli.batch import BOM
from ses_cli.callback import Callback
from ses_cli.events import ERRORS
from ses_cli.schema.document import Flaw, duplicate_keys, parse
from ses_cli.schema.record import callback, depths, flaws, normalise, path


class Line(NamedTuple):
    """What a line that holds something is."""

    flaws: list[Flaw]  # errors and warnings
    value: dict[str, object] | None  # the object on it as it stands there, if it is one

    def is_valid(self, strict: bool) -> bool:
        """Whether it is a record; under `strict` no warning may be on it either."""
        return not self.flaws or (not strict and ERRORS.keys().isdisjoint([flaw.code for flaw in self.flaws]))

    def record(self) -> Callback:
        """The record of a valid line. Brings `value` to today's spelling."""
        assert self.value is not None
        normalise(self.value)
        return callback(self.value)


def is_blank(raw: bytes) -> bool:
    """Whether nothing stands on a line, or white space, or a byte order mark."""
    return not raw.removeprefix(BOM).strip(b" \t\r")


def validate(raw: bytes, unended: bool) -> Line:
    """What a line is that is neither blank nor too long. `unended`: no newline ends it, so it may be cut off."""
    marks = [Flaw("byte-order-mark", "", "a byte order mark was skipped")] if raw.startswith(BOM) else []
    raw = raw.removeprefix(BOM)
    value = parse(raw, unended)
    if isinstance(value, Flaw):
        return Line([*marks, value], None)
    found = marks + flaws(value)
    if deep := depths(value):
        found += deep
    else:
        doubled = duplicate_keys(raw, value)
        found += [
            Flaw("duplicate-key", path(name), "a key that comes twice: the last value counts") for name in doubled
        ]
    return Line(found, value)


def too_long(length: int, max_line: int) -> Flaw:
    """What is wrong with a line of so many bytes."""
    message = f"expected at most {max_line} bytes, got {length}"
    return Flaw("too-long", "", message, "raise --max-line if this is a callback")
