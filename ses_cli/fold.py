"""The contract of a report: it is fed batches, merged with what was found later, and ends as tables and data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from ses_cli.batch import Batch
    from ses_cli.table import Data, Table


class Fold(Protocol):
    """A report. Merging the folds of consecutive spans in their order equals one fold over all of them."""

    def add(self, batch: Batch) -> None:
        """Take in the records of a batch."""

    def merge(self, later: Self) -> None:
        """Take in what a fold over the lines that follow has found."""

    def tables(self) -> list[Table]:
        """What people see."""

    def data(self) -> Data:
        """What ndjson, csv and tsv get."""

    def document(self) -> dict[str, object]:
        """What json gets, beside the schema, the sources and the ledger."""
