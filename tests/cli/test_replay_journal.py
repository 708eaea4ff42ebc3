"""What a user sees of the journals of `ses-events replay`: which one goes on, and what it says."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from tests.conftest import LIMIT, Program
from tests.logs import log, record
from tests.replay.servers import OK, Request, serve, status

SECRET = "s3cr3t-of-the-url"


@pytest.fixture
def source(run: Program) -> Path:
    """A log of nine callbacks."""
    path = run.home / "log.jsonl"
    path.write_bytes(log(*(record(bulkId=str(n)) for n in range(9))))
    return path


def journal_of(run: Program) -> Path:
    """The one journal that there is."""
    (path,) = run.home.glob("*.replay-*.db")
    return path


@pytest.mark.usefixtures("source")
def test_another_spelling_of_the_target_is_noted_before_anything_is_sent(run: Program) -> None:
    """The note names the journal that knows the log, and what it advises sends nothing twice."""
    with serve() as server:
        url = f"{server.url}?token={SECRET}"
        assert run("replay", "--to", url, "log.jsonl").status == 0
        journal = journal_of(run).name
        other = url.replace("127.0.0.1", "localhost")
        looked = run("replay", "--dry-run", "--to", other, "log.jsonl")
        assert f"--journal {journal} --same-target skips what was delivered" in looked.stderr
        assert SECRET not in looked.stderr
        done = run("replay", "--to", other, "--journal", journal, "--same-target", "--json", "log.jsonl")
        assert (done.status, json.loads(done.out)["replay"]["skipped"], len(server.bodies())) == (0, 9, 9)


@pytest.mark.usefixtures("source")
def test_same_target_finds_the_journal(run: Program) -> None:
    """Without `--journal` it goes on with the one beside the log, and afterwards the new name is the target's."""
    with serve() as server:
        assert run("replay", "--to", server.url, "log.jsonl").status == 0
        other = server.url.replace("127.0.0.1", "localhost")
        for options in (("--same-target",), ("--journal", journal_of(run).name)):
            assert run("replay", "--to", other, *options, "log.jsonl").status == 0
        assert len(server.bodies()) == 9
        assert "localhost" in run("replay", "--status", journal_of(run).name).stdout


@pytest.mark.usefixtures("source")
def test_same_target_chooses_none_of_two(run: Program) -> None:
    """Where two journals know the log it is refused with status 2, naming both."""
    with serve() as server:
        for name in ("a.replay-x.db", "b.replay-x.db"):
            assert run("replay", "--to", server.url, "--journal", name, "log.jsonl").status == 0
        done = run("replay", "--to", server.url.replace("127.0.0.1", "localhost"), "--same-target", "log.jsonl")
    assert (done.status, len(server.bodies())) == (2, 18)
    assert "a.replay-x.db, b.replay-x.db" in done.stderr


def test_another_token_needs_a_word(run: Program, source: Path) -> None:
    """The default journal of the same host is another target's until `--same-target` says it is not."""
    with serve() as server:
        assert run("replay", "--to", f"{server.url}?token=1", "log.jsonl").status == 0
        refused = run("replay", "--to", f"{server.url}?token=2", "log.jsonl")
        assert (refused.status, "--same-target" in refused.stderr) == (3, True)
        assert run("replay", "--to", f"{server.url}?token=2", "--same-target", "log.jsonl").status == 0
        assert sorted(server.bodies()) == source.read_bytes().splitlines()


@pytest.mark.usefixtures("source")
def test_status_after_a_kill(run: Program) -> None:
    """It lists what failed and what is unknown, by line, changes nothing, and agrees with the next run."""
    waiting, stalled = threading.Barrier(3), threading.Event()

    def script(_number: int, request: Request) -> bytes:
        # by what comes, not by how many came: one of two connections may be accepted after the other's third request
        message = json.loads(request.body)["bulkId"]
        if stalled.is_set():
            return OK
        if message in ("4", "5"):
            waiting.wait(LIMIT)
            stalled.wait(LIMIT)
        return status(422) if message == "1" else OK

    with serve(script) as server:
        process = run.start("replay", "--to", server.url, "-c", "2", "log.jsonl")
        waiting.wait(LIMIT)
        used = json.loads(run("replay", "--status", journal_of(run), "--json").out)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=LIMIT)
        stalled.set()
        before = journal_of(run).read_bytes()
        found = json.loads(run("replay", "--status", journal_of(run), "--json").out)
        assert journal_of(run).read_bytes() == before
        shown = run("replay", "--status", journal_of(run)).stdout
        again = json.loads(run("replay", "--to", server.url, "--json", "log.jsonl").out)["replay"]
        at_end = json.loads(run("replay", "--status", journal_of(run), "--json").out)["logs"][0]
    (one,) = found["logs"]
    assert (used["in_use"], found["in_use"]) == (True, False)
    assert (used["logs"][0]["unknown"], used["logs"][0]["in_flight"]) == ([], [5, 6])
    assert one["unknown"] == [5, 6]
    assert (one["failed"], one["in_flight"]) == ([2], [])
    assert (again["resent"], again["skipped"], again["delivered"]) == (2, 3, 6)
    assert (at_end["failed"], at_end["unknown"], at_end["progress"][0]["delivered"]) == ([], [], 9)
    assert "not delivered" in shown
    assert "unknown" in shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"schema":"ses-events/replay-journal@1","target":"x"}\n', "a journal of an earlier version"),
        (b"something else", "not a replay journal"),
        (b"SQLite format 3\0" + b"\xff" * 200, "not a replay journal"),
        (None, "no such journal"),
    ],
)
def test_what_is_no_journal(run: Program, source: Path, content: bytes | None, said: str) -> None:
    """It is told as what it is, with status 3, and left as it is; nothing is sent."""
    if content is not None:
        (run.home / "j").write_bytes(content)
    done = run("replay", "--status", "j")
    assert (done.status, said in done.stderr) == (3, True)
    if content is None:
        return
    with serve() as server:
        done = run("replay", "--to", server.url, "--journal", "j", source)
        assert (done.status, said in done.stderr, server.bodies()) == (3, True, [])
    assert (run.home / "j").read_bytes() == content


