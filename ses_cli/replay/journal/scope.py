"""What of a log a run sends: its selection, and how its lines are checked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from ses_cli.batch import DEFAULT_MAX_LINE
from ses_cli.callback import Callback
from ses_cli.selection import EVERYTHING, Selection


@dataclass(frozen=True, slots=True)
class Scope:
    """Which lines of a log a run sends."""

    selection: Selection = EVERYTHING
    max_line: int = DEFAULT_MAX_LINE
    strict: bool = False
    raw: bool = False  # every line that is not blank

    def dump(self) -> str:
        """As JSON, the same for the same scope. What is not selected by is left out."""
        selection = {name: _plain(value) for name, value in self.selection._asdict().items()}
        row = {name: value for name, value in selection.items() if value not in (None, [], False)}
        row |= {"max_line": self.max_line} | {name: True for name in ("strict", "raw") if getattr(self, name)}
        return orjson.dumps(row, option=orjson.OPT_SORT_KEYS).decode()

    @staticmethod
    def load(text: str) -> "Scope":
        """What `dump` gave. ValueError or TypeError where it did not."""
        row: dict[str, Any] = orjson.loads(text)
        own = {name: row.pop(name) for name in ("max_line", "strict", "raw") if name in row}
        wanted: dict[str, Any] = {name: frozenset(v) if isinstance(v, list) else v for name, v in row.items()}
        selection = EVERYTHING._replace(**wanted)
        return Scope(selection, **own)

    def takes(self) -> Callable[[Callback], bool] | None:
        """Tells what this scope sends of records that another one does; None: all."""
        tests = [] if self.raw else self.selection.tests()
        return (lambda record: all(test(record) for test in tests)) if tests else None

    def conflict(self, other: "Scope") -> str | None:
        """The option that makes it impossible to tell from a record whether `other` has sent it."""
        if self.raw and not other.raw:
            return "without --raw"
        if other.raw:
            return None
        if other.strict and not self.strict:
            return "with --strict"
        if other.selection.dedupe and not self.selection.dedupe:
            return "with --dedupe"
        return f"with --max-line {other.max_line}" if other.max_line < self.max_line else None


ALL = Scope()


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value
