"""Runs that end early are taken up where they stood: nothing is lost, nothing sent twice but the unknown."""

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from ses_cli.batch import Piece
from ses_cli.batch.records import Lane
from ses_cli.pipeline import raw_rows
from ses_cli.replay.engine import Replay, ReplayPolicy
from ses_cli.replay.http.client import Client
from ses_cli.replay.http.options import HttpOptions
from ses_cli.replay.http.target import resolve_target
from ses_cli.replay.journal import JournalSubject, look, open_journal
from ses_cli.replay.result.report import RunEnd

from .logs import NAME, Bytes, jobs, lines, log, pieces, replay
from .servers import OK, Request, Server, serve, status

COUNT, LANES = 3000, 7


def unknown_lines(path: Path, url: str, raws: list[bytes]) -> set[int]:
    """The lines that the journal has as unknown."""
    with look(path, JournalSubject(url, url)) as journal:
        return set(journal.unknown(journal.open_log(NAME, Bytes(raws)).log))


def run_and_kill(server: Server, path: Path, after: int) -> bool:
    """Run a child until the server has `after` requests more, then kill it; whether it was done before."""
    goal = len(server.requests) + after
    reached = threading.Event()

    def script(_number: int, _request: Request) -> bytes:
        if len(server.requests) >= goal:
            reached.set()
        return OK

    server.script = script
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.replay.child", server.url, str(path), str(COUNT)],
        stdout=subprocess.DEVNULL,
    )

    def wait() -> None:
        child.wait(60)
        reached.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    reached.wait(60)
    child.send_signal(signal.SIGKILL)
    waiter.join(60)
    return child.returncode == 0


