"""One scan: the engine is chosen, the parts are numbered and merged, and nothing that went wrong is lost."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic

from ses_cli.engine import engine_name
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


@dataclass(slots=True)
class Outcome(Generic[F]):
    """What a scan found: the merged report, the account of the lines, and the sources that failed."""

    fold: F
    sources: list[str]
    ledger: Ledger = field(default_factory=Ledger)
    first: list[Problem] = field(default_factory=list)  # one for each of the first invalid lines
    errors: list[SourceError] = field(default_factory=list)
    grown: list[str] = field(default_factory=list)  # sources that were written to meanwhile


def scan(
    sources: Sequence[Source],
    task: Task[F],
    jobs: int | None = 1,
    span_size: int | None = None,
    watch: Callable[[Part[F]], None] = lambda *_: None,
) -> Outcome[F]:
    """Fold all sources, by `jobs` workers, None for as many as suit them and this machine.

    `watch` sees every part as it is merged, its lines numbered from the start of their source.
    """
    is_threaded = engine_name() == "native"
    native = _TURN if task.checks.selection.dedupe else _NATIVE_SPAN
    size = span_size or (native if is_threaded else SPAN)
    todo = [span for source in sources for span in spans(source, size)]
    outcome = Outcome(task.fold(), [source.name for source in sources])
    at, above = 0, 0  # the span, and the lines of its source before the part
    failed: set[Source] = set()  # each is told of once, though many of its spans fail
    for part in _parts(todo, task, _workers(todo, jobs, is_threaded, min(_SMALL, size)), is_threaded):
        span = todo[at]
        part.source, part.above = span.source.name, above
        _number(part, above)
        watch(part)
        _merge(outcome, part)
        if part.error and span.source not in failed:
            failed.add(span.source)
            outcome.errors.append(part.error)
        above += part.ledger.lines
        if part.is_last:
            at += 1
            above = above if at < len(todo) and todo[at].source is span.source else 0
    outcome.grown = [source.name for source in sources if has_grown(source)]
    return outcome


def _workers(todo: Sequence[Span], jobs: int | None, is_threaded: bool, small: int) -> int:
    """How many work on spans side by side. Those of objects wait for answers most of the time."""
    if any(span.source.is_object for span in todo):
        return jobs or max(_cores(), _THREADS if is_threaded else _PROCESSES)
    return 1 if sum(span.bytes for span in todo) <= small else jobs or _cores()


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _parts(todo: Sequence[Span], task: Task[F], jobs: int, is_threaded: bool) -> Iterator[Part[F]]:
    """What is no regular file is read here only. So are all, by processes, where it matters what was seen before."""
    is_regular = all(span.source.size is not None for span in todo)
    if is_threaded and jobs > 1:
        from ses_cli.scan import threads  # start-up: most logs are small

        if len(todo) > 1 and is_regular:
            return threads.run(todo, task, jobs)
        return _one_by_one(todo, Worker(task, feed=threads.read_ahead))
    if min(jobs, len(todo)) > 1 and is_regular and not task.checks.selection.dedupe:
        from ses_cli.scan import processes

        return processes.run(todo, task, min(jobs, len(todo)))
    return _one_by_one(todo, Worker(task))


def _one_by_one(todo: Sequence[Span], worker: Worker[F]) -> Iterator[Part[F]]:
    return (part for span in todo for part in worker.parts(span))


def _number(part: Part[F], above: int) -> None:
    part.explained = [_moved(problem, above) for problem in part.explained]
    part.invalid = [
        invalid._replace(problems=[_moved(problem, above) for problem in invalid.problems]) for invalid in part.invalid
    ]


def _moved(problem: Problem, lines: int) -> Problem:
    return problem._replace(line=problem.line + lines)


def _merge(outcome: Outcome[F], part: Part[F]) -> None:
    outcome.fold.merge(part.fold)
    outcome.ledger.merge(part.ledger)
    outcome.first += [invalid.problems[0] for invalid in part.invalid[: FIRST - len(outcome.first)]]
