"""One scan: the engine is chosen, the parts are numbered and merged, and nothing that went wrong is lost."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, Protocol

from ses_cli.engine import cores, engine_name
from ses_cli.errors import SourceError
from ses_cli.events import Problem
from ses_cli.ledger import Ledger
from ses_cli.pipeline import FIRST
from ses_cli.scan.parts import F, Part, Task, Worker
from ses_cli.sources import SPAN, Source, Span, has_grown, spans

_THREADS, _PROCESSES = 16, 8  # that wait for objects
_SMALL = 1 << 20  # bytes that are read before a process has started
_NATIVE_SPAN = 8 << 20  # bytes
_TURN = 2 << 20  # bytes that a thread waits for at most, where what was seen is entered in the order of the log


class Executor(Protocol):
    """Works on spans somewhere, and hands over what they hold in their order."""

    def span_size(self, sources: Sequence[Source]) -> int:
        """Bytes of the spans that it works best on."""

    def parts(self, spans: Sequence[Span], task: Task[F]) -> Iterator[Part[F]]:
        """The parts of each span, the last one of each marked. Merging their folds in their order is one fold."""


class Outcome(Generic[F]):
    """What a scan found: the merged report, the account of the lines, and the sources that failed."""

    def __init__(
        self,
        fold: F,
        sources: list[str],
        ledger: Ledger | None = None,
        first: list[Problem] | None = None,
        errors: list[SourceError] | None = None,
    ) -> None:
        self.fold = fold
        self.sources = sources
        self.ledger = Ledger() if ledger is None else ledger
        self.first = [] if first is None else first  # one for each of the first invalid lines
        self.errors = [] if errors is None else errors
        self.grown: list[str] = []  # sources that were written to meanwhile


class Stretch(NamedTuple):
    """A part of a source."""

    source: Source
    start: int = 0  # bytes
    end: int | None = None  # of a plain one; None is its end
    lines: int = 0  # of the source that stand before it


def scan(
    sources: Sequence[Source],
    task: Task[F],
    jobs: int | None = 1,
    span_size: int | None = None,
    watch: Callable[[Part[F]], None] = lambda *_: None,
    engine: Executor | None = None,
) -> Outcome[F]:
    """Fold all sources, by `jobs` workers, None for as many as suit them and this machine; or by another engine.

    `watch` sees every part as it is merged, its lines numbered from the start of their source.
    """
    outcome = Outcome(task.fold(), [source.name for source in sources])
    return scan_stretches(list(map(Stretch, sources)), outcome, task, jobs, span_size, watch, engine)


def scan_stretches(
    stretches: Sequence[Stretch],
    outcome: Outcome[F],
    task: Task[F],
    jobs: int | None = 1,
    span_size: int | None = None,
    watch: Callable[[Part[F]], None] = lambda *_: None,
    engine: Executor | None = None,
) -> Outcome[F]:
    """Folds what follows what an outcome holds, which is added to."""
    for part in stream(stretches, outcome, task, jobs, span_size, engine):
        watch(part)
    return outcome


def stream(
    stretches: Sequence[Stretch],
    outcome: Outcome[F],
    task: Task[F],
    jobs: int | None = 1,
    span_size: int | None = None,
    engine: Executor | None = None,
) -> Iterator[Part[F]]:
    """Every part as it is asked for; what it holds is added to the outcome when the next one is."""
    sources = [stretch.source for stretch in stretches]
    is_threaded = engine_name() == "native"
    native = _TURN if task.checks.selection.dedupe else _NATIVE_SPAN
    size = span_size or (engine.span_size(sources) if engine else native if is_threaded else SPAN)
    todo = [span for stretch in stretches for span in spans(stretch.source, size, stretch.start, stretch.end)]
    before = {stretch.source: stretch.lines for stretch in stretches}
    at, above = 0, before[todo[0].source] if todo else 0  # the span, and the lines of its source before the part
    failed: set[Source] = set()  # each is told of once, though many of its spans fail
    parts = engine.parts if engine else _Local(jobs, min(_SMALL, size)).parts
    for part in parts(todo, task):
        span = todo[at]
        part.source, part.above = span.source.name, above
        part.number(above)
        yield part
        _merge(outcome, part)
        if part.error and span.source not in failed:
            failed.add(span.source)
            outcome.errors.append(part.error)
        above += part.ledger.lines
        if part.is_last:
            at += 1
            if at < len(todo) and todo[at].source is not span.source:
                above = before[todo[at].source]
    grown = [source.name for source in sources if has_grown(source)]
    outcome.grown = list(dict.fromkeys([*outcome.grown, *grown]))


class _Local:
    """This process, with its threads, or others on this machine."""

    def __init__(self, jobs: int | None, small: int) -> None:
        """`small`: bytes that are not worth another process."""
        self._jobs = jobs
        self._small = small
        self._is_threaded = engine_name() == "native"

    def parts(self, spans: Sequence[Span], task: Task[F]) -> Iterator[Part[F]]:
        """What is no regular file is read in this process. So are all where it matters what was seen before, and no
        thread can tell another.
        """
        is_regular = all(span.source.size is not None for span in spans)
        jobs = self._workers(spans)
        if self._is_threaded and jobs > 1:
            from ses_cli.scan import threads  # start-up: most logs are small

            if len(spans) > 1 and is_regular:
                return threads.run(spans, task, jobs)
            return one_by_one(spans, Worker(task, feed=threads.read_ahead))
        if min(jobs, len(spans)) > 1 and is_regular and not task.checks.selection.dedupe:
            from ses_cli.scan import processes

            return processes.run(spans, task, min(jobs, len(spans)))
        return one_by_one(spans, Worker(task))

    def _workers(self, spans: Sequence[Span]) -> int:
        """How many work on spans side by side. Those of objects wait for answers most of the time."""
        if any(span.source.is_object for span in spans):
            return self._jobs or max(cores(), _THREADS if self._is_threaded else _PROCESSES)
        return 1 if sum(span.bytes for span in spans) <= self._small else self._jobs or cores()


def one_by_one(spans: Sequence[Span], worker: Worker[F]) -> Iterator[Part[F]]:
    """The parts of all spans, in this thread."""
    return (part for span in spans for part in worker.parts(span))


def _merge(outcome: Outcome[F], part: Part[F]) -> None:
    outcome.fold.merge(part.fold)
    outcome.ledger.merge(part.ledger)
    outcome.first += [invalid.problems[0] for invalid in part.invalid[: FIRST - len(outcome.first)]]
