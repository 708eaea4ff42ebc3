"""What flows from floor to floor: a piece of a source, and the records found in it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ses_cli.callback import Callback
from ses_cli.events import Problem

BOM = b"\xef\xbb\xbf"
OVERLONG_HEAD = 1024  # bytes kept of a line too long to hold


class Piece(NamedTuple):
    """Whole lines of one source, in their order."""

    source: str
    offset: int  # of the first byte, in the decompressed source
    data: bytes  # ends with a newline, unless it is the last of its source
    line: int = 1  # number of the first line, once it is known
    taken: int = 0  # bytes read of the file as it lies on disk, for progress
    overlong: int = 0  # bytes of the one line this stands for, when too long to hold: then data is its head

    @property
    def end(self) -> int:
        """The number of the line that follows."""
        if self.overlong:
            return self.line + 1
        return self.line + self.data.count(b"\n") + (not self.data.endswith(b"\n"))


class Invalid(NamedTuple):
    """A line that is no record, and all the reasons."""

    problems: list[Problem]
    raw: bytes  # without the line end; the head only, when too long
    value: dict[str, object] | None  # the object on it, if it is one


class Located(NamedTuple):
    """A record, and where and as what it was read."""

    record: Callback
    line: int
    offset: int
    raw: bytes  # without the line end


@dataclass(slots=True)
class Batch:
    """The records of a piece. `records[i]` stands on line `piece.line + rows[i]`."""

    piece: Piece
    lines: int = 0
    blank: int = 0
    records: list[Callback] = field(default_factory=list)
    rows: Sequence[int] = ()
    invalid: list[Invalid] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)  # code -> n
    drift: list[Problem] = field(default_factory=list)  # the warnings in full, when asked for

    def located(self) -> Iterator[Located]:
        """Each record with its line number, byte offset and raw bytes."""
        lines = self.piece.data.split(b"\n")
        row, offset = 0, self.piece.offset
        for record, at in zip(self.records, self.rows, strict=True):
            while row < at:
                offset += len(lines[row]) + 1
                row += 1
            yield Located(record, self.piece.line + at, offset, lines[at].removesuffix(b"\r"))
