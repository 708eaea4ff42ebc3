"""A cluster of 1, 2 and 4 workers beside the engine on one machine, on one log in a store on loopback."""

import argparse
import multiprocessing
import os
import pickle
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from ses_cli.fold import Fold
from ses_cli.render.data import document
from ses_cli.reports.bounces import Bounces, BouncesWanted
from ses_cli.reports.summary import Summary
from ses_cli.scan import Task, scan
from ses_cli.scan.cluster.cluster import Cluster
from ses_cli.scan.cluster.connection import ClusterConnection as Scheduler
from ses_cli.scan.cluster.worker import fold_spans
from ses_cli.scan.program import program
from ses_cli.sources import Source, find, spans
from tests.cluster.processes import Processes
from tests.objects.conftest import KEYS
from tests.objects.server import Memory, Server

MAKES: dict[str, Callable[[], Fold]] = {
    "summary": partial(Summary, (), None, 20, frozenset()),
    "bounces": partial(Bounces, BouncesWanted()),
}


class Took(NamedTuple):
    """What a run took."""

    processor: float  # seconds of all its processes, the store's aside
    seconds: float


_PART = 64 << 20  # bytes of an object
_TASKS = 2000


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("--copies", type=int, default=1, help="of the log: how many times it is in the store")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=MAKES, help="of the reports, this one")
    options = parser.parse_args()
    os.environ.update(KEYS)
    with _stored(options.log, options.copies) as (sources, url):
        size = sum(source.size or 0 for source in sources)
        print(f"{size / 1e9:.2f} GB in {len(sources)} objects, {os.cpu_count()} cores\n")
        print("| report | workers | seconds | processor time | of one machine's | MB of a worker |")
        print("|---|---:|---:|---:|---:|---:|")
        for name, make in MAKES.items():
            if options.only in (None, name):
                _compare(name, Task(make), sources, url, options.rounds)
        _sizes(sources)


def _compare(name: str, task: Task[Fold], sources: list[Source], url: str, rounds: int) -> None:
    own = [os.getpid()]
    alone = _best(partial(_report, sources, task), own, rounds)
    _print(name, "none", alone, alone, own)
    settings = {"AWS_ENDPOINT_URL": url, "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
    for count in (1, 2, 4):
        with tempfile.TemporaryDirectory() as directory, Processes(Path(directory), settings) as there:
            there.keep(count)
            workers = [worker.pid for worker in there.workers]
            with Cluster(there.address) as cluster:
                all_of_them = [*own, there.scheduler.pid, *workers]
                found = _best(partial(_report, sources, task, cluster), all_of_them, rounds)
            _print(name, str(count), found, alone, workers)


def _report(sources: list[Source], task: Task[Any], cluster: Cluster | None = None) -> bytes:
    """All that a command prints: where a cluster is asked, some of the work is done before the fold is there."""
    return b"".join(document(scan(sources, task, None, engine=cluster).fold.document()))


def _print(name: str, workers: str, found: Took, alone: Took, measured: Sequence[int]) -> None:
    share = f"{found.processor / alone.processor:.2f}"
    peak = max(map(_peak, measured))
    print(f"| {name} | {workers} | {found.seconds:.1f} | {found.processor:.1f} | {share} | {peak:,.0f} |", flush=True)


def _sizes(sources: list[Source]) -> None:
    """What a task sends back, and how many tasks a scheduler hands out."""
    print()
    span = next(iter(spans(sources[0], _PART)))
    for name, make in MAKES.items():
        leaf = fold_spans(pickle.dumps(Task(make)), [span], 1, program())
        folds = sum(map(len, leaf.folds))
        sizes = f"{folds:,} bytes of fold, {len(leaf.parts):,} of parts, {len(leaf.deferred):,} that stay"
        print(f"{name}: {span.bytes / 1e6:.0f} MB of log are {sizes}")
    with tempfile.TemporaryDirectory() as directory, Processes(Path(directory), {}) as own:
        own.keep(2)
        connection = Scheduler(own.address)
        before = _processor(own.scheduler.pid)
        futures = [connection.submit(len, (number,)) for number in range(_TASKS)]
        for future in futures:
            connection.result(future, "bench")
        used = _processor(own.scheduler.pid) - before
        print(f"the scheduler used {1000 * used / _TASKS:.2f} ms of a processor for a task")
        print(f"this process needed {_peak(os.getpid()):,.0f} MB")
        connection.close()


@contextmanager
def _stored(log: Path, copies: int) -> Iterator[tuple[list[Source], str]]:
    """The log in a store on loopback, in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    store = multiprocessing.get_context("fork").Process(target=_serve, args=(log, copies, theirs), daemon=True)
    store.start()
    url: str = ours.recv()
    sources, errors = find(["s3://logs/"], endpoint=url)
    assert not errors
    yield sources, url
    store.kill()


def _serve(log: Path, copies: int, told: Connection) -> None:
    """Objects of one size, which differ in their first bytes."""
    memory, data, cuts = Memory(), log.read_bytes(), [0]
    while cuts[-1] < len(data):
        cuts.append(data.find(b"\n", min(cuts[-1] + _PART, len(data) - 1)) + 1 or len(data))
    parts = [data[start:end] for start, end in pairwise(cuts)]
    for copy in range(copies):
        for number, part in enumerate(parts):
            memory.objects[f"logs/{copy}-{number:03}.jsonl"] = b"\n" * (copy + 1) + part
    with Server(memory) as server:
        told.send(server.url)
        threading.Event().wait()


def _best(work: Callable[[], object], processes: Sequence[int], rounds: int) -> Took:
    """What the cheapest of some runs took: the others were disturbed."""
    found = []
    for _ in range(rounds):
        begun, used = time.perf_counter(), sum(map(_processor, processes))
        work()
        found.append(Took(sum(map(_processor, processes)) - used, time.perf_counter() - begun))
    return min(found)


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(pid: int) -> float:
    """MB that a process has needed."""
    if pid == os.getpid():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 10 if sys.platform == "linux" else 1 << 20)
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
