"""Field statistics: every field met, documented or not, its JSON types, how many records have it, and where first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from ses_cli.batch import Batch
from ses_cli.events import ERRORS, FIELDS, WARNINGS, is_known
from ses_cli.ledger import Ledger
from ses_cli.table import Column, Data, Kind, Table, Value

MOST_FIELDS = 10_000  # names kept: a log of ever new keys must not fill the memory
OTHERS = "(other fields)"


class LinePlace(NamedTuple):
    """A line of a source."""

    source: str
    line: int


@dataclass(slots=True)
class FieldStatistics:
    """What is known of one field."""

    first: LinePlace
    types: Counter[str] = field(default_factory=Counter)  # JSON type -> records

    @property
    def records(self) -> int:
        """How many records have the field."""
        return self.types.total()


@dataclass(slots=True)
class Validation:
    """A fold over all objects of a log, those of invalid lines too."""

    fields: dict[str, FieldStatistics] = field(default_factory=dict)
    lines: Counter[str] = field(default_factory=Counter)  # source -> lines folded, to number those of a later fold

    def add(self, batch: Batch) -> None:
        """Notes the fields of every object in a batch, which comes after those that were added."""
        for (name, type_), (row, n) in batch.fields().items():
            known = self.fields.get(name) or self._met(name, LinePlace(batch.source, batch.line + row))
            known.types[type_] += n
        self.lines[batch.source] += batch.lines

    def merge(self, later: Self) -> None:
        """Adds the fields that a fold over the lines that follow has met."""
        for name, found in later.fields.items():
            source, line = found.first
            self._met(name, LinePlace(source, line + self.lines[source])).types.update(found.types)
        self.lines.update(later.lines)

    def _met(self, name: str, place: LinePlace) -> FieldStatistics:
        """What is known of a field, which was met there too."""
        known = self.fields.get(name)
        if known is None:
            name = name if len(self.fields) < MOST_FIELDS else OTHERS
            known = self.fields.setdefault(name, FieldStatistics(place))
        if place.source == known.first.source and place.line < known.first.line:
            known.first = place
        return known

    def document(self) -> dict[str, object]:
        """`fields`: by name, whether documented, the types, the records and the first place."""
        return {
            "fields": {
                name: {
                    "known": is_known(name),
                    "types": dict(sorted(found.types.items())),
                    "records": found.records,
                    "first": {"source": found.first.source, "line": found.first.line},
                }
                for name, found in self._sorted()
            }
        }

    def data(self) -> Data:
        """One row a field."""
        names = ("field", "known", "types", "records", "source", "line")
        return Data(names, [(n, is_known(n), sorted(d.types), d.records, *d.first) for n, d in self._sorted()])

    def tables(self) -> list[Table]:
        """One row a field."""
        columns = (
            Column("field", Kind.KEY),
            Column("known", Kind.FLAG),
            Column("types"),
            Column("records", Kind.COUNT),
            Column("first seen"),
        )
        is_one = len({found.first.source for found in self.fields.values()}) == 1
        return [Table("fields", columns, [_row(name, found, is_one) for name, found in self._sorted()])]

    def _sorted(self) -> Iterable[tuple[str, FieldStatistics]]:
        """The documented fields in the documentation's order, then the others, the most frequent first."""
        order = {name: at for at, name in enumerate(FIELDS)}
        return sorted(self.fields.items(), key=lambda item: (order.get(item[0], len(order)), -item[1].records, item[0]))


def codes(ledger: Ledger) -> list[Table]:
    """The problems counted by code, errors first, the most frequent first; no table where there are none."""
    columns = (Column("code", Kind.KEY), Column("kind"), Column("count", Kind.COUNT), Column("meaning"))
    known = ERRORS | WARNINGS
    order = {code: at for at, code in enumerate(known)}  # of those as frequent as each other
    kinds = (("error", ledger.problems), ("warning", ledger.warnings))
    rows = [
        (code, kind, counts[code], known[code])
        for kind, counts in kinds
        for code in sorted(counts, key=lambda code: (-counts[code], order[code]))
    ]
    return [Table("problems", columns, rows)] if rows else []


def _row(name: str, found: FieldStatistics, is_one_source: bool) -> list[Value]:
    types = ", ".join(name if n == found.records else f"{name} {n:,}" for name, n in found.types.most_common())
    source, line = found.first
    return [name, is_known(name), types, found.records, f"line {line:,}" if is_one_source else f"{source}:{line}"]
