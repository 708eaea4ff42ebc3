"""The one shape every report ends in: named columns, rows, and a last row of totals."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto


class Kind(Enum):
    """What a column holds, which decides how a person sees it; data formats get the value as it is."""

    TEXT = auto()  # str, folded when long
    KEY = auto()  # str, what the row is about: repeated when a table is continued
    COUNT = auto()  # int
    SHARE = auto()  # float from 0 to 1, or None where the denominator is zero
    TIME = auto()  # int, Unix seconds
    BAR = auto()  # float from 0 to 1, for eyes only: left out of data formats
    SPARK = auto()  # list of int, for eyes only: left out of data formats
    LIST = auto()  # list of str or int
    FLAG = auto()  # bool


Value = str | int | float | bool | list[int] | list[str] | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `name` in data formats, `title` for eyes."""

    name: str
    kind: Kind = Kind.TEXT
    title: str = ""


@dataclass(slots=True)
class Table:
    """A report's rows. `rest` and `total` are for eyes: data formats get `rows` whole."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: list[Sequence[Value]]
    rest: Sequence[Value] | None = None
    total: Sequence[Value] | None = None
    notes: list[str] = field(default_factory=list)
