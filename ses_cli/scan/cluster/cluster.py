"""The third engine of a scan: the workers of a Dask cluster."""

import os
import pickle
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from ses_cli.errors import TargetError
from ses_cli.scan.cluster import identity
from ses_cli.scan.cluster.connection import ClusterConnection
from ses_cli.scan.cluster.leaves import leaves
from ses_cli.scan.cluster.probe import probe
from ses_cli.scan.cluster.repeats import Before, Repeats
from ses_cli.scan.cluster.work import Work
from ses_cli.scan.parts import F, Part, Task
from ses_cli.sources import Source, Span

_LEAST, _MOST = 16 << 20, 512 << 20  # bytes of a task
_TASKS = 10_000  # that a scheduler is given at most, each with two that hand over what it found
_SHARE = 8  # tasks that each thread gets at least, where there is that much to do
_AHEAD = 4  # tasks for each thread that are known to the scheduler
_SPREADING = 1000  # tasks at most that spread what they find over partitions: each one gives as many others
_PARTITION, _MOST_PARTITIONS = 8 << 30, 128  # bytes of log
_PACKED = 10  # of these for each that is compressed


class Cluster:
    """See `ses_cli.scan.scan.Engine`. A context, which is left when the work is done, or not wanted any more."""

    def __init__(self, address: str, leaf_size: int | None = None, partitions: int | None = None) -> None:
        """`address` is tcp://, tls:// or `local`. Raises TargetError where there is no scheduler, or no worker.

        `leaf_size` is bytes of a task; None for both is what suits the logs.
        """
        self._leaf_size = leaf_size
        self._partitions = partitions
        self._connection = ClusterConnection(address)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def check(self, sources: Sequence[Source], files: Sequence[str], is_zone_own: bool) -> None:
        """Raises TargetError, before anything is read, that names a worker that could not give the same answer.

        `files` are read to make the fold; `is_zone_own`: times are in the zone of the machine.
        """
        for source in sources:
            if source.size is None:
                hint = "name files that all workers see, or objects"
                raise TargetError(f"{source.name}: a cluster does not read what comes once", hint)
        packed = pickle.dumps((identity.expected(files, is_zone_own), list(map(_absolute, sources))))
        for address, told in sorted(self._connection.ask_all(probe(), packed).items()):
            for difference in [f"failed: {told}"] if isinstance(told, BaseException) else told:
                raise TargetError(f"{self._connection.name}: the worker {address} {difference}")

    def span_size(self, sources: Sequence[Source]) -> int:
        """As much as keeps all threads at work to the end, and the scheduler from having too many tasks."""
        total = sum(source.size or 0 for source in sources)
        return self._leaf_size or task_size(total, self._connection.threads)

    def parts(self, spans: Sequence[Span], task: Task[F]) -> Iterator[Part[F]]:
        """The parts. All but the last one hold an empty fold, unless they are streamed."""
        sources = list(dict.fromkeys(span.source for span in spans))
        total = sum((source.size or 0) * (_PACKED if source.codec else 1) for source in sources)
        count = self._partitions or partitions(total)
        work = Work(self._connection, task, count)
        is_spread = work.is_split or task.checks.selection.dedupe
        size = max(self.span_size(sources), total // _SPREADING if is_spread else 0)
        given = leaves([span._replace(source=_absolute(span.source)) for span in spans], size)
        held: list[Part[F]] = []  # the last one that came
        for some, before in self._with_repeats(list(given), task, count):
            work.give(some, before)
            if work.waiting > self._connection.threads * _AHEAD:
                yield from held
                *parts, last = work.take()
                yield from parts
                held = [last]
        while work.waiting:
            yield from held
            *parts, last = work.take()
            yield from parts
            held = [last]
        for part in held:
            if not task.is_streamed:
                part.fold.merge(work.fold())
            yield part

    def _with_repeats(
        self, given: Sequence[list[Span]], task: Task[F], count: int
    ) -> Iterator[tuple[list[Span], Before | None]]:
        """The spans of each task, and where it matters what of them came before."""
        repeats = Repeats(self._connection, task, given, count) if task.checks.selection.dedupe else None
        for number, some in enumerate(given):
            yield some, repeats.before(number) if repeats else None


def task_size(total: int, threads: int) -> int:
    """Bytes of a task."""
    return max(_LEAST, min(_MOST, total // (threads * _SHARE)), total // _TASKS)


def partitions(total: int) -> int:
    """Parts of what is spread by key, of logs of so many bytes: what a worker has to hold at once is one of them."""
    return min(1 + total // _PARTITION, _MOST_PARTITIONS)


def _absolute(source: Source) -> Source:
    """Workers have other working directories."""
    return source if source.is_object else source._replace(path=os.path.abspath(source.path))
