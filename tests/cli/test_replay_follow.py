"""`ses-events replay --follow`: the real program, a growing log, real servers, real kills."""

import gzip
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import LIMIT, Program
from tests.journals import commit_time, content
from tests.logs import log, record
from tests.replay.servers import OK, Server, serve, status

Process = subprocess.Popen[bytes]


def lines(begin: int, end: int) -> bytes:
    """Different callbacks."""
    return log(*(record(bulkId=f"b-{n}") for n in range(begin, end)))


def append(path: Path, data: bytes) -> None:
    """As a writer does, which opens the log again after it was rotated."""
    with path.open("ab") as file:
        file.write(data)


def until(is_so: Callable[[], bool]) -> None:
    """Waits for something that must come."""
    end = time.monotonic() + LIMIT
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def arrived(server: Server, count: int) -> None:
    """Waits for so many callbacks, and no more."""
    until(lambda: len(server.bodies()) >= count)
    assert len(server.bodies()) == count


@contextmanager
def following(run: Program, url: str, *options: str) -> Iterator[Process]:
    """A follower of log.jsonl, killed in the end if it still runs."""
    process = run.start("replay", "--follow", "--to", url, *options, "log.jsonl")
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=LIMIT)


def interrupted(process: Process) -> dict[str, object]:
    """The report of a follower that is told to stop."""
    process.send_signal(signal.SIGINT)
    out, stderr = process.communicate(timeout=LIMIT)
    assert process.returncode == 130, stderr
    found: dict[str, object] = json.loads(out)["replay"]
    return found


def test_what_is_appended_is_sent_as_it_comes(run: Program) -> None:
    """What stands in the log goes first, then what comes; half a line is held until it is whole. Ctrl-C ends it."""
    path = run.home / "log.jsonl"
    path.write_bytes(lines(0, 3))
    with serve() as server, following(run, server.url, "--json") as process:
        arrived(server, 3)
        append(path, lines(3, 5) + lines(5, 6)[:40])
        arrived(server, 5)
        append(path, lines(5, 6)[40:])
        arrived(server, 6)
        report = interrupted(process)
        assert (report["delivered"], report["end"]) == (6, "interrupted")
        assert sorted(server.bodies()) == sorted(path.read_bytes().splitlines())
        append(path, lines(6, 8))
        with following(run, server.url, "--json") as again:
            arrived(server, 8)
            assert interrupted(again)["skipped"] == 6


@pytest.mark.parametrize("name", ["log-20260101T000000Z.jsonl", "log.jsonl.1"])
def test_a_rotation_loses_and_doubles_nothing(run: Program, name: str) -> None:
    """The log is renamed, the way `listen` does or another's, written to under its old name's file, and begun anew."""
    path = run.home / "log.jsonl"
    path.write_bytes(lines(0, 3))
    with serve() as server, following(run, server.url):
        arrived(server, 3)
        path.rename(run.home / name)
        append(run.home / name, lines(3, 5))
        arrived(server, 5)
        append(path, lines(5, 7))
        arrived(server, 7)


def test_a_log_that_is_emptied_begins_anew(run: Program) -> None:
    """After a truncation all that is written is new, even if it is what stood there before."""
    path = run.home / "log.jsonl"
    path.write_bytes(lines(0, 4))
    with serve() as server, following(run, server.url, "--json") as process:
        arrived(server, 4)
        os.truncate(path, 0)
        assert process.stderr
        until(lambda: path.stat().st_size == 0)
        assert b"was truncated" in process.stderr.readline()
        append(path, lines(0, 2))
        arrived(server, 6)
        interrupted(process)
        append(path, lines(9, 10))
        with following(run, server.url):
            arrived(server, 7)


def test_lines_that_a_writer_took_back_hide_no_others(run: Program) -> None:
    """Those that come in their place are sent, and a follower that is started again knows which is which."""
    path = run.home / "log.jsonl"
    path.write_bytes(lines(0, 10))
    with serve() as server:
        with following(run, server.url, "--json") as process:
            arrived(server, 10)
            os.truncate(path, len(lines(0, 8)))
            assert process.stderr
            assert b"was shortened" in process.stderr.readline()
            append(path, lines(10, 13))
            arrived(server, 13)
            interrupted(process)
        append(path, lines(13, 15))
        with following(run, server.url, "--json") as again:
            arrived(server, 15)
            assert interrupted(again)["skipped"] == 13  # with the two that were truncated


