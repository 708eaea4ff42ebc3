"""The work on one span: its lines checked, selected and folded, handed over in parts of bounded size."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ses_cli.batch import DEFAULT_CHECKS, Batch, Checks, Invalid
from ses_cli.errors import SourceError
from ses_cli.events import Problem
from ses_cli.fold import Fold
from ses_cli.ledger import Ledger
from ses_cli.pipeline import Reader
from ses_cli.sources import SPAN, Span, read

F = TypeVar("F", bound=Fold)

_MOST_PROBLEMS = 5_000  # in a part, so that a worker's message stays small


@dataclass(frozen=True, slots=True)
class Task(Generic[F]):
    """What to do with every span. `fold` makes an empty report; it is called in other processes too."""

    fold: Callable[[], F]
    checks: Checks = DEFAULT_CHECKS
    keep: int | None = 3  # invalid lines handed over of a part, None for all


@dataclass(slots=True)
class Part(Generic[F]):
    """What part of a span holds. Its lines are numbered from 1 until `scan` knows how many stand before."""

    fold: F
    ledger: Ledger = field(default_factory=Ledger)
    invalid: list[Invalid] = field(default_factory=list)
    explained: list[Problem] = field(default_factory=list)  # the warnings, where they were asked for
    size: int = 0  # bytes, decompressed
    bytes_read: int = 0  # of the source as it lies on disk
    error: SourceError | None = None
    is_last: bool = False
    held: int = 0  # problems handed over

    def problems(self) -> list[Problem]:
        """All problems handed over, in the order of their lines."""
        found = [problem for invalid in self.invalid for problem in invalid.problems] + self.explained
        return sorted(found, key=lambda problem: problem.line)


class Worker(Generic[F]):
    """Works on span after span. The reader is kept: its engine learns, and it knows what was seen."""

    def __init__(self, task: Task[F]) -> None:
        self._task = task
        self._reader = Reader(task.checks)

    def parts(self, span: Span) -> Iterator[Part[F]]:
        """The parts of a span, always cut at the same places."""
        part = self._part()
        before = span.start  # bytes of the file that are in the parts before
        collecting = gc.isenabled()
        gc.disable()  # records are made by the thousand and hold no cycles
        try:
            for piece in read(span, self._task.checks.max_line, self._reader.engine.piece_size):
                self._add(part, self._reader.read(piece._replace(line=part.ledger.lines + 1)))
                part.bytes_read = piece.bytes_read - before if piece.bytes_read else part.size
                if part.size >= SPAN or part.held >= _MOST_PROBLEMS:
                    yield part
                    before += part.bytes_read
                    part = self._part()
        except SourceError as error:
            part.error = error
        finally:
            if collecting:
                gc.enable()
        part.is_last = True
        yield part

    def _part(self) -> Part[F]:
        return Part(self._task.fold(), self._reader.restart())

    def _add(self, part: Part[F], batch: Batch) -> None:
        part.fold.add(batch)
        part.size += len(batch.piece.data)
        part.explained += batch.explained
        room = None if self._task.keep is None else max(self._task.keep - len(part.invalid), 0)
        part.invalid += batch.invalid[:room]
        part.held += len(batch.explained) + sum(len(invalid.problems) for invalid in batch.invalid[:room])
