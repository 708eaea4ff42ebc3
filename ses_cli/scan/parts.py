"""The work on one span: its lines checked, selected and folded, handed over in parts of bounded size."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ses_cli.batch import Batch, Invalid
from ses_cli.errors import SourceError
from ses_cli.events import Problem
from ses_cli.fold import Fold
from ses_cli.ledger import Ledger
from ses_cli.schema import DEFAULT_MAX_LINE, Checker
from ses_cli.selection import EVERYTHING, Selection, Selector
from ses_cli.sources import SPAN, Span, read

F = TypeVar("F", bound=Fold)

_MOST_PROBLEMS = 5_000  # in a part, so that a worker's message stays small


@dataclass(frozen=True, slots=True)
class Task(Generic[F]):
    """What to do with every span. `fold` makes an empty report; it is called in other processes too."""

    fold: Callable[[], F]
    selection: Selection = EVERYTHING
    max_line: int = DEFAULT_MAX_LINE
    strict: bool = False  # warnings are errors
    explain: bool = False  # hand over warnings in full
    keep: int | None = 3  # invalid lines handed over of a part, None for all


@dataclass(slots=True)
class Part(Generic[F]):
    """What part of a span holds. Its lines are numbered from 1 until `scan` knows how many stand before."""

    fold: F
    ledger: Ledger = field(default_factory=Ledger)
    invalid: list[Invalid] = field(default_factory=list)
    drift: list[Problem] = field(default_factory=list)
    read: int = 0  # bytes, decompressed
    taken: int = 0  # bytes of the source as it lies on disk
    error: SourceError | None = None
    is_last: bool = False
    held: int = 0  # problems handed over

    def problems(self) -> list[Problem]:
        """All problems handed over, in the order of their lines."""
        found = [problem for invalid in self.invalid for problem in invalid.problems] + self.drift
        return sorted(found, key=lambda problem: problem.line)


class Worker(Generic[F]):
    """Works on span after span. The checker and the selector are kept: they learn, and know what was seen."""

    def __init__(self, task: Task[F]) -> None:
        self._task = task
        self._checker = Checker(task.max_line, task.strict, task.explain)
        self._selector = Selector(task.selection)

    def parts(self, span: Span) -> Iterator[Part[F]]:
        """The parts of a span, always cut at the same places."""
        part = Part(self._task.fold())
        taken = span.start  # bytes of the file that are in the parts before
        collecting = gc.isenabled()
        gc.disable()  # records are made by the thousand and hold no cycles
        try:
            for piece in read(span, self._task.max_line):
                self._add(part, self._checker.check(piece._replace(line=part.ledger.lines + 1)))
                part.taken = piece.taken - taken if piece.taken else part.read
                if part.read >= SPAN or part.held >= _MOST_PROBLEMS:
                    yield part
                    taken += part.taken
                    part = Part(self._task.fold())
        except SourceError as error:
            part.error = error
        finally:
            if collecting:
                gc.enable()
        part.is_last = True
        yield part

    def _add(self, part: Part[F], batch: Batch) -> None:
        filtered, duplicates = self._selector.narrow(batch)
        part.ledger.add(batch, filtered, duplicates, self._task.strict)
        part.fold.add(batch)
        part.read += len(batch.piece.data)
        part.drift += batch.drift
        room = None if self._task.keep is None else max(self._task.keep - len(part.invalid), 0)
        part.invalid += [invalid._replace(value=None) for invalid in batch.invalid[:room]]
        part.held += len(batch.drift) + sum(len(invalid.problems) for invalid in batch.invalid[:room])
