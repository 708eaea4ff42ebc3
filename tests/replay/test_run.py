"""The loop as a whole: lazy, in order, following, and with dead letters."""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path

import pytest

from ses_cli.batch import Piece
from ses_cli.batch.records import Lane
from ses_cli.replay.dead_letters import DeadLetters
from ses_cli.replay.engine import Replay, ReplayPolicy
from ses_cli.replay.http.client import Client
from ses_cli.replay.http.options import HttpOptions
from ses_cli.replay.http.target import Reach, Target, resolve_target
from ses_cli.replay.job import Attempt, Job
from ses_cli.replay.journal import NoJournal
from ses_cli.replay.result.report import RunEnd, Snapshot
from ses_cli.replay.schedule.pace import Pace

from .logs import lines, log, pieces, replay
from .servers import OK, Request, serve, status


def test_lanes_arrive_in_order_though_much_fails() -> None:
    """Within a lane callbacks arrive in log order, each only after the former's final outcome."""
    raws = lines(140)

    def script(number: int, _request: Request) -> bytes:
        return status(503) if number % 3 == 0 else OK

    with serve(script) as server:
        report = replay(raws, server.url, ReplayPolicy(concurrency=8, retries=50)).run()
        bodies = server.bodies()
    assert report.delivered == 140
    for lane in range(7):
        own = [raws.index(body) for body in bodies if raws.index(body) % 7 == lane]
        assert own == sorted(own)


def test_a_run_reads_no_further_than_it_must() -> None:
    """The log is read as it is sent: twice what may be in flight is ready, as much is under way."""
    furthest = 0

    def counted() -> Iterator[Piece]:
        nonlocal furthest
        for read, piece in enumerate(pieces(lines(3000)), 1):
            furthest = max(furthest, read - run.report.delivered)
            yield piece

    with serve() as server:
        sender = Client(resolve_target(server.url, {}), HttpOptions(), 4)
        run = Replay(log(counted(), Lane.NONE), sender, NoJournal(), ReplayPolicy(concurrency=4))
        report = run.run()
    assert report.delivered == 3000
    assert furthest <= 4 * (2 + 1 + 1) + 1


def test_one_blocked_lane_bounds_what_is_read() -> None:
    """When all wait behind one failing callback, reading stops at the window."""
    read = 0

    def endless() -> Iterator[Piece | None]:
        nonlocal read
        for piece in pieces(lines(100_000, lanes=1)):
            if run.report.end is not RunEnd.DONE:
                yield None
            read += 1
            yield piece

    with serve(lambda _n, _: status(503)) as server:
        sender = Client(resolve_target(server.url, {}), HttpOptions(), 4)
        run = Replay(log(endless()), sender, NoJournal(), ReplayPolicy(concurrency=4, give_up_time=0.6))
        report = run.run()
    assert report.end is RunEnd.GAVE_UP
    assert read <= 4097


def test_what_is_followed_is_sent_as_it_comes() -> None:
    """A lull in the log does not end the run: what came before it was not held up."""
    arrived: list[int] = []

    with serve() as server:

        def follow() -> Iterator[Piece | None]:
            for piece in pieces(lines(6)):
                while len(server.bodies()) < piece.line - 1:
                    yield None  # nothing more is written until the former has arrived
                arrived.append(len(server.bodies()))
                yield piece

        sender = Client(resolve_target(server.url, {}), HttpOptions(), 4)
        report = Replay(log(follow()), sender, NoJournal(), ReplayPolicy(pace=Pace(speed=1000))).run()
    assert report.delivered == 6
    assert arrived == list(range(6))


