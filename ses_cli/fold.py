"""The contract of what is gathered of a log: it is fed batches, and merged with what was found later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from ses_cli.batch import Batch


class Answers(Protocol):
    """What a report puts off, so that it need not be where the report is: it is asked once everything is in."""

    def of(self, wanted: array[int]) -> Self:
        """What there is to these questions, and nothing else."""

    def merge(self, later: Self) -> None:
        """Take in what was put off of the lines that follow."""


@runtime_checkable
class Deferring(Protocol):
    """A report that is small without what it can put off."""

    def defer(self) -> Answers:
        """Take that out. The report goes on without."""

    def questions(self) -> array[int]:
        """What is to be answered, once all is merged."""

    def resume(self, answers: Any) -> None:
        """Take the answers in."""


@runtime_checkable
class Splitting(Protocol):
    """A report that may have any number of keys, and can be held in parts, each of which has some of them."""

    def is_large(self) -> bool:
        """Whether it may have too many to be held at once."""

    def split(self, count: int) -> Sequence[Self]:
        """So many parts, the same key always in the same one. Merged in any order they are the report."""

    def trim(self) -> None:
        """Lets go of what is not shown, where no part with the same keys is merged with it any more."""


@runtime_checkable
class Gathering(Protocol):
    """A report that keeps what it takes in, in files where it is much, and counts it when it is asked."""

    def is_gathering(self) -> bool:
        """Whether it is as large as all that is merged with it: workers hand over what they have as it is."""


class Fold(Protocol):
    """What is gathered of a log. Merging folds of consecutive spans in their order equals one fold over all of them."""

    def add(self, batch: Batch) -> None:
        """Take in the records of a batch."""

    def merge(self, later: Self) -> None:
        """Take in what a fold over the lines that follow has found."""