def test_killed_at_any_moment_and_resumed(tmp_path: Path) -> None:
    """After many kills and resumes all arrived, in each lane's order, and what came twice was unknown."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    path, chance = tmp_path / "j", random.Random(seed)
    declared: set[int] = set()
    raws = lines(COUNT)
    with serve() as server:
        kills = 0
        while not run_and_kill(server, path, chance.randint(1, 400)):
            kills += 1
            if path.exists():
                declared |= unknown_lines(path, server.url, raws)
            assert kills < 200
        bodies = server.bodies()
    numbers = {raw: number for number, raw in enumerate(raws, 1)}
    arrived = [numbers[body] for body in bodies]
    assert kills > 3
    assert set(arrived) == set(range(1, COUNT + 1))
    assert {number for number in arrived if arrived.count(number) > 1} <= declared
    first = list(dict.fromkeys(arrived))
    for lane in range(LANES):
        own = [number for number in first if number % LANES == lane]
        assert own == sorted(own)


def test_a_second_run_sends_nothing(tmp_path: Path) -> None:
    """With all delivered, another run skips all."""
    raws = lines(100)
    with serve() as server:
        replay(raws, server.url, path=tmp_path / "j").run()
        report = replay(raws, server.url, path=tmp_path / "j").run()
        assert len(server.requests) == 100
    assert (report.skipped, report.delivered, report.attempts) == (100, 0, 0)


def test_a_log_that_grew_goes_on(tmp_path: Path) -> None:
    """Lines appended after a run are sent by the next."""
    with serve() as server:
        replay(lines(10), server.url, path=tmp_path / "j").run()
        report = replay(lines(15), server.url, path=tmp_path / "j").run()
    assert (report.skipped, report.delivered) == (10, 5)


def test_failed_ones_are_sent_again(tmp_path: Path) -> None:
    """What failed for good in one run is sent by the next."""
    raws = lines(20)
    with serve(lambda n, _: status(400) if n % 5 == 0 else OK) as server:
        first = replay(raws, server.url, path=tmp_path / "j").run()
        server.script = lambda _n, _: OK
        second = replay(raws, server.url, path=tmp_path / "j").run()
    assert (first.delivered, first.failed) == (16, 4)
    assert (second.delivered, second.skipped) == (4, 16)


def test_unknown_ones_can_be_left_out(tmp_path: Path) -> None:
    """What left without an answer is unknown: `resend` sends it again, `skip` counts it and does not."""
    raws, path = lines(10), tmp_path / "j"
    gate = threading.Event()
    started = threading.Semaphore(0)

    def hang(_number: int, _request: Request) -> bytes:
        started.release()
        gate.wait(20)
        return OK

    with serve(hang) as server:
        run = replay(raws, server.url, ReplayPolicy(concurrency=1, shutdown_timeout=0.0), path=path)

        def stop() -> None:
            started.acquire(timeout=20)
            run.stop()

        threading.Thread(target=stop).start()
        report = run.run()
        gate.set()
        assert (report.end, report.unknown, report.unsent) == (RunEnd.INTERRUPTED, 1, 9)
        assert unknown_lines(path, server.url, raws) == {1}
        copy = tmp_path / "copy"
        copy.write_bytes(path.read_bytes())
        skipping = replay(raws, server.url, ReplayPolicy(resend_unknown=False), path=path).run()
        resending = replay(raws, server.url, ReplayPolicy(), path=copy).run()
    assert (skipping.unknown, skipping.delivered) == (1, 9)
    assert (resending.unknown, resending.resent, resending.delivered) == (0, 1, 10)


def test_stopped_once_waits_for_what_is_in_flight(tmp_path: Path) -> None:
    """One stop: nothing more is sent, what is out is waited for, and the rest is resumable."""
    raws = lines(200)
    holder: list[threading.Event] = [threading.Event()]

    with serve() as server:
        run = replay(raws, server.url, ReplayPolicy(concurrency=4), path=tmp_path / "j", lane=Lane.NONE)

        def script(number: int, _request: Request) -> bytes:
            if number == 50:
                run.stop()
                holder[0].set()
            return OK

        server.script = script
        first = run.run()
        assert holder[0].is_set()
        assert len(server.requests) <= 54  # those before the stop, and as many as could be out
        assert first.end is RunEnd.INTERRUPTED
        assert first.unknown == 0
        assert first.selected == first.delivered + first.unsent
        assert unknown_lines(tmp_path / "j", server.url, raws) == set()
        second = replay(raws, server.url, path=tmp_path / "j").run()
        assert sorted(server.bodies()) == sorted(raws)
    assert first.delivered + second.delivered == 200


def test_a_run_that_only_skips_can_be_stopped(tmp_path: Path) -> None:
    """What was delivered before is passed over in slices, between which a run can be told to end."""
    raws, path = lines(9000), tmp_path / "j"
    with serve() as server:
        sent = JournalSubject(server.url, server.url)
        journal = open_journal(path, sent, 1)
        number = journal.open_log(NAME, Bytes(raws)).log
        for job in jobs(raws):
            journal.feed(number, Piece(NAME, job.entry.offset, job.body + b"\n", job.entry.line))
            (entry,) = journal.admit(number, list(raw_rows(Piece(NAME, job.entry.offset, job.body, job.entry.line))))
            journal.intend([(entry, 1)])
            journal.deliver([entry])
        journal.close()
        journal = open_journal(path, sent, 1)
        number = journal.open_log(NAME, Bytes(raws)).log
        read = 0

        def counted() -> Iterator[Piece]:
            nonlocal read
            for read, piece in enumerate(pieces(raws)):
                if read == 3000:
                    stopped.stop()
                yield piece

        client = Client(resolve_target(server.url, {}), HttpOptions(), 1)
        stopped = Replay(
            log(counted(), number=number), client, journal, ReplayPolicy(), now=iter(range(10**9)).__next__
        )
        report = stopped.run()
        assert report.end is RunEnd.INTERRUPTED
        assert 3000 <= read < 7000
        assert report.skipped == 9000
        assert replay(raws, server.url, path=path).run().skipped == 9000
        assert not server.requests


def test_the_ledger_balances_when_much_fails(tmp_path: Path) -> None:
    """Whatever the target does, each callback selected is counted once."""
    chance = random.Random(5)
    answers = [OK, OK, OK, status(500), status(400), status(429), b"<close>", None]

    def script(_number: int, _request: Request) -> bytes | None:
        return chance.choice(answers)

    with serve(script) as server:
        report = replay(lines(300), server.url, ReplayPolicy(retries=2), path=tmp_path / "j").run()
    assert report.selected == 300
    assert report.delivered + report.failed + report.unknown == 300
    assert report.delivered > 100
    assert report.attempts == sum(report.statuses.values())
    assert sum(failure.count for failure in report.failures.values()) == report.failed + report.unknown
