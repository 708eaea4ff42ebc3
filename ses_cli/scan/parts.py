"""The work on one span: its lines checked, selected and folded, handed over in parts of bounded size."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Generic, NamedTuple, Self, TypeVar

from ses_cli.batch import DEFAULT_CHECKS, Batch, Checks, Invalid, Seen
from ses_cli.collection import no_collection
from ses_cli.engine import Checked, Feed, checked
from ses_cli.errors import SourceError
from ses_cli.events import Problem
from ses_cli.fold import Fold
from ses_cli.ledger import Ledger
from ses_cli.pipeline import Reader
from ses_cli.sources import SPAN, Span

if TYPE_CHECKING:
    from ses_cli.scan.turns import Turn

F = TypeVar("F", bound=Fold)

_MOST_PROBLEMS = 5_000  # lines in a part, so that a worker's message stays small


class Task(NamedTuple, Generic[F]):
    """What to do with every span. `fold` makes an empty report; it is called in other processes too."""

    fold: Callable[[], F]
    checks: Checks = DEFAULT_CHECKS
    keep: int | None = 3  # invalid lines handed over of a part, None for all
    is_streamed: bool = False  # the fold of every part is used when it comes, and not merged
    files: tuple[str, ...] = ()  # that making the fold reads, such as rules
    is_whole: bool = True  # nothing is merged with it that was found at another time


class Part(Generic[F]):
    """What part of a span holds. Its lines are numbered from 1 until `scan` knows how many stand before."""

    def __init__(self, fold: F, ledger: Ledger) -> None:
        self.fold = fold
        self.ledger = ledger
        self.invalid: list[Invalid] = []
        self.explained: list[Problem] = []  # the warnings, where they were asked for
        self.size = 0  # bytes, decompressed
        self.bytes_read = 0  # of the source as it lies on disk
        self.error: SourceError | None = None
        self.is_last = False
        self.source = ""  # the name of what it was read from, and
        self.above = 0  # the lines there before this part, as `scan` finds

    def number(self, above: int) -> None:
        """Numbers its lines as those that follow others."""
        self.explained = [_moved(problem, above) for problem in self.explained]
        self.invalid = [
            invalid._replace(problems=[_moved(problem, above) for problem in invalid.problems])
            for invalid in self.invalid
        ]

    def has_room_for(self, later: Self) -> bool:
        """Whether both together hand over few problems."""
        return sum(len(part.invalid) + len(part.explained) for part in (self, later)) < _MOST_PROBLEMS

    def merge(self, later: Self, keep: int | None) -> None:
        """Takes in the part that follows it in its span; `keep` invalid lines are handed over, None for all."""
        later.number(self.ledger.lines)
        self.invalid = [*self.invalid, *later.invalid][:keep]
        self.explained += later.explained
        self.fold.merge(later.fold)
        self.ledger.merge(later.ledger)
        self.size += later.size
        self.bytes_read += later.bytes_read
        self.error, self.is_last = later.error, later.is_last

    def problems(self) -> list[Problem]:
        """All problems handed over, in the order of their lines."""
        found = [problem for invalid in self.invalid for problem in invalid.problems] + self.explained
        return sorted(found, key=lambda problem: problem.line)


def _moved(problem: Problem, lines: int) -> Problem:
    return problem._replace(line=problem.line + lines)


class Worker(Generic[F]):
    """Works on span after span. The reader is kept: its engine learns, and it knows what was seen.

    `feed` may read pieces ahead.
    """

    def __init__(self, task: Task[F], seen: Seen | None = None, feed: Feed = iter) -> None:
        self._task = task
        self._reader = Reader(task.checks, seen=seen)
        self._feed = feed
        self._room = SPAN  # bytes that the part may still take

    def parts(self, span: Span, turn: "Turn | None" = None) -> Iterator[Part[F]]:
        """The parts of a span, always cut at the same places. Batches are entered when their turn has come."""
        parts = self._parts(span, turn)
        while True:
            with no_collection():
                part = next(parts, None)
            if part is None:
                return
            yield part

    def _parts(self, span: Span, turn: "Turn | None") -> Iterator[Part[F]]:
        part = self._part()
        before = span.start  # bytes of the file that are in the parts before
        try:
            for batch, size, bytes_read in self._checked(span, turn):
                part.fold.add(self._reader.enter(batch))
                if batch.invalid or batch.explained:
                    yield from self._problems(part, batch)
                part.size += size
                part.bytes_read = bytes_read - before if bytes_read else part.size
                del batch  # before the next one is made: its memory is still in the processor's cache
                self._room = SPAN - part.size
                if self._room <= 0:
                    yield part
                    before += part.bytes_read
                    part = self._part()
        except SourceError as error:
            part.error = error
        part.is_last = True
        yield part

    def _checked(self, span: Span, turn: "Turn | None") -> Iterator[Checked]:
        """The batches of a span, in their turn; as many may wait for it as fit into the part."""
        held: deque[Checked] = deque()
        engine, limit = self._reader.engine, self._task.checks.max_line
        batches = checked(engine, span, limit, lambda: self._next_line(held), self._feed)
        if turn is None:
            return batches
        from ses_cli.scan.turns import in_turn  # start-up

        return in_turn(batches, turn, self._reader.prepare, held, lambda: self._room)

    def _next_line(self, held: Iterable[Checked]) -> int:
        return self._reader.next_line() + sum(each.batch.lines for each in held)

    def _part(self) -> Part[F]:
        self._room = SPAN
        return Part(self._task.fold(), self._reader.restart())

    def _problems(self, part: Part[F], batch: Batch) -> Iterator[Part[F]]:
        """Adds the problems of a batch to a part. Where they are many, parts that hold nothing else come out."""
        keep, explained = self._task.keep, deque(batch.explained)
        if not batch.invalid and not explained:
            return
        wanted = len(batch.invalid) if keep is None else max(keep - len(part.invalid), 0)
        for start in range(0, max(wanted, 1), _MOST_PROBLEMS):
            part.invalid += batch.invalid[start : min(start + _MOST_PROBLEMS, wanted)]
            is_rest = start + _MOST_PROBLEMS >= wanted
            while explained and (is_rest or explained[0].line < part.invalid[-1].problems[0].line):
                part.explained.append(explained.popleft())
            if len(part.invalid) + len(part.explained) >= _MOST_PROBLEMS:
                full = Part(self._task.fold(), Ledger())
                full.invalid, full.explained, part.invalid, part.explained = part.invalid, part.explained, [], []
                yield full
