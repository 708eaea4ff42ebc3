"""On a cluster the answer is that of one machine, byte for byte, whatever becomes of its workers."""

import os
import pickle
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import cast

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ses_cli.batch import Checks
from ses_cli.cli.scanning import ReportFold
from ses_cli.errors import SesEventsError, SourceError, TargetError, WorkerTraceback
from ses_cli.ledger import Ledger
from ses_cli.render.data import document
from ses_cli.reports import delivered
from ses_cli.reports.bounces import Bounces, BouncesWanted
from ses_cli.reports.health.report import Health
from ses_cli.reports.listing import Listing
from ses_cli.reports.summary import Summary
from ses_cli.reports.validation import Validation
from ses_cli.scan import Outcome, Part, Task, scan
from ses_cli.scan.cluster import connection
from ses_cli.scan.cluster.cluster import Cluster
from ses_cli.scan.cluster.identity import Expected, differences
from ses_cli.scan.cluster.repeats import repeated, spread
from ses_cli.scan.cluster.worker import fold_new
from ses_cli.scan.program import program
from ses_cli.scan.state import dump, load
from ses_cli.selection import Selection
from ses_cli.sources import Source, Span, find
from ses_cli.sources.storage import HEAD
from tests.cluster.processes import ROOT, Processes
from tests.conftest import Program
from tests.logs import LOGS, log, record
from tests.objects.conftest import Store
from tests.objects.server import Answer, Request, Response

FEW = settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
Told = tuple[object, ...]

ONCE = Checks(selection=Selection(dedupe=True))
TASKS: dict[str, Task[ReportFold]] = {
    "summary": Task(partial(Summary, ("domain", "event"), None, 20, frozenset())),
    "validation": Task(Validation, Checks(explain=True), keep=None),
    "bounces": Task(partial(Bounces, BouncesWanted(also=frozenset({"unsubscribe"})))),
    "listing": Task(partial(Listing, BouncesWanted()), is_streamed=True),
    "mails": Task(partial(Summary, ("bulk-id", "sender"), None, 20, frozenset())),
    "health": Task(Health),
    "once": Task(partial(Summary, ("domain", "event"), None, 20, frozenset()), ONCE),
}


def told(sources: list[Source], task: Task[ReportFold], **how: object) -> Told:
    """All that a scan tells: the report, the ledger, the errors; problems and bounces in the order of their lines."""
    problems: list[object] = []
    bounces: list[object] = []

    def see(part: Part[ReportFold]) -> None:
        if task.keep is None:  # else some of each part are kept, and a cut makes the parts
            problems.extend(part.problems())
        if isinstance(part.fold, Listing):
            bounces.extend(part.fold.bounces)

    outcome: Outcome[ReportFold] = scan(sources, task, watch=see, **how)  # type: ignore[arg-type]
    report = b"".join(document(outcome.fold.document()))
    errors = [error.message for error in outcome.errors]
    return report, outcome.ledger, outcome.first, errors, problems, bounces


def write(directory: Path, *logs: bytes) -> list[Source]:
    """Logs, as sources."""
    for number, data in enumerate(logs):
        (directory / f"{number}.jsonl").write_bytes(b"\n" + data + b"\n" * number)
    sources, errors = find([str(directory / f"{number}.jsonl") for number in range(len(logs))])
    assert not errors
    return sources


@FEW
@given(logs=st.lists(LOGS, min_size=1, max_size=3), span=st.integers(60, 2000), leaf=st.integers(60, 4000))
def test_any_cut_gives_the_same(tmp_path: Path, processes: Processes, logs: list[bytes], span: int, leaf: int) -> None:
    """Spans and tasks of any size, merged in trees: rows, ledger, problems with their lines, and their order."""
    sources = write(tmp_path, *logs)
    with Cluster(processes.address, leaf, partitions=3) as cluster:
        for task in TASKS.values():
            expected = told(sources, task)
            assert told(sources, task, span_size=max(span, 200), engine=cluster) == expected


