"""A scan that goes on from a state finds what one over everything finds, and says where it cannot."""

import gzip
import json
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ses_cli.cli.scanning import ReportFold
from ses_cli.render.data import document
from ses_cli.reports.bounces import Bounces, BouncesWanted
from ses_cli.reports.health.report import Asked, Health
from ses_cli.reports.messages.report import Messages
from ses_cli.reports.messages.wanted import MessagesWanted
from ses_cli.reports.summary import Summary
from ses_cli.reports.validation import Validation
from ses_cli.scan import Outcome, Part, Task, scan
from ses_cli.scan.kept import Scanned, scan_on
from ses_cli.scan.scan import Stretch, scan_stretches
from ses_cli.scan.state import StateError
from ses_cli.sources import Source, find
from tests.conftest import Program
from tests.logs import LOGS, log, record
from tests.objects.conftest import Store
from tests.objects.server import Answer, Request, Response

SHARED = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
TASKS: dict[str, Task[ReportFold]] = {
    "summary": Task(partial(Summary, ("domain",), None, 20, frozenset())),
    "validation": Task(Validation),
    "bounces": Task(partial(Bounces, BouncesWanted(classes=frozenset({"policy", "network"})))),
    "health": Task(Health),
    "messages": Task(Messages),
}
TOPS: dict[str, tuple[Callable[[], ReportFold], Callable[[], ReportFold]]] = {  # many rows, and one
    "summary": (partial(Summary, ("domain",), None, 20), partial(Summary, ("domain",), None, 1)),
    "bounces": (partial(Bounces, BouncesWanted()), partial(Bounces, BouncesWanted(top=1))),
    "health": (partial(Health, Asked()), partial(Health, Asked(top=1))),
    "messages": (partial(Messages, MessagesWanted()), partial(Messages, MessagesWanted(top=1))),
}
LOG = log(record(), record(event="delivered"), record(email="b@qq.com"))


See = Callable[[Part[ReportFold]], None]


def on(data: bytes | None, sources: Sequence[Source], task: Task[ReportFold]) -> Scanned[ReportFold]:
    def run(
        stretches: Sequence[Stretch], onto: Outcome[ReportFold], see: Callable[[Part[ReportFold]], None]
    ) -> Outcome[ReportFold]:
        return scan_stretches(stretches, onto, task, watch=see)

    return scan_on(data, sources, task._replace(is_whole=False), run)


def told(outcome: Outcome[ReportFold]) -> tuple[object, ...]:
    return b"".join(document(outcome.fold.document())), outcome.ledger, outcome.first, outcome.sources


def found(directory: Path) -> list[Source]:
    sources, errors = find([str(directory)])
    assert not errors
    return sources


@pytest.mark.parametrize("name", TASKS)
@SHARED
@given(
    logs=st.lists(LOGS.filter(bool), min_size=1, max_size=4),
    order=st.randoms(use_true_random=False),
    cuts=st.lists(st.integers(0, 400), max_size=3),
    is_packed=st.booleans(),
)
def test_each_run_tells_what_one_over_everything_tells(
    tmp_path_factory: pytest.TempPathFactory, name: str, logs: list[bytes], order: object, cuts: list[int],
    is_packed: bool,
) -> None:  # fmt: skip
    """Logs that come in any order, and grow by any bytes, also in the midst of a line: each answer is that of all."""
    directory, state, task = tmp_path_factory.mktemp("logs"), None, TASKS[name]
    numbers = list(range(len(logs)))
    order.shuffle(numbers)  # type: ignore[attr-defined]
    for number in numbers:
        data = b"\n%d\n" % number + logs[number]
        edges = [] if is_packed else sorted(cut for cut in cuts if cut < len(data))
        for edge in [*edges, len(data)]:
            path = directory / f"{number}.jsonl{'.gz' * is_packed}"
            path.write_bytes(gzip.compress(data) if is_packed else data[:edge])
            scanned = on(state, found(directory), task)
            assert told(scanned.outcome) == told(scan(found(directory), task))
            state = scanned.state


