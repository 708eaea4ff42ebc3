"""Cut anywhere, by any number of processes, a scan finds the same; and a process that dies costs its span again."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ses_cli.batch import Batch, Checks
from ses_cli.errors import SesEventsError, WorkerTraceback
from ses_cli.events import ERRORS, Problem
from ses_cli.reports.summary import Summary
from ses_cli.reports.validation import Validation
from ses_cli.scan import Outcome, Part, Task, scan
from ses_cli.selection import Selection
from ses_cli.sources import Source, find
from ses_cli.table import Data, Table
from tests.logs import LOGS, Record, content, log, record

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
FEW = settings(SHARED, max_examples=12)
SELECTIONS = st.builds(
    Selection,
    events=st.sampled_from([frozenset(), frozenset({"bounce", "open"})]),
    domains=st.sampled_from([frozenset(), frozenset({"qq.com"})]),
    since=st.sampled_from([None, 1654200000]),
    until=st.sampled_from([None, 1654400000]),
    dedupe=st.booleans(),
)


@dataclass
class Kept:
    """A fold that keeps all it is given, and can die on the way."""

    name: str = ""  # of a file whose removal is the permission to die
    seen: list[Record] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        self.seen += list(map(content, batch.callbacks()))
        if self.name and batch.piece.line > 1:
            self.die()

    def die(self) -> None:
        try:
            os.unlink(self.name)
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    def merge(self, later: "Kept") -> None:
        self.seen += later.seen

    def tables(self) -> list[Table]:
        return []

    def data(self) -> Data:
        return Data((), [])

    def document(self) -> dict[str, object]:
        return {}


@dataclass
class Dead(Kept):
    """A fold that always dies."""

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


Found = tuple[object, ...]


def sources(folder: Path, *logs: bytes) -> list[Source]:
    for at, data in enumerate(logs):
        (folder / f"{at}.jsonl").write_bytes(data)
    return find([str(folder / f"{at}.jsonl") for at in range(len(logs))])[0]


def run(of: list[Source], make: Callable[[], Any], jobs: int = 1, size: int = 1 << 24, **options: Any) -> Found:
    """All that a scan finds: the report, the ledger, and every problem in order."""
    problems: list[Problem] = []
    raws: list[bytes] = []

    def watch(part: Part[Any]) -> None:
        problems.extend(part.problems())
        raws.extend(invalid.raw for invalid in part.invalid)

    task = Task(make, Checks(explain=not options.get("strict"), **options), keep=None)
    outcome: Outcome[Any] = scan(of, task, jobs, size, watch)
    return outcome.fold, outcome.ledger, outcome.first, [*map(str, outcome.errors)], problems, raws


class Started(Kept):
    """A fold that keeps how the process of each batch was started."""

    def add(self, batch: Batch) -> None:
        self.seen.append({"method": multiprocessing.get_start_method(allow_none=True)})


FOLDS: list[Callable[[], Any]] = [Kept, partial(Summary, ("domain", "hour")), Validation]


@SHARED
@given(logs=st.lists(LOGS, min_size=1, max_size=3), size=st.integers(1, 2000), selection=SELECTIONS,
       make=st.sampled_from(FOLDS), strict=st.booleans())  # fmt: skip
def test_cut_anywhere_a_scan_finds_the_same(
    tmp_path: Path, logs: list[bytes], size: int, selection: Selection, make: Callable[[], Any], strict: bool
) -> None:
    """Spans of any size give the same report, ledger and problems, with line numbers and offsets."""
    of = sources(tmp_path, *logs)
    assert run(of, make, 1, size, selection=selection, strict=strict) == run(
        of, make, selection=selection, strict=strict
    )


@FEW
@given(logs=st.lists(LOGS, min_size=1, max_size=2), size=st.integers(300, 2000), jobs=st.integers(2, 4))
def test_processes_find_what_one_finds(tmp_path: Path, logs: list[bytes], size: int, jobs: int) -> None:
    """Any number of processes gives the same report, ledger and problems."""
    of = sources(tmp_path, *logs)
    for make in FOLDS:
        assert run(of, make, jobs, size) == run(of, make)


@pytest.mark.usefixtures("processes")
def test_spawned_processes_find_what_one_finds(tmp_path: Path) -> None:
    """Where this process has threads, workers are spawned rather than forked, and the result is the same."""
    of = sources(tmp_path, log(*(record(bulkId=f"q-{n}", colour=n) for n in range(30)), {"event": "bonce"}))
    over = threading.Event()
    thread = threading.Thread(target=over.wait, args=(60,))
    thread.start()
    try:
        assert run(of, Validation, 2, 1000) == run(of, Validation)
        started = scan(of, Task(Started), 2, 1000).fold.seen
    finally:
        over.set()
        thread.join(10)
    assert {record["method"] for record in started} == {"spawn"}


@SHARED
@given(data=LOGS, selection=SELECTIONS, strict=st.booleans(), max_line=st.integers(1, 600))
def test_the_ledger_balances(tmp_path: Path, data: bytes, selection: Selection, strict: bool, max_line: int) -> None:
    """`lines = valid + invalid + blank` and `valid = counted + filtered + duplicates`, whatever the log."""
    outcome = scan(sources(tmp_path, data), Task(Kept, Checks(max_line, strict, selection=selection)))
    ledger = outcome.ledger
    assert ledger.lines == data.count(b"\n") + (data[-1:] not in (b"\n", b""))
    assert ledger.lines == ledger.valid + ledger.invalid + ledger.blank
    assert ledger.valid == ledger.counted + ledger.filtered + ledger.duplicates
    assert ledger.counted == len(outcome.fold.seen)
    assert sum(ledger.problems.values()) >= ledger.invalid
    assert strict or ledger.problems.keys() <= ERRORS.keys()


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are processes: the engine is the one in Python."""
    monkeypatch.setenv("SES_EVENTS_ENGINE", "python")


