"""Callbacks that came before, of all that is read on a cluster: found by their fingerprints, and told to each task.

The log is read twice. First each task tells the fingerprints of what it counts, spread over partitions. Of a partition
one task gets all, in the order of the log, and tells which of them an earlier one has too. Then each task folds its
spans, as if it had met these before. All stay on the workers, where Dask spills what is too much for their memory.
"""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from distributed import Future

from ses_cli.batch import DEFAULT_CHECKS, Batch, Seen
from ses_cli.engine import engine
from ses_cli.errors import SourceError
from ses_cli.identity import FINGERPRINT
from ses_cli.scan.cluster.connection import ClusterConnection
from ses_cli.scan.cluster.tree import FAN
from ses_cli.scan.cluster.worker import parts_here
from ses_cli.scan.parts import Task
from ses_cli.scan.program import program
from ses_cli.scan.state import dump, load
from ses_cli.sources import Span

Fits = Mapping[str, str]


class Repeats:
    """Given all tasks of a scan in their order: what the callbacks are of each that an earlier one has too."""

    def __init__(
        self, connection: ClusterConnection, task: Task[Any], leaves: Sequence[Sequence[Span]], count: int
    ) -> None:
        """`count` partitions."""
        submit, packed, fits = connection.submit, pickle.dumps(task), program()
        met = [submit(met_in, packed, spans, count, fits) for spans in leaves]
        self._errors = [submit(errors_of, one) for one in met]
        self._known: list[list[Future[bytes]]] = [[] for _ in range(0, len(met), FAN)]  # of so many tasks together
        for partition in range(count):
            # the scheduler keeps what it needs of these: this process need not know of so many
            found = submit(repeated, [submit(partition_of, one, partition) for one in met], fits)
            for at, known in enumerate(self._known):
                known.append(submit(repeated_in, found, at * FAN, fits))

    def before(self, number: int) -> "Before":
        """What a task is told, by its number."""
        return Before(number % FAN, self._errors[number], self._known[number // FAN])


class Before(NamedTuple):
    """See `worker.fold_new`."""

    place: int
    errors: "Future[bytes]"
    known: "list[Future[bytes]]"


class Met(NamedTuple):
    """What a task has met. It stays where it was made."""

    partitions: list[bytes]
    errors: bytes


@dataclass(slots=True)
class Fingerprints:
    """A fold: of what is counted, one after another."""

    all: bytearray = field(default_factory=bytearray)

    def add(self, batch: Batch) -> None:
        """Takes in those of a batch."""
        self.all += batch.fingerprints()

    def merge(self, later: "Fingerprints") -> None:
        """Takes in those of the lines that follow."""
        self.all += later.all


def met_in(task: bytes, spans: Sequence[Span], count: int, fits: Fits) -> Met:
    """The fingerprints of what is counted in spans, in partitions, and what could not be read of each span."""
    given: Task[Any] = pickle.loads(task)
    checks = given.checks._replace(selection=given.checks.selection._replace(dedupe=False), explain=False)
    fold, errors = Fingerprints(), list[SourceError | None]()
    for part in parts_here(Task(Fingerprints, checks, keep=0), spans):
        fold.merge(part.fold)
        if part.is_last:
            errors.append(part.error)
    return Met([dump(found, fits) for found in spread(bytes(fold.all), count)], dump(errors, fits))


def errors_of(met: Met) -> bytes:
    """What goes to the task that reads the same spans once more."""
    return met.errors


def partition_of(met: Met, partition: int) -> bytes:
    """What goes to the one task for a partition."""
    return met.partitions[partition]


def repeated(found: Sequence[bytes], fits: Fits) -> list[bytes]:
    """Of what several tasks have met, in the order of the log: the fingerprints of each that an earlier one has too."""
    make = engine(DEFAULT_CHECKS).seen
    seen = make()
    return [_known(load(one, fits), make(), seen) for one in found]


def _known(marks: Any, own: Seen, seen: Seen) -> bytes:
    """Those that were seen, each once. All are seen then."""
    first, new = own.add(marks), seen.add(marks)
    known = (int.from_bytes(first) & ~int.from_bytes(new)).to_bytes(len(first))
    places, at = [], known.find(1)
    while at >= 0:
        places.append(at * FINGERPRINT)
        at = known.find(1, at + 1)
    return b"".join([marks[place : place + FINGERPRINT] for place in places])


def repeated_in(found: Sequence[bytes], start: int, fits: Fits) -> bytes:
    """What goes to some tasks that follow one another."""
    return dump(list(found[start : start + FAN]), fits)


def spread(marks: bytes, count: int) -> list[bytes]:
    """Fingerprints in partitions, 256 at most, of about one size. Those of a partition are in the order they had."""
    if count == 1:
        return [marks]
    partitions: list[list[bytes]] = [[] for _ in range(count)]
    for at in range(0, len(marks), FINGERPRINT):
        partitions[marks[at + FINGERPRINT - 1] * count >> 8].append(marks[at : at + FINGERPRINT])
    return list(map(b"".join, partitions))