def test_what_has_to_be_read_again(tmp_path: Path) -> None:
    """Of many runs, what they found is kept in few; a log that comes late has only the last of them read again."""
    task, state = TASKS["summary"], None
    for number in range(10, 40, 2):
        (tmp_path / f"{number}.jsonl").write_bytes(LOG + b"\n" * number)
        state = on(state, found(tmp_path), task).state
    read: list[str] = []

    def run(
        stretches: Sequence[Stretch], onto: Outcome[ReportFold], see: Callable[[Part[ReportFold]], None]
    ) -> Outcome[ReportFold]:
        read.extend(Path(stretch.source.name).stem for stretch in stretches)
        return scan_stretches(stretches, onto, task, watch=see)

    (tmp_path / "35.jsonl").write_bytes(LOG)
    scanned = scan_on(state, found(tmp_path), task, run)
    assert told(scanned.outcome) == told(scan(found(tmp_path), task))
    assert read == ["35", "36", "38"]
    assert scanned.why == f"{tmp_path}/35.jsonl is new, and comes before {tmp_path}/36.jsonl"
    with (tmp_path / "34.jsonl").open("ab") as file:
        file.write(LOG)
    assert (on(scanned.state, found(tmp_path), task).why or "").endswith("/34.jsonl has grown, and comes before "
        f"{tmp_path}/35.jsonl")  # fmt: skip


@pytest.mark.parametrize("name", ["summary", "bounces", "health", "messages"])
def test_how_many_rows_are_shown_is_no_other_question(tmp_path: Path, name: str) -> None:
    """A state is gone on with whatever `top` is, and the tables show as many as the run asks for."""
    (tmp_path / "log.jsonl").write_bytes(LOG)
    wide, narrow = (Task(make) for make in TOPS[name])
    state = on(None, found(tmp_path), wide).state
    scanned = on(state, found(tmp_path), narrow)
    assert scanned.why is None
    assert scanned.outcome.fold.tables() == scan(found(tmp_path), narrow).fold.tables()


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    """Other options, files or time zone, a log that is gone, replaced, cut or changed: the error says which and why."""
    task, rules, path = TASKS["summary"], tmp_path / "rules.toml", tmp_path / "b.jsonl"
    rules.write_text("")
    task = task._replace(files=(str(rules),))
    path.write_bytes(LOG * 2)
    state = on(None, found(tmp_path), task).state

    def refused(message: str, task: Task[ReportFold] = task) -> None:
        with pytest.raises(StateError, match=message):
            on(state, found(tmp_path), task)

    refused("made with other options", TASKS["validation"])
    rules.write_text("# changed")
    refused("made with another .*rules.toml")
    rules.write_text("")
    for other in (LOG, LOG + b"\n" * 1000, b""):
        path.write_bytes(other)
        refused("b.jsonl, which it covers, was replaced or changed since")
    path.rename(tmp_path / "b.jsonl.1")
    path.write_bytes(LOG * 2)
    refused("b.jsonl, which it covers, was replaced or changed since")
    path.rename(tmp_path / "c.jsonl")
    refused("b.jsonl, which it covers, is not among the logs")
    with pytest.raises(StateError, match="it does not cover -, which comes once"):
        on(None, [Source("-", "-", None, None, None)], task)


def test_another_program_made_it(run: Program) -> None:
    """A state of another version, or one that is damaged, is refused with what to do, and left as it is."""
    (run.home / "log.jsonl").write_bytes(LOG)
    arguments = ("summarize", "--json", "--state", "state", "log.jsonl")
    assert run(*arguments).status == 0
    state = run.home / "state"
    assert state.stat().st_mode & 0o777 == 0o600
    head, _, payload = state.read_bytes().partition(b"\n")
    for data, message in (
        (json.dumps({**json.loads(head), "version": "0.1"}).encode() + b"\n" + payload, "another version: expected"),
        (head + b"\n" + payload[:-1], "damaged"),
    ):
        state.write_bytes(data)
        done = run(*arguments)
        assert (done.status, done.stdout, state.read_bytes()) == (3, "", data)
        assert f"state: this state does not fit: {message}" in done.stderr
        assert "hint: delete it to read everything again" in done.stderr


