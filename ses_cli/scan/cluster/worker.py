"""What workers do: fold spans that follow one another, and merge what that found. Only bytes leave them."""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from ses_cli.engine import engine_name
from ses_cli.fold import Deferring
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
    fold: bytes  # of all parts
    deferred: bytes  # what the fold puts off


def fold_spans(task: bytes, spans: Sequence[Span], fits: Fits) -> Leaf:
    """Works on spans that follow one another."""
    wanted = _task(task)
    fold, parts = wanted.fold(), []
    for part in _parts(wanted, [_here(span) for span in spans]):
        if wanted.is_streamed:
            parts.append(part)
        else:
            fold.merge(part.fold)
            parts.append(replace(part, fold=None))
    deferred = dump(fold.defer(), fits) if isinstance(fold, Deferring) and defers(wanted, fold) else b""
    return Leaf(dump(parts, fits), dump(fold, fits), deferred)


def defers(task: Task[Any], fold: object) -> bool:
    """Whether a fold puts off what it can: not where it is merged with one that may ask for more."""
    return isinstance(fold, Deferring) and task.is_whole and not task.is_streamed


def parts_of(leaf: Leaf) -> bytes:
    """What goes to the one who asked, as soon as it is there."""
    return leaf.parts


def fold_of(leaf: Leaf) -> bytes:
    """What is merged."""
    return leaf.fold


def answers_of(leaf: Leaf, questions: bytes, fits: Fits) -> bytes:
    """What was put off, as far as it is asked for."""
    deferred: Any = load(leaf.deferred, fits)
    return dump(deferred.of(load(questions, fits)), fits)


def merge(found: Sequence[bytes], fits: Fits) -> bytes:
    """Merges what was found in spans that follow one another."""
    first, *others = (load(one, fits) for one in found)
    fold: Any = first
    for later in others:
        fold.merge(later)
    return dump(fold, fits)


@lru_cache(4)
def _task(data: bytes) -> Task[Any]:
    task: Task[Any] = pickle.loads(data)
    return task


def _here(span: Span) -> Span:
    if span.source.is_object:
        return span
    return span._replace(source=storage_of(span.source).here(span.source))


def _parts(task: Task[Any], spans: Sequence[Span]) -> Iterator[Part[Any]]:
    if engine_name() == "native" and len(spans) > 1 and spans[0].source.is_object:
        from ses_cli.scan import threads

        return threads.run(spans, task, _SIDE_BY_SIDE)
    return one_by_one(spans, Worker(task))
