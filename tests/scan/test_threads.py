"""Threads over spans: the same parts in the same order as one by one, and what fails is told as itself."""

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from ses_cli.batch import Batch, Checks, Piece
from ses_cli.engine import is_built
from ses_cli.events import Problem
from ses_cli.reports.summary import Summary
from ses_cli.scan import Task, scan
from ses_cli.scan.threads import read_ahead
from ses_cli.selection import Selection
from ses_cli.sources import find
from tests.logs import log, record

pytestmark = pytest.mark.skipif(not is_built(), reason="the native engine was not built")


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SES_EVENTS_ENGINE", "native")


def lines(n: int) -> bytes:
    """A log in which every callback stands twice, far apart."""
    return log(*(record(timestamp=1654000000 + at % (n // 2)) for at in range(n)))


class Failing(Summary):
    """A fold that fails in the middle of the log."""

    def add(self, batch: Batch) -> None:
        if any(each.timestamp == 1654002000 for each in batch.callbacks()):
            raise ZeroDivisionError("in the middle")


def test_what_fails_in_a_thread_is_told_as_itself(tmp_path: Path) -> None:
    """An exception in a thread ends the scan with that very exception, and no thread stays behind."""
    (tmp_path / "log.jsonl").write_bytes(lines(8000))
    with pytest.raises(ZeroDivisionError, match="in the middle"):
        scan(find([str(tmp_path / "log.jsonl")])[0], Task(Failing), jobs=3, span_size=100_000)
    assert not [each for each in threading.enumerate() if each.name.startswith("scan")]


@pytest.mark.parametrize("jobs", [2, 3, 5])
@pytest.mark.parametrize("names", [["a.jsonl"], ["a.jsonl", "b.jsonl"]])
def test_duplicates_are_left_out_in_the_order_of_the_log(tmp_path: Path, names: list[str], jobs: int) -> None:
    """Any number of threads counts each callback once, at its first line."""
    for name in names:  # each has a first line of its own: none is the copy of another
        (tmp_path / name).write_bytes(log(record(bulkId=name)) + lines(9000))
    sources, _ = find([str(tmp_path / name) for name in names])
    task = Task(Summary, Checks(selection=Selection(dedupe=True)))
    one, many = (scan(sources, task, jobs=n, span_size=100_000) for n in (1, jobs))
    assert many.ledger == one.ledger
    assert many.ledger.duplicates == 9000 * len(names) - 4500
    assert many.fold.events() == one.fold.events()


def test_a_large_compressed_log_is_read_beside_another(tmp_path: Path) -> None:
    """A thread that is far ahead reads on, and what it has found is told as if it came part by part."""
    texts = Random(1)
    block = log(*(record(subject=texts.randbytes(20).hex()) for _ in range(1000)))  # does not compress to nothing
    blocks = (100 << 20) // len(block)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(log(record(bulkId="a"))))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(block * blocks + b"{\n" + block + b"{\n", 1))
    sources, _ = find([str(tmp_path / name) for name in ("a.jsonl.gz", "b.jsonl.gz")])
    wanted = (blocks + 1) * 1000 + 2
    is_read = threading.Event()
    met: list[int] = []

    class Waiting(Summary):
        """A fold that begins the first log when the second one is read."""

        def add(self, batch: Batch) -> None:
            if "a.jsonl" in batch.source:
                assert is_read.wait(60)
            met.append(batch.lines)
            if sum(met) == wanted:
                is_read.set()
            super().add(batch)

    def told(fold: type[Summary], jobs: int) -> object:
        found: list[Problem] = []
        outcome = scan(sources, Task(fold), jobs, watch=lambda part: found.extend(part.problems()))
        return outcome.ledger, outcome.fold.events(), outcome.first, found

    assert told(Waiting, 2) == told(Summary, 1)


def test_pieces_read_ahead_come_in_order_and_what_fails_comes_last() -> None:
    """What a thread reads ahead is what the iterator gives, its exception included."""

    def pieces() -> Iterator[Piece]:
        for at in range(20):
            yield Piece("log", at, b"\n")
        raise OSError("gone")

    ahead = read_ahead(pieces())
    assert [next(ahead).offset for _ in range(20)] == list(range(20))
    with pytest.raises(OSError, match="gone"):
        next(ahead)
