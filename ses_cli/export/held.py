"""Records held in columns as an engine collects them, or in rows where it has none."""

from dataclasses import dataclass, field
from typing import Self

from ses_cli.batch import Batch
from ses_cli.batch.collected import CollectedColumns
from ses_cli.export.columns import collected
from ses_cli.export.rows import PartRows


@dataclass(slots=True)
class Held:
    """A fold that holds the records of its own part only: what is merged into it was already written."""

    names: tuple[str, ...]  # of columns
    collects: bool = True  # whether columns are wanted, which stay in their process, and have times in UTC
    held: list[CollectedColumns | PartRows] = field(default_factory=list)  # in the order of the log

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
