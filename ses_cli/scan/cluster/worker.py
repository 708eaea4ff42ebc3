"""What workers do: fold spans that follow one another, and merge what that found. Only bytes leave them."""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ses_cli.batch import Seen
from ses_cli.engine import engine, engine_name
from ses_cli.fold import Deferring, Gathering, Splitting
from ses_cli.scan.parts import Part, Task, Worker
from ses_cli.scan.scan import one_by_one
from ses_cli.scan.state import dump, load
from ses_cli.sources import Span
from ses_cli.sources.storage import storage_of

_SIDE_BY_SIDE = 8  # objects that one task waits for

Fits = Mapping[str, str]


class Leaf(NamedTuple):
    """What spans hold, as states. It stays where it was made, until its parts are asked for."""

    parts: bytes  # without what was folded
    folds: list[bytes]  # of all parts; several where it is split by key
    deferred: bytes  # what the fold puts off


def fold_spans(task: bytes, spans: Sequence[Span], count: int, fits: Fits) -> Leaf:
    """Works on spans that follow one another. What they hold is split in `count` partitions."""
    wanted = _task(task)
    return _folded(wanted, parts_here(wanted, spans), count, fits)


def fold_new(
    task: bytes, spans: Sequence[Span], count: int, fits: Fits, place: int, errors: bytes, known: Sequence[bytes]
) -> Leaf:
    """Works on them, where each callback is counted once.

    `known` has fingerprints that were met before, at `place` those for these spans; `errors` what could not be read of
    each span when it was looked for them.
    """
    wanted = _task(task)
    seen = engine(wanted.checks).seen()
    for some in known:
        found: Any = load(some, fits)
        seen.add(found[place])
    failed: Any = load(errors, fits)
    return _folded(wanted, _with_errors(parts_here(wanted, spans, seen), failed), count, fits)


def _folded(task: Task[Any], found: Iterator[Part[Any]], count: int, fits: Fits) -> Leaf:
    fold, parts = task.fold(), []
    for part in found:
        if task.is_streamed:
            parts.append(part)
        else:
            fold.merge(part.fold)
            part.fold = None
            parts.append(part)
    deferred = dump(fold.defer(), fits) if isinstance(fold, Deferring) and defers(task, fold) else b""
    folds = fold.split(count) if count > 1 else [fold]
    return Leaf(dump(parts, fits), [dump(one, fits) for one in folds], deferred)


def _with_errors(parts: Iterator[Part[Any]], errors: Sequence[Any]) -> Iterator[Part[Any]]:
    """Parts of spans. What could not be read of one the first time is told, whatever came of it the second time."""
    left = iter(errors)
    for part in parts:
        if part.is_last:
            part.error = next(left) or part.error
        yield part


def defers(task: Task[Any], fold: object) -> bool:
    """Whether a fold puts off what it can: not where it is merged with one that may ask for more."""
    return isinstance(fold, Deferring) and task.is_whole and not task.is_streamed


def splits(task: Task[Any], fold: object) -> bool:
    """Whether what a task folds is to be split by key."""
    return isinstance(fold, Splitting) and fold.is_large() and not task.is_streamed


def gathers(task: Task[Any], fold: object) -> bool:
    """Whether what a task folds is merged by the one who asked, and not by workers."""
    return isinstance(fold, Gathering) and fold.is_gathering() and not task.is_streamed


def parts_of(leaf: Leaf) -> bytes:
    """What goes to the one who asked, as soon as it is there."""
    return leaf.parts


def fold_of(leaf: Leaf, partition: int) -> bytes:
    """What is merged with what others hold of the partition."""
    return leaf.folds[partition]


def answers_of(leaf: Leaf, questions: bytes, fits: Fits) -> bytes:
    """What was put off, as far as it is asked for."""
    deferred: Any = load(leaf.deferred, fits)
    return dump(deferred.of(load(questions, fits)), fits)


def merge(found: Sequence[bytes], fits: Fits) -> bytes:
    """Merges what was found in spans that follow one another."""
    return dump(_merged(found, fits), fits)


def merge_all(found: Sequence[bytes], fits: Fits) -> bytes:
    """Merges all that was found of a partition, and lets go of what is not shown."""
    fold = _merged(found, fits)
    fold.trim()
    return dump(fold, fits)


def _merged(found: Sequence[bytes], fits: Fits) -> Any:
    first, *others = (load(one, fits) for one in found)
    fold: Any = first
    for later in others:
        fold.merge(later)
    return fold


def parts_here(task: Task[Any], spans: Sequence[Span], seen: Seen | None = None) -> Iterator[Part[Any]]:
    """The parts of spans, as they are found from here. `seen` are callbacks that were met before."""
    spans = [_here(span) for span in spans]
    if engine_name() == "native" and len(spans) > 1 and spans[0].source.is_object:
        from ses_cli.scan import threads

        return threads.run(spans, task, _SIDE_BY_SIDE, seen)
    return one_by_one(spans, Worker(task, seen))


@lru_cache(4)
def _task(data: bytes) -> Task[Any]:
    task: Task[Any] = pickle.loads(data)
    return task


def _here(span: Span) -> Span:
    if span.source.is_object:
        return span
    return span._replace(source=storage_of(span.source).here(span.source))
