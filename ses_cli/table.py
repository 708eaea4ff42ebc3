"""The shapes every report ends in: tables for eyes, data for programs."""

from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import NamedTuple

Value = str | int | float | bool | list[int] | list[str] | None


class Kind(Enum):
    """What a column holds, which decides how a person sees it."""

    TEXT = auto()  # str, folded when long
    KEY = auto()  # str, what the row is about: repeated when a table is continued
    COUNT = auto()  # int
    SHARE = auto()  # float from 0 to 1, None where the denominator is zero
    TIME = auto()  # int, Unix seconds
    BAR = auto()  # float from 0 to 1
    LIST = auto()  # list of str or int
    FLAG = auto()  # bool
    NUMBER = auto()  # str, a number as it is shown
    LEVEL = auto()  # str, what somebody makes of a sender: raise, keep, lower, block
    DURATION = auto()  # int, seconds


class Column(NamedTuple):
    """One column of a table."""

    title: str
    kind: Kind = Kind.TEXT
    block: int = 0  # columns of one block stay together where a table is continued below


class Table:  # noqa: PLW1641 - what changes is not hashed
    """A table for eyes, with a row for what was left out and one of totals."""

    def __init__(
        self,
        title: str,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Value]],
        rest: Sequence[Value] | None = None,
        total: Sequence[Value] | None = None,
        notes: Iterable[str] = (),
        conclusion: str = "",
        commands: Iterable[str] = (),
    ) -> None:
        self.title = title
        self.columns = columns
        self.rows = rows
        self.rest = rest
        self.total = total
        self.notes = list(notes)
        self.conclusion = conclusion  # what it comes to, in a sentence below
        self.commands = list(commands)  # to be copied: no line of theirs is folded

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and vars(self) == vars(other)


class Data(NamedTuple):
    """Rows for programs, whole; the names are a contract."""

    names: Sequence[str]
    rows: Iterable[Sequence[Value]]

    def only(self, names: Sequence[str]) -> "Data":
        """These columns, in this order."""
        places = [self.names.index(name) for name in names]
        return Data(names, ([row[at] for at in places] for row in self.rows))

    def objects(self) -> Iterable[dict[str, Value]]:
        """Each row as JSON has it."""
        return (dict(zip(self.names, row, strict=True)) for row in self.rows)
