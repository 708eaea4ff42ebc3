"""Records as rows of the columns asked for."""

from dataclasses import dataclass, field
from datetime import tzinfo
from heapq import heappush, heapreplace
from typing import NamedTuple, Self

import orjson

from ses_cli.batch import Batch
from ses_cli.export.columns import COLUMNS, Place, Type, Value
from ses_cli.export.verdicts import verdict
from ses_cli.table import Column, Data, Kind, Table
from ses_cli.table import Value as Cell
from ses_cli.times import rfc3339


@dataclass(slots=True)
class PartRows:
    """A fold that holds the records of its own part only: what is merged into it was already written."""

    names: tuple[str, ...]  # of columns; functions do not travel between processes
    rows: list[list[Value]] = field(default_factory=list)  # lines are numbered from the start of the part

    def add(self, batch: Batch) -> None:
        """Takes in the counted records."""
        columns = [COLUMNS[name] for name in self.names]
        needs = any(column.verdict for column in columns)
        for one in batch.located():
            place = Place(one, verdict(one) if needs else None)
            self.rows.append([column.value(place) for column in columns])

    def merge(self, later: Self) -> None:
        """Nothing to keep."""

    def values(self, source: str | None, above: int) -> list[list[Value]]:
        """One row a record; `above` lines of the source stand before the part."""
        for at, name in enumerate(self.names):
            for row in self.rows if name in ("source", "line") else ():
                number = row[at]
                row[at] = above + number if isinstance(number, int) else source
        return self.rows

    def cells(self, source: str, above: int, tz: tzinfo | None) -> Data:
        """The same for CSV and NDJSON: times in RFC 3339, maps as JSON."""
        kinds = [COLUMNS[name].type for name in self.names]
        rows = self.values(source, above)
        shown = ([_cell(kind, value, tz) for kind, value in zip(kinds, row, strict=True)] for row in rows)
        return Data(self.names, shown)


def _cell(kind: Type, value: Value, tz: tzinfo | None) -> Cell:
    if kind is Type.TIME and isinstance(value, int):
        return rfc3339(value, tz)
    return orjson.dumps(value).decode() if isinstance(value, dict) else value


class _Kept(NamedTuple):
    time: int
    number: int  # in the order of the log
    event: str
    email: str
    said: str  # the reason, or what was clicked


@dataclass(slots=True)
class Newest:
    """The newest records, oldest first, for people: a log of any size takes bounded memory."""

    most: int
    kept: list[_Kept] = field(default_factory=list)  # a heap
    count: int = 0

    def add(self, batch: Batch) -> None:
        """Takes in the counted records."""
        for record in batch.callbacks():
            said = record.reason or record.link or ""
            self._push(_Kept(record.timestamp, self.count, record.event, record.email, said))
            self.count += 1

    def merge(self, later: Self) -> None:
        """Takes in what stands later in the log."""
        for kept in later.kept:
            self._push(kept._replace(number=self.count + kept.number))
        self.count += later.count

    def _push(self, kept: _Kept) -> None:
        if len(self.kept) < self.most:
            heappush(self.kept, kept)
        elif kept[:2] > self.kept[0][:2]:
            heapreplace(self.kept, kept)

    def tables(self) -> list[Table]:
        """One row a record."""
        columns = (Column("time", Kind.TIME), Column("event"), Column("email"), Column("reason"))
        rows = [(one.time, one.event, one.email, one.said) for one in sorted(self.kept)]
        return [Table("", columns, rows)]

    def data(self) -> Data:
        """None: data formats have all records."""
        return Data((), ())

    def document(self) -> dict[str, object]:
        """None."""
        return {}
