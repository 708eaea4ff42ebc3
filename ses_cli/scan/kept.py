"""What a scan has found, kept: the next one over the same logs, and those that follow them, reads only what is new."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from ses_cli.events import Problem
from ses_cli.ledger import Ledger
from ses_cli.pipeline import FIRST
from ses_cli.scan.covered import Covered, covered, last_line_end, rest
from ses_cli.scan.parts import F, Part, Task
from ses_cli.scan.plain import digest
from ses_cli.scan.program import hash_file, program
from ses_cli.scan.scan import Outcome, Stretch
from ses_cli.scan.state import StateError, dump, load
from ses_cli.sources import Source

_RUNS = 8  # of which it is kept what each found: what has to be read again are the last ones of them

Run = Callable[[Sequence[Stretch], Outcome[F], Callable[[Part[F]], None]], Outcome[F]]
"""Scans stretches onto what was found before; the function sees each part."""


@dataclass(slots=True)
class RunResults(Generic[F]):
    """What one run found."""

    fold: F
    ledger: Ledger
    first: list[Problem]


class Kept(NamedTuple):
    """What one run read, and its `Results`, as bytes."""

    covered: list[Covered]
    results: bytes


class KeptState(NamedTuple):
    """What several runs found, one after another, and what with."""

    options: str
    files: dict[str, str | None]  # hashes of those that the options name
    runs: list[Kept]


class Scanned(NamedTuple, Generic[F]):
    """What all sources hold, the new state (None where something could not be read), and why not all was taken."""

    outcome: Outcome[F]
    state: bytes | None
    why: str | None


def scan_on(
    data: bytes | None, sources: Sequence[Source], task: Task[F], run: "Run[F]", zone: str | None = None
) -> "Scanned[F]":
    """What all sources hold, of which a state holds some. `zone` is the machine's, where it matters.

    Raises StateError where the state does not fit, SourceError.
    """
    for source in sources:
        if source.size is None:
            raise StateError(f"it does not cover {source.name}, which comes once")
    files = {file: hash_file(file) for file in task.files}
    state = KeptState(digest(task.fold, task.checks, zone), files, [])
    known = [] if data is None else _runs(data, state)
    used, stretches, why = rest([kept.covered for kept in known], sources)
    state.runs.extend(known[:used])
    outcome = Outcome(task.fold(), [source.name for source in sources])
    for kept in state.runs:
        _add(outcome, _results(kept.results))
    tail = _cut_tail(stretches)
    if stretches:
        tail = _scan_new(stretches, tail, state, outcome, task, run)
    if tail:
        run([tail], outcome, lambda _: None)
    return Scanned(outcome, None if outcome.errors else _dumped(state), why)


def _scan_new(
    stretches: list[Stretch], tail: Stretch | None, state: KeptState, outcome: Outcome[F], task: Task[F], run: "Run[F]"
) -> Stretch | None:
    """Adds a run. Says of the tail how many lines stand before it."""
    lines = {stretch.source.name: stretch.lines for stretch in stretches}

    def see(part: Part[F]) -> None:
        lines[part.source] = part.above + part.ledger.lines

    found = run(list(filter(_has_more, stretches)), Outcome(task.fold(), []), see)
    results = RunResults(found.fold, found.ledger, found.first)
    if not found.errors:
        read = [covered(stretch, lines[stretch.source.name]) for stretch in stretches]
        state.runs.append(Kept(read, dump(results, {})))
    _add(outcome, results)
    outcome.errors += found.errors
    outcome.grown += found.grown
    return tail and tail._replace(lines=lines[tail.source.name])


def _cut_tail(stretches: list[Stretch]) -> Stretch | None:
    """Takes a last line away that may be being written: it is told of, and not kept."""
    if not stretches:
        return None
    last = stretches.pop()
    end, size = last_line_end(last), last.source.size or 0
    if end > last.start or not last.start:
        stretches.append(last._replace(end=None if end == size else end))
    return last._replace(start=end) if end < size else None


def _has_more(stretch: Stretch) -> bool:
    return stretch.start < ((stretch.source.size or 0) if stretch.end is None else stretch.end)


def _runs(data: bytes, wanted: KeptState) -> list[Kept]:
    """What is kept. Raises StateError where it was kept for another question."""
    found = load(data, program())
    if not isinstance(found, KeptState):
        raise StateError("another kind of state")
    if found.options != wanted.options:
        raise StateError("made with other options")
    for file, digested in wanted.files.items():
        if found.files.get(file) != digested:
            raise StateError(f"made with another {file}")
    return found.runs


def _results(data: bytes) -> "RunResults[Any]":
    found = load(data, {})
    if not isinstance(found, RunResults):
        raise StateError("another kind of state")
    return found


def _add(outcome: Outcome[F], found: "RunResults[F]") -> None:
    outcome.fold.merge(found.fold)
    outcome.ledger.merge(found.ledger)
    outcome.first += found.first[: FIRST - len(outcome.first)]


def _dumped(state: KeptState) -> bytes:
    """A state, the oldest runs of which are made one."""
    while len(state.runs) > _RUNS:
        first, second, *others = state.runs
        results = _results(first.results)
        later = _results(second.results)
        outcome = Outcome(results.fold, [], results.ledger, results.first)
        _add(outcome, later)
        results = RunResults(outcome.fold, outcome.ledger, outcome.first)
        state.runs[:] = [Kept([*first.covered, *second.covered], dump(results, {})), *others]
    return dump(state, program())