def test_a_log_that_begins_like_the_one_before_is_another(run: Program) -> None:
    """A callback that is sent again may be the first line of two logs: none of what follows it is skipped."""
    path = run.home / "log.jsonl"
    path.write_bytes(lines(0, 3))
    with serve() as server:
        with following(run, server.url, "--json") as process:
            arrived(server, 3)
            interrupted(process)
        path.rename(run.home / "log-20260101T000000Z.jsonl")
        append(path, lines(0, 1) + lines(7, 9))
        for more in (6, 7):
            with following(run, server.url, "--json") as process:
                arrived(server, more)
                interrupted(process)
            append(path, lines(more + 20, more + 21))


@pytest.mark.parametrize("is_compressed", [False, True])
def test_killed_and_rotated_meanwhile(run: Program, is_compressed: bool) -> None:
    """A follower that is killed finds what was written and rotated away while it was down, compressed or not."""
    path = run.home / "log.jsonl"
    path.write_bytes(lines(0, 50))
    with serve() as server:
        with following(run, server.url) as process:
            until(lambda: len(server.bodies()) >= 20)
            process.kill()
            process.communicate(timeout=LIMIT)
        append(path, lines(50, 60))
        for stamp, (begin, end) in (("20260101T000000Z", (60, 70)), ("20260102T000000Z", (70, 80))):
            rotated = run.home / f"log-{stamp}.jsonl"
            path.rename(rotated)
            if is_compressed:
                Path(f"{rotated}.gz").write_bytes(gzip.compress(rotated.read_bytes()))
                rotated.unlink()
            append(path, lines(begin, end))
        with following(run, server.url, "--json") as again:
            wanted = set(lines(0, 80).splitlines())
            until(lambda: set(server.bodies()) == wanted)
            report = interrupted(again)
        assert 80 <= len(server.bodies()) <= 80 + int(str(report["resent"]))


def test_a_log_that_is_lost_is_told_of(run: Program) -> None:
    """Where the log that was followed is neither there nor rotated beside it, nothing is skipped in silence."""
    path = run.home / "log.jsonl"
    path.write_bytes(lines(0, 3))
    with serve() as server:
        with following(run, server.url, "--json") as process:
            arrived(server, 3)
            interrupted(process)
        path.write_bytes(lines(5, 9))
        done = run("replay", "--follow", "--to", server.url, "log.jsonl")
    assert (done.status, "not beside it" in done.stderr) == (3, True)


def test_a_handler_that_is_down_gets_all_when_it_is_back(run: Program) -> None:
    """With `--give-up-time never` nothing fails for good while the target refuses connections."""
    (run.home / "log.jsonl").write_bytes(lines(0, 6))
    with serve() as server:
        port = server.port
    options = ("--give-up-time", "never", "--retries", "0", "--json")
    with following(run, f"http://127.0.0.1:{port}/", *options) as process:
        (journal,) = wait_for_journal(run.home)
        seen: set[float] = set()
        until(lambda: len(seen.__ior__({commit_time(journal)})) > 3)
        with serve(port=port) as server:
            arrived(server, 6)
            report = interrupted(process)
    assert (report["delivered"], report["failed"]) == (6, 0)


def wait_for_journal(home: Path) -> list[Path]:
    """The journal, once there is one."""
    until(lambda: bool(list(home.glob("*.replay-*.db"))))
    return list(home.glob("*.replay-*.db"))


def test_raw_selected_and_paced(run: Program) -> None:
    """What is chosen and how fast it goes holds for what comes later too."""
    path = run.home / "log.jsonl"
    path.write_bytes(log(record(event="open")) + lines(0, 2))
    with serve() as server:
        with following(run, server.url, "--event", "bounce", "--rate", "500", "--no-journal"):
            arrived(server, 2)
            append(path, log(record(event="open")) + lines(2, 4))
            arrived(server, 4)
        with following(run, server.url, "--raw", "--no-journal"):
            arrived(server, 10)
            append(path, b"no record\n\n")
            arrived(server, 11)


