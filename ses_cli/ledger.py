"""What became of every line: the account that has to balance in every run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Self

from ses_cli.events import WARNINGS

if TYPE_CHECKING:
    from ses_cli.batch import Batch


class Ledger:  # noqa: PLW1641 - what changes is not hashed
    """`lines = valid + invalid + blank` and `valid = counted + filtered + duplicates`."""

    def __init__(self) -> None:
        self.lines = 0
        self.invalid = 0
        self.blank = 0
        self.filtered = 0
        self.duplicates = 0
        self.valid = 0
        self.counted = 0
        self.problems: Counter[str] = Counter()  # error code -> n
        self.warnings: Counter[str] = Counter()  # warning code -> n

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and vars(self) == vars(other)

    def add(self, batch: Batch, strict: bool = False) -> None:
        """Enter a batch."""
        self.lines += batch.lines
        self.blank += batch.blank
        self.invalid += len(batch.invalid)
        self.filtered += batch.filtered
        self.duplicates += batch.duplicates
        self.counted += batch.count
        self.valid += batch.count + batch.filtered + batch.duplicates
        if batch.warnings:
            self.warnings.update(batch.warnings)
        for code, n in batch.problems.items():
            (self.warnings if code in WARNINGS and not strict else self.problems)[code] += n

    def merge(self, later: Self) -> None:
        """Enter what another ledger holds."""
        self.lines += later.lines
        self.blank += later.blank
        self.invalid += later.invalid
        self.filtered += later.filtered
        self.duplicates += later.duplicates
        self.counted += later.counted
        self.valid += later.valid
        self.problems.update(later.problems)
        self.warnings.update(later.warnings)

    def document(self) -> dict[str, object]:
        """`records`, `problems` and `warnings` as every JSON document of this program has them."""
        names = ("lines", "valid", "invalid", "blank", "counted", "filtered", "duplicates")
        return {
            "records": {name: getattr(self, name) for name in names},
            "problems": dict(sorted(self.problems.items())),
            "warnings": dict(sorted(self.warnings.items())),
        }