class Halves:
    """Answers all that is in flight at once, every other one with 503."""

    def __init__(self) -> None:
        self.flying: list[Job] = []
        self.look: Callable[[], object] = list

    @property
    def in_flight(self) -> int:
        """How many wait."""
        return len(self.flying)

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Nothing is needed."""

    def send(self, jobs: Sequence[Job]) -> None:
        """Begin attempts."""
        self.flying += jobs

    def poll(self, wait: float) -> list[Attempt]:
        """All of them."""
        self.look()
        ended, self.flying = self.flying, []
        return [Attempt(job, 503 if job.number % 2 else 200, "", 0.0) for job in ended]

    def close(self) -> list[Job]:
        """None waits."""
        return []


def test_answers_that_come_at_once_are_settled_in_their_order() -> None:
    """Thirty-two failures among as many successes are no target that fails, though they come in one turn."""
    sender, held = Halves(), list[float]()
    run = Replay(log(lines(400), Lane.NONE), sender, NoJournal(), ReplayPolicy(concurrency=64, retries=0))
    sender.look = lambda: held.append(run.snapshot().held)
    report = run.run()
    assert (report.delivered, report.failed, max(held)) == (200, 200, 0)


def test_dead_letters_are_what_failed(tmp_path: Path) -> None:
    """The file of undelivered callbacks holds them as they were, and can be replayed."""
    raws = lines(30)
    path = tmp_path / "failed.jsonl"
    bad = set(raws[::10])
    with serve(lambda _n, request: status(422) if request.body in bad else OK) as server:
        with path.open("wb") as file:
            dead_letters = DeadLetters(file.writelines)
            first = replay(
                raws, server.url, ReplayPolicy(concurrency=4), dead_letters=dead_letters, lane=Lane.NONE
            ).run()
        server.script = lambda _n, _: OK
        left = path.read_bytes().splitlines()
        second = replay(left, server.url).run()
    assert sorted(left) == sorted(bad)
    assert (first.failed, second.delivered) == (3, 3)


def test_dead_letters_of_a_run_that_gave_up_are_all_the_rest() -> None:
    """When the run ends by itself, all that was not delivered is in the file, each once."""
    raws, file = lines(200), BytesIO()
    with serve(lambda n, _: OK if n <= 20 else status(500)) as server:
        policy = ReplayPolicy(concurrency=4, retries=1, give_up_after=5, give_up_time=0.2)
        report = replay(raws, server.url, policy, dead_letters=DeadLetters(file.writelines)).run()
    assert report.end is RunEnd.GAVE_UP
    left = file.getvalue().splitlines()
    assert len(left) == len(set(left)) == 200 - report.delivered


@pytest.mark.parametrize("pace", [Pace(), Pace(rate=1000), Pace(speed=1000)], ids=["free", "rate", "speed"])
@pytest.mark.parametrize("end", [RunEnd.INTERRUPTED, RunEnd.GAVE_UP, RunEnd.GONE])
def test_the_numbers_add_up_whatever_the_end(end: RunEnd, pace: Pace) -> None:
    """What was taken from the log is delivered, failed or unsent; what a pace only read ahead was not taken."""
    raws, file = lines(60, begin=1), BytesIO()
    answers = {RunEnd.INTERRUPTED: OK, RunEnd.GAVE_UP: status(500), RunEnd.GONE: status(410)}
    policy = ReplayPolicy(concurrency=4, pace=pace, retries=0, give_up_after=2, give_up_time=0.1)
    with serve(lambda n, _: OK if n < 10 else answers[end]) as server:
        run = replay(raws, server.url, policy, dead_letters=DeadLetters(file.writelines))

        def script(number: int, _request: Request) -> bytes:
            if number == 10 and end is RunEnd.INTERRUPTED:
                run.stop()
            return OK if number < 10 else answers[end]

        server.script = script
        report = run.run()
    assert report.end is end
    assert report.selected == report.delivered + report.failed + report.unsent
    if end is not RunEnd.INTERRUPTED:
        assert report.selected == 60
        assert len(file.getvalue().splitlines()) == 60 - report.delivered
        assert report.cause == ("status 500" if end is RunEnd.GAVE_UP else "status 410")


def test_a_pinned_name_is_not_resolved_again() -> None:
    """The connection goes to the address that was classed, whatever the name means to the resolver."""
    with serve() as server:
        url = f"http://handler.invalid:{server.port}/x"
        target = Target(url, url, "handler.invalid", server.port, Reach.LOOPBACK, ("127.0.0.1",), "")
        report = Replay(log(lines(3)), Client(target, HttpOptions(), 1), NoJournal(), ReplayPolicy()).run()
        assert server.requests[0].headers["host"] == f"handler.invalid:{server.port}"
    assert report.delivered == 3


def test_raw_lines_go_as_they_are() -> None:
    """Lines that are not records are sent too, byte for byte, and the same bytes have the same id."""
    raws = [b"not json", b"\xff\x00", b"not json"]
    with serve() as server:
        sender = Client(resolve_target(server.url, {}), HttpOptions(), 1)
        report = Replay(log(raws, None), sender, NoJournal(), ReplayPolicy(concurrency=1)).run()
        assert server.bodies() == raws
        ids = [request.headers["webhook-id"] for request in server.requests]
    assert report.delivered == 3
    assert ids[2] == ids[0] != ids[1]


def test_pace_in_a_run() -> None:
    """A run with a pace is as long as its schedule at least, and has the lateness of each callback."""
    with serve() as server:
        report = replay(lines(11), server.url, ReplayPolicy(pace=Pace(rate=50))).run()
    assert report.lateness.count == 11
    assert report.seconds >= 0.199


def test_progress_and_document() -> None:
    """While it runs snapshots tell how it stands; at the end the document has all numbers."""
    shots: list[Snapshot] = []
    with serve() as server:
        sender = Client(resolve_target(server.url, {}), HttpOptions(), 4)
        run = Replay(log(lines(50)), sender, NoJournal(), ReplayPolicy(concurrency=4), progress=shots.append)
        found = run.run().document()
    assert shots[0].delivered == 0
    assert run.snapshot().delivered == 50
    assert found["statuses"] == {"200": 50}
    assert (found["selected"], found["delivered"], found["end"]) == (50, 50, "done")