@pytest.mark.parametrize("options", [("--speed", "1"), ("--dry-run",), ("other.jsonl",)])
def test_what_does_not_go_with_it(run: Program, options: tuple[str, ...]) -> None:
    """Options that make no sense with a log that grows are refused, and nothing is sent."""
    for name in ("log.jsonl", "other.jsonl"):
        (run.home / name).write_bytes(lines(len(name), len(name) + 1))
    with serve() as server:
        assert run("replay", "--follow", "--to", server.url, *options, "log.jsonl").status == 2
        assert not server.bodies()


def test_neither_journal_nor_restart_grows_with_history(run: Program) -> None:
    """What is delivered and rotated is forgotten, and a restart does not read it again."""
    path, size, count = run.home / "log.jsonl", 400, 10
    sizes, reads = [], []
    with serve() as server:
        for rotation in range(8):
            begin = rotation * count
            more = log(*(record(bulkId=f"b-{n}", subject="x" * (size << 10)) for n in range(begin, begin + count)))
            append(path, more)
            with following(run, server.url, "--json") as process:
                arrived(server, begin + count)
                reads.append(bytes_read(process))
                assert interrupted(process)["delivered"] == count
                sizes.append(len(content(run.home / f"log.jsonl.replay-127.0.0.1-{server.port}.db")))
                if rotation % 2:
                    path.rename(run.home / f"log-20260101T0000{rotation:02}Z.jsonl")
                else:
                    rotated_by_number(path)
    assert len(more) > 4_000_000
    assert sizes[-1] <= sizes[1]
    assert reads[-1] < reads[1] + len(more)  # of more than thirty megabytes


def rotated_by_number(path: Path) -> None:
    """As logrotate does it."""
    older = sorted(path.parent.glob(path.name + ".[0-9]*"), key=lambda one: int(one.suffix[1:]), reverse=True)
    for one in older:
        if one.suffix[1:].isdecimal():
            one.rename(path.with_name(f"{path.name}.{int(one.suffix[1:]) + 1}"))
    path.rename(path.with_name(path.name + ".1"))


def bytes_read(process: Process) -> int:
    """What a process has read by system calls."""
    return int(Path(f"/proc/{process.pid}/io").read_text().split()[1])


@pytest.mark.parametrize("by_number", [False, True])
def test_a_rotation_while_it_starts_doubles_nothing(run: Program, by_number: bool) -> None:
    """Whenever during the start the log is renamed and begun anew: what was delivered is not sent again, nor lost."""
    path, count, total = run.home / "log.jsonl", 2000, 2000
    path.write_bytes(lines(0, count))
    with serve() as server:
        with following(run, server.url, "--json") as process:
            arrived(server, total)
            interrupted(process)
        for start in range(8):
            with following(run, server.url, "--json") as process:
                time.sleep(start * 0.07)  # the moment in the start that is tried; any will do
                if by_number:
                    rotated_by_number(path)
                else:
                    path.rename(run.home / f"log-20260101T00000{start}Z.jsonl")
                append(path, lines(total, total + 5))
                total += 5
                arrived(server, total)
                interrupted(process)
        assert len(set(server.bodies())) == total


def test_a_few_callbacks_wait_for_a_dead_handler_for_ever(run: Program) -> None:
    """Though there are too few of them to tell that all fail: retries are not used up while nothing is taken."""
    (run.home / "log.jsonl").write_bytes(lines(0, 1))
    down = False
    with (
        serve(lambda _n, _: status(503) if down else OK) as server,
        following(run, server.url, "--json", "--give-up-time", "never", "--retries", "1") as process,
    ):
        arrived(server, 1)
        down = True
        append(run.home / "log.jsonl", lines(1, 2))
        until(lambda: len(server.bodies()) >= 4)
        down = False
        sent = len(server.bodies())
        until(lambda: len(server.bodies()) > sent)
        report = interrupted(process)
    assert (report["delivered"], report["failed"]) == (2, 0)
