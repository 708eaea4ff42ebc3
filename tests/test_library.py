"""What the commands do, done by the names that the package hands on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ses_cli import (
    BouncesWanted,
    Checks,
    Classifier,
    Follower,
    Listing,
    LiveReport,
    LogChange,
    Reader,
    ReplaySettings,
    Summary,
    Task,
    Validation,
    find,
    prepare_replay,
    resolve_target,
    scan_sources,
)
from ses_cli.reports.listing import Bounced
from tests.conftest import LIMIT
from tests.logs import log, record
from tests.replay.servers import serve

ROOT = Path(__file__).parent.parent
RECEIVE = """
import sys
from pathlib import Path
from ses_cli import Access, ReceiverPolicy, ReceiverSettings, serve

policy = ReceiverPolicy(Access(path="/in"), reject_invalid=True)
settings = ReceiverSettings(Path(sys.argv[1]), port=0, policy=policy)
# events come from several threads, and print writes a line and its end apart
totals = serve(settings, lambda event: print(f"{getattr(event, 'port', type(event).__name__)}\\n", end="", flush=True))
print(totals.stored, totals.rejected)
"""


def test_a_log_is_validated_and_its_bounces_listed(tmp_path: Path) -> None:
    """`scan_sources` folds into any report, with the problems of invalid lines where they are asked for."""
    (tmp_path / "log").write_bytes(log(record(), record(event="open"), record(event="bonce")))
    sources, errors = find([str(tmp_path / "log"), str(tmp_path / "missing")])
    assert len(errors) == 1
    found = scan_sources(sources, Task(Validation, Checks(explain=True)))
    assert (found.ledger.valid, found.ledger.invalid) == (2, 1)
    assert found.first[0].code == "unknown-event"
    bounces: list[Bounced] = []
    scan_sources(sources, Task(lambda: Listing(BouncesWanted())), watch=lambda part: bounces.extend(part.fold.bounces))
    (bounce,) = bounces
    assert bounce.verdict == Classifier.load().classify(bounce.reason, "hard_bounce")


def test_a_replay_delivers_and_resumes(tmp_path: Path) -> None:
    """A session sends every callback once, and with its journal a second one sends nothing."""
    (tmp_path / "log").write_bytes(log(*(record(bulkId=f"q-{n}") for n in range(20))))
    sources, _ = find([str(tmp_path / "log")])
    with serve() as server:
        target = resolve_target(server.url, os.environ)
        settings = ReplaySettings(sources, target, journal=tmp_path / "sent.db")
        assert prepare_replay(settings).run.run().delivered == 20
        report = prepare_replay(settings).run.run()
        assert (report.delivered, report.skipped, len(server.bodies())) == (0, 20, 20)


def test_a_receiver_stores_what_a_replay_sends(tmp_path: Path) -> None:
    """`serve` receives until SIGTERM, and says what it did."""
    data = log(*(record(bulkId=f"q-{n}") for n in range(20)))
    (tmp_path / "log").write_bytes(data)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    receiver = subprocess.Popen(
        [sys.executable, "-c", RECEIVE, tmp_path / "received"], stdout=subprocess.PIPE, env=environment
    )
    try:
        assert receiver.stdout
        port = int(receiver.stdout.readline())
        sources, _ = find([str(tmp_path / "log")])
        target = resolve_target(f"http://127.0.0.1:{port}/in", os.environ)
        assert prepare_replay(ReplaySettings(sources, target)).run.run().delivered == 20
        receiver.send_signal(signal.SIGTERM)
        out, _ = receiver.communicate(timeout=LIMIT)
    finally:
        receiver.kill()
        receiver.wait(LIMIT)
    told = out.split()
    assert (told.count(b"Stored"), told.count(b"Answered"), told[-2:]) == (20, 20, [b"20", b"0"])
    assert sorted((tmp_path / "received").read_bytes().splitlines()) == sorted(data.splitlines())


def test_a_log_is_followed_through_rotation(tmp_path: Path) -> None:
    """`LiveReport` and `Follower` read what is written, in the next file too."""
    path, changes = tmp_path / "log.jsonl", list[LogChange]()
    path.write_bytes(log(record()))
    live = LiveReport(str(path), "log.jsonl", Summary, Checks(), changes.append)
    reader = Reader()
    with Follower(str(path), 1 << 20, changes.append) as follower:
        pieces = iter(follower)

        def read_all(lines: int) -> None:
            deadline = time.monotonic() + LIMIT
            while reader.ledger.lines < lines or live.outcome.ledger.lines < lines:
                assert time.monotonic() < deadline
                live.advance(deadline)
                if (piece := next(pieces)) is not None:
                    reader.read(piece)

        read_all(1)
        path.rename(tmp_path / "log.jsonl.1")
        path.write_bytes(log(record(event="open"), record(event="click")))
        read_all(3)
    live.close()
    assert {event: n for event, n in live.outcome.fold.events().items() if n} == {"bounce": 1, "open": 1, "click": 1}
    assert reader.ledger.valid == 3
    assert {change.kind for change in changes} >= {"rotated"}
