"""CSV and TSV from an engine's columns, and from rows where it has none: the same bytes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from operator import attrgetter
from typing import Self

import orjson

from ses_cli.batch import Batch, CollectedColumns
from ses_cli.export.columns import COLUMNS, collected, others
from ses_cli.export.rows import PartRows, classifier
from ses_cli.render.data import separated
from ses_cli.subject import decoded


@dataclass(slots=True)
class Separated:
    """A fold that holds the records of its own part only: what is merged into it was already written."""

    names: tuple[str, ...]  # of columns
    collects: bool  # whether columns are wanted, which stay in their process, and have times in UTC
    held: list[CollectedColumns | PartRows] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Takes in the counted records."""
        if not batch.count:
            return
        last = self.held[-1] if self.held else None
        before = None if isinstance(last, PartRows) else last
        found = batch.collect_columns(collected(self.names), before) if self.collects else None
        if found is not None:
            if found is not last:
                self.held.append(found)
            return
        if not isinstance(last, PartRows):
            last = PartRows(self.names)
            self.held.append(last)
        last.add(batch)

    def merge(self, later: Self) -> None:
        """Nothing to keep."""

    def take(self, source: str, above: int, delimiter: str, tz: tzinfo | None) -> Iterator[bytes]:
        """The lines, which the fold holds no more; `above` lines of the source stand before the part."""
        held, self.held = self.held, []
        for some in held:
            if isinstance(some, PartRows):
                yield from separated(some.cells(source, above, tz), delimiter, False)
            else:
                yield some.rows(list(self.names), delimiter, source, above, self._words(some), self._odd(some))

    def _words(self, found: CollectedColumns) -> dict[str, list[str]]:
        words = (
            {"subject": [decoded(word) or "" for word in found.words("subject")[3]]} if "subject" in self.names else {}
        )
        verdicts = [name for name in self.names if COLUMNS[name].verdict]
        if verdicts:
            told = [classifier().classify_hidden(*reason)[0] for reason in found.reasons()[3]]
            words |= {name: list(map(attrgetter(COLUMNS[name].verdict), told)) for name in verdicts}
        return words

    def _odd(self, found: CollectedColumns) -> dict[int, str]:
        odd = [(at, others(raw)) for at, raw in found.others()[5]] if "extra" in self.names else []
        return {at: orjson.dumps(values).decode() for at, values in odd if values}