def test_a_command_goes_on(run: Program) -> None:
    """What a command prints with a state after the log has grown is what it prints without; whatever the time."""
    for data in (LOG, LOG * 3):
        (run.home / "log.jsonl").write_bytes(data)
        kept = run("check", "--json", "--state", "state", "log.jsonl")
    expected = run("check", "--json", "log.jsonl")
    assert (kept.status, kept.stdout, kept.stderr) == (expected.status, expected.stdout, expected.stderr)


REFUSED = {
    "summarize --rejects bad.ndjson": "--state does not go with --rejects",
    "summarize --since 7d": "--state does not go with --since 7d, another time each run",
    "validate": "--state does not go with what is printed line by line",
}


def test_what_it_does_not_go_with(run: Program, store: Store) -> None:
    """What is not in a state is refused by name; so is a state that would be read as a log, or is one."""
    (run.home / "log.jsonl").write_bytes(LOG)
    for command, message in REFUSED.items():
        done = run(*command.split(), "--state", "state", "log.jsonl")
        assert (done.status, message in done.stderr) == (2, True), done.stderr
    for state in ("log.jsonl", "s3://logs/state.jsonl"):
        done = run("summarize", "--state", state, "log.jsonl", env=store.environment)
        assert (done.status, done.stderr.startswith(f"error: --state {state}: ")) == (2, True), done.stderr
    assert (run.home / "log.jsonl").read_bytes() == LOG


def test_a_prefix_that_grows(run: Program, store: Store) -> None:
    """`--state` in the store: the next run reads the new objects alone, and prints what one over all prints."""
    arguments = ("summarize", "--json", "s3://logs/in/")
    for day in range(1, 4):
        store.put(f"in/2026-01-0{day}.jsonl", LOG * day * 300)
        kept = run(*arguments, "--state", "s3://logs/state", env=store.environment)
        assert kept.status == 0, kept.stderr
        read = {seen.target for seen in store.server.seen if seen.range and seen.range[0] > 0}
        assert read <= {f"/logs/in/2026-01-0{day}.jsonl", "/logs/state"}
        store.server.seen.clear()
    assert kept.stdout == run(*arguments, env=store.environment).stdout
    store.put("in/2026-01-02.jsonl", LOG)
    done = run(*arguments, "--state", "s3://logs/state", env=store.environment)
    assert "s3://logs/in/2026-01-02.jsonl, which it covers, was replaced or changed since" in done.stderr


def test_a_run_that_is_killed_leaves_the_old_state(run: Program, store: Store) -> None:
    """SIGKILL while the new state is on its way: the old one is there, and the next run goes on from it."""
    arguments = ("summarize", "--json", "--state", "s3://logs/state", "s3://logs/in.jsonl", "log.jsonl")
    store.put("in.jsonl", LOG * 300)
    (run.home / "log.jsonl").write_bytes(LOG)
    assert run(*arguments, env=store.environment).status == 0
    old = store.memory.objects["logs/state"]
    with (run.home / "log.jsonl").open("ab") as file:
        file.write(LOG)

    def kill(request: Request, _answer: Answer) -> Response | None:
        if request.method != "PUT":
            return None
        process.send_signal(signal.SIGKILL)
        return Response(is_held=True)

    store.server.faults.append(kill)
    process = run.start(*arguments, env=store.environment)
    assert process.wait(60) == -signal.SIGKILL
    assert store.memory.objects["logs/state"] == old
    store.server.faults.clear()
    kept = run(*arguments, env=store.environment)
    expected = run("summarize", "--json", "s3://logs/in.jsonl", "log.jsonl", env=store.environment)
    assert (kept.status, kept.stdout) == (0, expected.stdout)