LOG = b"".join(
    log(record(email=f"u{n % 700}@x{n % 13}.com"), record(event="delivered", email=f"u{n % 900}@x{n % 13}.com"))
    for n in range(4000)
)


def test_deliveries_stay_where_they_are(tmp_path: Path, processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of deliveries, spilled to files or not, only those of addresses that bounced reach the one who asks."""
    monkeypatch.setattr(delivered, "MOST", 100)
    sources, task = write(tmp_path, LOG), TASKS["bounces"]
    with Cluster(processes.address, 100_000) as cluster:
        assert told(sources, task, span_size=100_000, engine=cluster) == told(sources, task)


def test_the_largest_groups_come_from_partitions(tmp_path: Path, processes: Processes) -> None:
    """Of a group for each mail, spread over partitions, those that are shown arrive, and what the others have."""
    mails = log(*(record(bulkId=f"mail{n * n % 997}", event=("open", "delivered")[n % 2]) for n in range(3000)))
    sources, task = write(tmp_path, mails), Task(partial(Summary, ("bulk-id",), None, 5, frozenset(), is_top=True))
    expected = scan(sources, task).fold
    with Cluster(processes.address, 30_000, partitions=3) as cluster:
        read: list[int] = []
        found = scan(
            sources, task, span_size=30_000, engine=cluster, watch=lambda part: read.append(part.bytes_read)
        ).fold
    assert sum(read) >= len(mails)  # what a progress bar goes by
    assert found.tables() == expected.tables()
    assert found.events() == expected.events()
    assert len(found.tally) == len(expected.tally) > 400
    assert len(list(found.tally.largest())) == 3 * 5


def test_each_callback_is_counted_once(tmp_path: Path, processes: Processes) -> None:
    """Callbacks that stand in the logs again, in the same task or in a later one, are left out as on one machine."""
    half = LOG.index(b"\n", len(LOG) // 2) + 1
    sources, task = write(tmp_path, LOG, LOG[:half], b"no json\n" + LOG[half:] * 2), TASKS["once"]
    expected = told(sources, task)
    ledger = expected[1]
    assert isinstance(ledger, Ledger)
    assert (ledger.duplicates, ledger.invalid) == (LOG.count(b"\n") * 2 - LOG[:half].count(b"\n"), 1)
    with Cluster(processes.address, 200_000, partitions=3) as cluster:
        assert told(sources, task, span_size=100_000, engine=cluster) == expected


@given(st.lists(st.lists(st.integers(0, 20).map(lambda n: bytes([n]) * 16), max_size=9), max_size=9), st.integers(1, 5))
def test_repeats_are_found_in_partitions(met: list[list[bytes]], count: int) -> None:
    """What tasks are told of, in any number of partitions, is what an earlier one has met too."""
    told: list[set[bytes]] = [set() for _ in met]
    spread_out = [spread(b"".join(marks), count) for marks in met]
    for partition in range(count):
        found = repeated([dump(partitions[partition], {}) for partitions in spread_out], {})
        for known, data in zip(told, found, strict=True):
            marks = [data[at : at + 16] for at in range(0, len(data), 16)]
            assert len(marks) == len(set(marks) - known)
            known.update(marks)
    assert told == [set(marks) & set(chain(*met[:at])) for at, marks in enumerate(met)]


def test_what_was_not_read_the_first_time_is_an_error(tmp_path: Path) -> None:
    """Where a log could not be read when repeats were looked for, that is told, whatever came of it later."""
    sources, task = write(tmp_path, LOG), TASKS["once"]
    errors = dump([SourceError("a.jsonl: the store did not answer")], {})
    leaf = fold_new(pickle.dumps(task), [Span(sources[0])], 1, {}, 0, errors, [dump([b""], {})])
    (*_, last) = cast(list[Part[ReportFold]], load(leaf.parts, {}))
    assert last.is_last
    assert last.error
    assert last.error.message == "a.jsonl: the store did not answer"


def test_objects_are_read_by_the_workers(store: Store, processes: Processes) -> None:
    """Workers read objects by themselves, with the endpoint that was given here."""
    for number in range(5):
        store.put(f"{number}.jsonl", LOG[number * 30_000 : (number + 1) * 30_000])
    sources, _ = find(["s3://logs/"], endpoint=store.server.url)
    expected = told(sources, TASKS["validation"])
    store.server.seen.clear()
    with Cluster(processes.address, 50_000) as cluster:
        cluster.check(sources, (), False)
        assert told(sources, TASKS["validation"], engine=cluster, span_size=20_000) == expected
    assert len(store.server.seen) >= 5


def test_columns_are_all_there(run: Program, tmp_path: Path, processes: Processes) -> None:
    """An Arrow stream has every record, with its source and its line, from wherever it was read."""
    half = LOG.index(b"\n", len(LOG) // 2) + 1
    names = [source.path for source in write(tmp_path, LOG, LOG[:half], LOG[half:])]
    asked = ("export", "-f", "arrow", *names)
    expected = pa.ipc.open_stream(run(*asked).out).read_all()
    found = pa.ipc.open_stream(run(*asked, "--cluster", processes.address).out).read_all()
    assert found.equals(expected)
    assert len(found) == 2 * LOG.count(b"\n")


def waiting(directory: Path, owner: int) -> Summary:
    """A summary, which a worker makes only when it may."""
    if os.getpid() != owner:
        (directory / f"started-{os.getpid()}").touch()
        while not (directory / "go").exists():
            time.sleep(0.01)
    return Summary()


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    found: list[object] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, found


def started(directory: Path) -> set[int]:
    """The processes that have begun."""
    return {int(path.name.removeprefix("started-")) for path in directory.glob("started-*")}


def wait_for(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@settings(max_examples=2, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["summary", "validation", "bounces", "once"]), moment=st.integers(1, 12), which=st.booleans()
)
def test_a_worker_that_dies_costs_its_spans_again(
    store: Store, running: Processes, name: str, moment: int, which: bool
) -> None:
    """A worker is killed at any moment, a store is busy or cuts answers short: the answer is that of one machine."""
    for number in range(5):
        store.put(f"{number}.jsonl", LOG[number * 30_000 : (number + 1) * 30_000])
    sources, _ = find(["s3://logs/"], endpoint=store.server.url)
    expected = told(sources, TASKS[name])
    running.keep(2)
    asked: list[Request] = []

    def kill(request: Request, answer: Answer) -> Response | None:
        asked.append(request)
        if len(asked) == moment:
            running.workers[which].kill()
        if len(asked) % 5 == 0:
            response = answer(request)
            response.cut = len(response.body) // 2
            return response
        return Response.error(503, "SlowDown") if len(asked) % 7 == 0 else None

    with Cluster(running.address, 10_000) as cluster:
        store.server.faults.append(kill)
        found = told(sources, TASKS[name], span_size=10_000, engine=cluster)
    store.server.faults.clear()
    assert len(asked) >= moment
    assert found == expected


def test_what_changes_meanwhile_is_told_of(store: Store, processes: Processes) -> None:
    """An object is replaced or deleted while workers read, credentials expire: the errors are those of one machine."""
    for number, name in enumerate("abcd"):
        store.put(f"{name}.jsonl", LOG + b"\n" * number)
    sources, _ = find(["s3://logs/"], endpoint=store.server.url)
    store.put("a.jsonl", LOG.replace(b"bounce", b"opened"))
    del store.memory.objects["logs/b.jsonl"]
    expired = Response.error(400, "ExpiredToken")
    store.server.faults.append(lambda request, _: expired if "/d." in request.target else None)
    expected = told(sources, TASKS["summary"], span_size=300_000)
    with Cluster(processes.address, 300_000) as cluster:
        assert told(sources, TASKS["summary"], span_size=300_000, engine=cluster) == expected
    assert [
        "s3://logs/a.jsonl: was replaced while it was read",
        "s3://logs/b.jsonl: was deleted while it was read",
        "s3://logs/d.jsonl: the credentials have expired",
    ] in expected


def dying(owner: int) -> Summary:
    """A summary that no worker survives."""
    if os.getpid() != owner:
        os.kill(os.getpid(), signal.SIGKILL)
    return Summary()


def test_a_span_that_kills_workers_is_named(tmp_path: Path, processes: Processes) -> None:
    """A task that has killed one worker after another ends the run, and the error says which bytes it read."""
    sources = write(tmp_path, log(*[record()] * 50))
    with Cluster(processes.address) as cluster, pytest.raises(SesEventsError) as caught:
        scan(sources, Task(partial(dying, os.getpid())), engine=cluster)
    assert f"{sources[0].name}, bytes 0 to " in caught.value.message
    assert "the workers that read it died, 2 one after another" in caught.value.message


def failing(directory: Path, owner: int) -> Summary:
    """A summary that fails on any worker, and leaves a trace of it."""
    if os.getpid() != owner:
        with (directory / "tries").open("a") as file:
            file.write("once more\n")
        raise ZeroDivisionError("in the middle")
    return Summary()


def test_a_span_that_fails_thrice_is_named(tmp_path: Path, processes: Processes) -> None:
    """What fails on workers is tried three times, and told as itself, with the bytes that it failed on."""
    sources = write(tmp_path, log(*[record()] * 50))
    with Cluster(processes.address) as cluster, pytest.raises(ZeroDivisionError, match="in the middle") as caught:
        scan(sources, Task(partial(failing, tmp_path, os.getpid())), engine=cluster)
    assert (tmp_path / "tries").read_text() == "once more\n" * 3
    assert isinstance(caught.value.__cause__, WorkerTraceback)
    assert caught.value.__cause__.place == f"a worker, {sources[0].name}, bytes 0 to {sources[0].size:,}"


def test_a_state_is_gone_on_with(run: Program, processes: Processes) -> None:
    """With `--state` on a cluster, a run over a log that has grown prints what one over everything prints."""
    for data in (LOG, LOG * 2):
        (run.home / "log.jsonl").write_bytes(data)
        kept = run("bounces", "--json", "--state", "state", "log.jsonl", "--cluster", processes.address)
    expected = run("bounces", "--json", "log.jsonl")
    assert (kept.status, kept.stdout, kept.stderr) == (expected.status, expected.stdout, expected.stderr)


def test_a_worker_that_differs_is_named(tmp_path: Path, processes: Processes) -> None:
    """A worker with another copy of the program is named before anything is read."""
    shutil.copytree(ROOT / "ses_cli", tmp_path / "ses_cli", ignore=shutil.ignore_patterns("native", "__pycache__"))
    (tmp_path / "ses_cli" / "native").mkdir()
    with (tmp_path / "ses_cli" / "ledger.py").open("a") as file:
        file.write("# changed\n")
    worker = processes.start_worker(PYTHONPATH=str(tmp_path))
    try:
        with Cluster(processes.address) as cluster, pytest.raises(TargetError, match=r"the worker tcp://.* has ses-ev"):
            cluster.check(write(tmp_path, LOG), (), False)
    finally:
        worker.kill()
        worker.wait()


def test_what_differs_is_said(tmp_path: Path) -> None:
    """Another version, zone or rules, a file that is not seen, or is another one: each in words."""
    (source,) = write(tmp_path, LOG)
    rules = tmp_path / "rules.toml"
    rules.write_text("")

    def differs(sources: Iterable[Source] = (), **changes: object) -> list[str]:
        wanted = Expected(program(), {}, None)._replace(**changes)  # type: ignore[arg-type]
        return differences(wanted, list(sources))

    assert differs([source]) == []
    assert differs(program={"version": "9"}) == [f"has ses-events version {program()['version']}, not 9"]
    assert "is in the time zone" in differs(zone="Asia/Nowhere")[0]
    assert differs(files={str(rules): "other"}) == [f"has another {rules}"]
    assert differs(files={"/nowhere": "other"}) == ["has no /nowhere"]
    other = source._replace(identity=(1, 2))
    assert differs([other]) == [f"does not see the same: {source.name}: another file"]
    Path(source.path).unlink()
    assert differs([source]) == [f"does not see {source.name}: no such file or directory"]


def test_a_command_asks_the_cluster(run: Program, processes: Processes) -> None:
    """With the variable, or `--cluster`, a command prints what it prints without; `local` starts workers of its own."""
    (run.home / "log.jsonl").write_bytes(LOG + b"no json\n" + LOG)
    asked = ("summarize", "--json", "--dedupe", "log.jsonl")
    expected = run(*asked)
    for address in (processes.address, "local"):
        found = run(*asked, env={"SES_EVENTS_CLUSTER": address})
        assert (found.status, found.stdout, found.stderr) == (expected.status, expected.stdout, expected.stderr)


def test_what_a_cluster_does_not_do_is_refused(run: Program, processes: Processes) -> None:
    """Each with a sentence, before anything is read."""
    (run.home / "log.jsonl").write_bytes(LOG)
    refused = {
        ("--jobs", "2", "--cluster", "local"): "--jobs does nothing with --cluster",
        ("--cluster", "http://example.com"): "--cluster: expected tcp://HOST:PORT",
        ("--cluster", "tcp://example.com"): "--cluster: expected tcp://HOST:PORT",
    }
    for arguments, message in refused.items():
        done = run("summarize", *arguments, "log.jsonl")
        assert (done.status, message in done.stderr) == (2, True), done.stderr
    with Cluster(processes.address) as cluster, pytest.raises(TargetError, match="does not read what comes once"):
        cluster.check([Source("-", "-", None, None, None)], (), False)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_who_asked_and_is_gone_leaves_no_work(
    run: Program, store: Store, processes: Processes, number: signal.Signals, status: int
) -> None:
    """After Ctrl-C or SIGKILL, while the workers wait for a store, the scheduler has nothing left to do."""
    from distributed import Client

    store.put("a.jsonl", LOG)
    reading, writing = os.pipe()

    def hold(request: Request, _answer: Answer) -> Response | None:
        if request.range in (None, (0, HEAD)):
            return None
        os.write(writing, b".")
        return Response(is_held=True)

    store.server.faults.append(hold)
    options = ("--cluster", processes.address, "--endpoint", store.server.url)
    process = run.start("summarize", *options, "s3://logs/a.jsonl", env=store.environment)
    assert os.read(reading, 1) == b"."
    process.send_signal(number)
    assert process.wait(60) == status
    with Client(processes.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        wait_for(lambda: not client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)))
    os.close(reading)
    os.close(writing)


def test_there_is_none(run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """No scheduler there, or no library: a line each."""
    monkeypatch.setattr(connection, "_PATIENCE", 0.2)
    with pytest.raises(TargetError, match=r"^tcp://127\.0\.0\.1:1: no scheduler answers$"):
        Cluster("tcp://127.0.0.1:1")
    (run.home / "log.jsonl").write_bytes(LOG)
    (run.home / "distributed.py").write_text("raise ImportError")
    path = os.pathsep.join([str(run.home), run.environment()["PYTHONPATH"]])
    done = run("summarize", "--cluster", "local", "log.jsonl", env={"PYTHONPATH": path})
    assert done.stderr.splitlines() == [
        "error: --cluster: distributed is not installed",
        "hint: pip install 'ses-events[cluster]'",
    ]


def test_a_scheduler_that_dies_is_told_of(tmp_path: Path, processes: Processes) -> None:
    """The scheduler is killed meanwhile: an error, and no answer. It comes last, because the others need it."""
    sources = write(tmp_path, LOG)
    task: Task[ReportFold] = Task(partial(waiting, tmp_path, os.getpid()))
    with Cluster(processes.address) as cluster:
        thread, found = in_thread(lambda: told(sources, task, engine=cluster))
        wait_for(lambda: bool(started(tmp_path)))
        processes.scheduler.kill()
        thread.join(90)
    (error,) = found
    assert isinstance(error, TargetError)
    assert error.message == f"{processes.address}: the scheduler is gone, and with it what was not done"
