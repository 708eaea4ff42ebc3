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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

from ses_cli.fold import Fold
from ses_cli.reports.bounces import Bounces, Wanted
from ses_cli.reports.summary import Summary
from ses_cli.scan import Task, scan
from ses_cli.scan.cluster.cluster import Cluster
from ses_cli.scan.cluster.connection import Connection as Scheduler
from ses_cli.scan.cluster.worker import fold_spans
from ses_cli.scan.program import program
from ses_cli.sources import Source, find, spans
from tests.cluster.processes import Processes
from tests.objects.conftest import KEYS
from tests.objects.server import Memory, Server

MAKES: dict[str, Callable[[], Fold]] = {
    "summary": partial(Summary, (), None, 20, frozenset()),
    "bounces": partial(Bounces, Wanted()),
}
_PART = 64 << 20  # bytes of an object
_TASKS = 2000


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("--copies", type=int, default=1, help="of the log: how many times it is in the store")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ.update(KEYS)
    with _stored(options.log, options.copies) as (sources, url):
        size = sum(source.size or 0 for source in sources)
        print(f"{size / 1e9:.2f} GB in {len(sources)} objects, {os.cpu_count()} cores\n")
        print("| report | workers | seconds | of one machine's | MB of a worker |\n|---|---:|---:|---:|---:|")
        for name, make in MAKES.items():
            _compare(name, Task(make), sources, url, options.rounds)
        _sizes(sources)


def _compare(name: str, task: Task[Fold], sources: list[Source], url: str, rounds: int) -> None:
    alone = _best(lambda: scan(sources, task, None), rounds)
    print(f"| {name} | none | {alone:.2f} | 1.00 | {_peak(os.getpid()):,.0f} |")
    for count in (1, 2, 4):
        with tempfile.TemporaryDirectory() as directory, Processes(Path(directory), {"AWS_ENDPOINT_URL": url}) as own:
            own.keep(count)
            with Cluster(own.address) as cluster:
                seconds = _best(lambda cluster=cluster: scan(sources, task, engine=cluster), rounds)  # type: ignore[misc]
            peak = max(_peak(worker.pid) for worker in own.workers)
            print(f"| {name} | {count} | {seconds:.2f} | {seconds / alone:.2f} | {peak:,.0f} |")


def _sizes(sources: list[Source]) -> None:
    """What a task sends back, and how many tasks a scheduler hands out."""
    print()
    span = next(iter(spans(sources[0], _PART)))
    for name, make in MAKES.items():
        leaf = fold_spans(pickle.dumps(Task(make)), [span], program())
        sizes = f"{len(leaf.fold):,} bytes of fold, {len(leaf.parts):,} of parts, {len(leaf.deferred):,} that stay"
        print(f"{name}: {span.bytes / 1e6:.0f} MB of log are {sizes}")
    with tempfile.TemporaryDirectory() as directory, Processes(Path(directory), {}) as own:
        own.keep(2)
        connection = Scheduler(own.address)
        begun = time.perf_counter()
        futures = [connection.submit(len, (number,)) for number in range(_TASKS)]
        for future in futures:
            connection.result(future, "bench")
        print(
            f"{_TASKS / (time.perf_counter() - begun):,.0f} tasks a second; this process {_peak(os.getpid()):,.0f} MB"
        )
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


def _best(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the fastest of some runs: the others were disturbed."""
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return min(found)


def _peak(pid: int) -> float:
    """MB that a process has needed."""
    if pid == os.getpid():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 10 if sys.platform == "linux" else 1 << 20)
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