@pytest.mark.usefixtures("processes")
def test_a_killed_process_costs_its_span_again(tmp_path: Path) -> None:
    """A process killed in the middle of a span: the span is read again, and everything is found once."""
    of = sources(tmp_path, log(*(record(timestamp=1654000000 + n) for n in range(3000))))
    order = tmp_path / "die"
    order.touch()
    dying = run(of, partial(Kept, str(order)), jobs=2, size=400_000)
    assert not order.exists(), "nobody died"
    assert dying == run(of, partial(Kept, str(order)))


@pytest.mark.usefixtures("processes")
def test_a_span_that_kills_every_process_ends_the_run(tmp_path: Path) -> None:
    """A span whose process is killed again and again is an error that names it, not an endless loop."""
    of = sources(tmp_path, log(*(record(timestamp=1654000000 + n) for n in range(3000))))
    with pytest.raises(SesEventsError, match=r"0\.jsonl, bytes .* was killed 3 times"):
        run(of, partial(Dead, "x"), jobs=2, size=400_000)


@dataclass
class Broken(Kept):
    """A fold with a defect."""

    def add(self, batch: Batch) -> None:
        raise ZeroDivisionError(f"{batch.count} by nothing")


class Awkward(Exception):
    """An exception that cannot be sent from process to process."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(one)
        self.two = lambda: two


@dataclass
class Unsendable(Kept):
    def add(self, batch: Batch) -> None:
        raise Awkward(1, 2)


@dataclass
class Leaving(Kept):
    """A fold that ends its process without a signal."""

    def add(self, batch: Batch) -> None:
        os._exit(7)


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(
    ("make", "kind", "text"), [(Broken, ZeroDivisionError, "by nothing"), (Unsendable, RuntimeError, "Awkward: 1")]
)
def test_an_exception_in_a_process_is_told_as_itself(
    tmp_path: Path, make: type[Kept], kind: type[Exception], text: str
) -> None:
    """A defect in a worker is raised here, once, with the place and the traceback there; nothing was killed."""
    of = sources(tmp_path, log(*(record(timestamp=1654000000 + n) for n in range(3000))))
    with pytest.raises(kind, match=text) as caught:
        run(of, make, jobs=2, size=400_000)
    cause = caught.value.__cause__
    assert isinstance(cause, WorkerTraceback)
    assert cause.place.startswith("ses_cli/scan/parts.py:")
    assert "test_scanning.py" in str(cause)


@pytest.mark.usefixtures("processes")
def test_a_process_that_ends_by_itself_was_not_killed(tmp_path: Path) -> None:
    """Of a worker that ends with a status the status is told, not a signal, nor is memory blamed."""
    of = sources(tmp_path, log(*(record(timestamp=1654000000 + n) for n in range(3000))))
    with pytest.raises(SesEventsError, match="ended 3 times with status 7") as caught:
        run(of, Leaving, jobs=2, size=400_000)
    assert caught.value.hint is None


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_file_that_shrank_is_one_error(tmp_path: Path, jobs: int) -> None:
    """A file of many spans that was truncated is told of once, with its sizes; what is left is counted."""
    of = sources(tmp_path, log(*[record()] * 3000))
    os.truncate(of[0].path, len(log(record())) * 10)
    _, ledger, _, errors, *_ = run(of, Kept, jobs, size=100_000)
    assert getattr(ledger, "counted") == 10  # noqa: B009
    (error,) = _all(errors)
    assert error == f"{of[0].name}: shrank from {of[0].size:,} to {len(log(record())) * 10:,} bytes while it was read"


def test_a_small_log_stays_in_one_process(tmp_path: Path) -> None:
    """Processes are not worth their start for logs of a few kilobytes, however many."""
    of = sources(tmp_path, *[log(record(), record())] * 5)

    class Here(Kept):
        def add(self, batch: Batch) -> None:
            self.seen += [{"process": os.getpid()} for _ in batch.callbacks()]

    outcome = scan(of, Task(Here), jobs=4)
    assert {found["process"] for found in outcome.fold.seen} == {os.getpid()}


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_source_that_fails_costs_no_other(tmp_path: Path, jobs: int) -> None:
    """A file that vanished is one error; the others are counted, line numbers and all."""
    of = sources(tmp_path, log(record()), log(record()) * 3, log(record(), 1))
    (tmp_path / "1.jsonl").unlink()
    _, ledger, first, errors, *_ = run(of, Kept, jobs, size=100)
    assert getattr(ledger, "lines") == 3  # noqa: B009
    assert [str(error) for error in _all(errors)] == [f"{tmp_path}/1.jsonl: no such file or directory"]
    assert [(problem.line, problem.code) for problem in _all(first)] == [(2, "not-object")]


def _all(found: object) -> Iterable[Any]:
    assert isinstance(found, list)
    return found


def test_a_log_that_grows_is_noted(tmp_path: Path) -> None:
    """A log that is written to while it is read is named in the outcome."""
    of = sources(tmp_path, log(record()))

    class Writing(Kept):
        def add(self, batch: Batch) -> None:
            with open(batch.piece.source, "ab") as file:
                file.write(log(record()))

    outcome = scan(of, Task(Writing))
    assert outcome.grown == [of[0].name]
    assert outcome.ledger.lines == 1


def test_many_problems_come_in_parts(tmp_path: Path) -> None:
    """A log of nothing but broken lines comes in parts of bounded size, its lines numbered through."""
    of = sources(tmp_path, b"x\n" * 100_000)
    sizes: list[int] = []
    found: list[Problem] = []

    def watch(part: Part[Kept]) -> None:
        sizes.append(len(part.invalid))
        found.extend(part.problems())

    scan(of, Task(Kept, keep=None), watch=watch)
    assert [problem.line for problem in found] == list(range(1, 100_001))
    assert [problem.offset for problem in found] == list(range(0, 200_000, 2))
    assert len(sizes) > 2


def test_the_ledger_is_added_field_by_field() -> None:
    """Every field of the ledger takes part when two are merged."""
    from ses_cli.ledger import Ledger

    def ledger(n: int) -> Ledger:
        found = Ledger()
        for at, name in enumerate(vars(found)):
            value = getattr(found, name)
            setattr(found, name, n + at) if isinstance(value, int) else value.update({name: n})
        return found

    left, right = ledger(10), ledger(200)
    left.merge(right)
    for at, (name, value) in enumerate(vars(left).items()):
        assert value == 210 + 2 * at if isinstance(value, int) else value == {name: 210}