def test_a_journal_of_a_version_before_in_the_default_place(run: Program, source: Path) -> None:
    """It is not passed over: nothing is sent until the user says what is to become of it."""
    with serve() as server:
        former = run.home / f"{source.name}.replay-127.0.0.1-{server.port}.jsonl"
        former.write_bytes(b'{"schema":"ses-events/replay-journal@1","target":"x"}\n')
        done = run("replay", "--to", server.url, "log.jsonl")
        assert (done.status, "a journal of an earlier version" in done.stderr, server.bodies()) == (3, True, [])


@pytest.mark.usefixtures("source")
def test_a_journal_called_like_its_log(run: Program) -> None:
    """A log is not taken for a journal of an earlier version, whatever the journal is called."""
    with serve() as server:
        assert run("replay", "--to", server.url, "--journal", "log.db", "log.jsonl").status == 0
        assert len(server.bodies()) == 9


@pytest.mark.parametrize("options", [("log.jsonl",), ("--dry-run",), ("--rate", "3"), ("--same-target",)])
@pytest.mark.usefixtures("source")
def test_status_sends_nothing(run: Program, options: tuple[str, ...]) -> None:
    """What says how to send does nothing with it, and is refused."""
    done = run("replay", "--status", "j", *options)
    assert (done.status, "does nothing with --status" in done.stderr) == (2, True)


def test_results_keep_an_outcome_a_line(run: Program, source: Path) -> None:
    """Each run appends how its callbacks ended, with the line, the id, the attempts and the answer."""
    with serve(lambda n, _request: status(422) if n == 3 else OK) as server:
        command = ("replay", "--to", server.url, "-c", "1", "--results", "r.jsonl", "log.jsonl")
        assert [run(*command).status, run(*command).status] == [1, 0]
        ids = [request.headers["webhook-id"] for request in server.requests]
    rows = [json.loads(line) for line in (run.home / "r.jsonl").read_bytes().splitlines()]
    assert [(row["line"], row["outcome"], row["status"]) for row in rows] == [
        (n, "failed" if n == 3 else "delivered", 422 if n == 3 else 200) for n in range(1, 10)
    ] + [(3, "delivered", 200)]
    assert [row["id"] for row in rows] == ids
    assert {(row["source"], row["attempts"], row["error"]) for row in rows} == {("log.jsonl", 1, "")}
    assert (run.home / "r.jsonl").stat().st_mode & 0o777 == source.stat().st_mode & 0o777
    assert run("replay", "--to", server.url, "--results", "log.jsonl", "log.jsonl").status == 2


def test_results_that_cannot_be_written(run: Program, source: Path) -> None:
    """All is sent all the same, and the status is 3."""
    with serve() as server:
        done = run("replay", "--to", server.url, "--results", "/dev/full", "log.jsonl")
        assert sorted(server.bodies()) == source.read_bytes().splitlines()
    assert (done.status, "/dev/full: cannot be written" in done.stderr) == (3, True)


def test_a_log_that_is_truncated_while_it_is_sent(run: Program) -> None:
    """What was read is sent, and the end that is missing is told of with status 3."""
    source = run.home / "log.jsonl"
    source.write_bytes(log(*(record(bulkId=str(n)) for n in range(20_000))))

    def script(_number: int, _request: Request) -> bytes:
        if source.stat().st_size:
            os.truncate(source, 0)
        return OK

    with serve(script) as server:
        done = run("replay", "--to", server.url, "log.jsonl")
        assert 0 < len(server.bodies()) < 20_000
    assert (done.status, "shrank" in done.stderr) == (3, True)
