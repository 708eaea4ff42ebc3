"""What became of every line: the account that has to balance in every run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from ses_cli.events import WARNINGS

if TYPE_CHECKING:
    from ses_cli.batch import Batch


@dataclass(slots=True)
class Ledger:
    """`lines = valid + invalid + blank` and `valid = counted + filtered + duplicates`."""

    lines: int = 0
    invalid: int = 0
    blank: int = 0
    filtered: int = 0
    duplicates: int = 0
    valid: int = 0
    counted: int = 0
    problems: Counter[str] = field(default_factory=Counter)  # error code -> n
    warnings: Counter[str] = field(default_factory=Counter)  # warning code -> n

    def add(self, batch: Batch, strict: bool = False) -> None:
        """Enter a batch."""
        self.lines += batch.lines
        self.blank += batch.blank
        self.invalid += len(batch.invalid)
        self.filtered += batch.filtered
        self.duplicates += batch.duplicates
        self.counted += batch.count
        self.valid += batch.count + batch.filtered + batch.duplicates
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
