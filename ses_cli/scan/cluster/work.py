"""What was given out for one scan: spans to be folded, and what they found to be merged where it lies."""

import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Generic, NamedTuple, cast

from distributed import Future

from ses_cli.fold import Deferring
from ses_cli.scan.cluster import worker
from ses_cli.scan.cluster.connection import ClusterConnection
from ses_cli.scan.cluster.repeats import Before
from ses_cli.scan.cluster.tree import Tree
from ses_cli.scan.parts import F, Part, Task
from ses_cli.scan.program import program
from ses_cli.scan.state import dump, load
from ses_cli.sources import Span


class _Asked(NamedTuple):
    """A task that was given out, and its parts."""

    spans: Sequence[Span]
    parts: "Future[bytes]"
    fold: "Future[bytes] | None"  # where it is merged here


class Work(Generic[F]):
    """Tasks on the workers. What reaches this process is the parts, without what was folded, and a few merged folds."""

    def __init__(self, connection: ClusterConnection, task: Task[F], count: int) -> None:
        """What may have too many keys is split in `count` partitions."""
        self._connection = connection
        self._task = task
        self._packed = pickle.dumps(task)
        self._fits = program()
        self._asked: deque[_Asked] = deque()
        self.is_split = worker.splits(task, task.fold())
        self._is_gathering = worker.gathers(task, task.fold())
        self._count = count if self.is_split else 1
        is_merged = not task.is_streamed and not self._is_gathering
        self._folds = [self._tree() for _ in range(self._count if is_merged else 0)]
        self._is_deferring = worker.defers(task, task.fold())
        self._leaves: list[Future[worker.Leaf]] = []  # which have to stay, because they are asked once more

    @property
    def waiting(self) -> int:
        """Tasks of which the parts were not taken."""
        return len(self._asked)

    def give(self, spans: Sequence[Span], before: Before | None = None) -> None:
        """Has spans folded that follow those before. `before` is what of them came before, where that matters."""
        submit, given = self._connection.submit, (self._packed, spans, self._count, self._fits)
        leaf = submit(worker.fold_new, *given, *before) if before else submit(worker.fold_spans, *given)
        fold = submit(worker.fold_of, leaf, 0) if self._is_gathering else None
        self._asked.append(_Asked(spans, submit(worker.parts_of, leaf), fold))
        for partition, tree in enumerate(self._folds):
            tree.add(submit(worker.fold_of, leaf, partition))
        if self._is_deferring:
            self._leaves.append(leaf)

    def take(self) -> list[Part[F]]:
        """The parts of the first spans that were not taken."""
        asked = self._asked.popleft()
        where = _shown(asked.spans)
        parts: Any = load(self._connection.result(asked.parts, where), self._fits)
        if self._task.is_streamed:
            return cast(list[Part[F]], parts)
        for part in parts:
            part.fold = self._task.fold()
        if asked.fold:
            parts[-1].fold.merge(cast(F, load(self._connection.result(asked.fold, where), self._fits)))
        return cast(list[Part[F]], parts)

    def fold(self) -> F:
        """What all of them hold."""
        fold = self._task.fold()
        for found in self._loaded(self._merged()):
            fold.merge(found)
        if self._is_deferring and isinstance(fold, Deferring):
            questions = self._connection.share(dump(fold.questions(), self._fits))
            answers = self._tree()
            for leaf in self._leaves:
                answers.add(self._connection.submit(worker.answers_of, leaf, questions, self._fits))
            for found in self._loaded(answers.rest()):
                fold.resume(found)
        return fold

    def _merged(self) -> "Iterator[Future[bytes]]":
        """What is left to be merged here: a few for each level of the tree, or one for each partition."""
        if not self.is_split or not self._task.is_whole:
            return (future for tree in self._folds for future in tree.rest())
        merged = [self._connection.submit(worker.merge_all, list(tree.rest()), self._fits) for tree in self._folds]
        return iter(merged)

    def _tree(self) -> "Tree[Future[bytes]]":
        return Tree(lambda found: self._connection.submit(worker.merge, list(found), self._fits))

    def _loaded(self, futures: "Iterator[Future[bytes]]") -> Iterator[Any]:
        for future in futures:
            yield load(self._connection.result(future, "merging"), self._fits)


def _shown(spans: Sequence[Span]) -> str:
    first, last = spans[0], spans[-1]
    if first.source.path == last.source.path and first.end is not None:
        return f"{first.source.name}, bytes {first.start:,} to {last.end or 0:,}"
    return first.source.name if len(spans) == 1 else f"{first.source.name} to {last.source.name}"
