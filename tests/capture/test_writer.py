"""The log writer keeps what it acknowledged, whole, and nothing of what it did not."""

import gzip
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses_cli.capture.futures import ThreadFutures
from ses_cli.capture.rejects import rejects_path
from ses_cli.capture.rotation import Rotation
from ses_cli.capture.server_events import Note, ReceiverFailure, ServerEvent, Synced
from ses_cli.capture.store import Durability
from ses_cli.capture.writer import DiskFailedError, LogWriter, QueueFullError
from ses_cli.errors import SesEventsError, TargetError


def partial(tail: bytes) -> bytes:
    """Whatever does not end in a brace was cut off."""
    return b"" if tail.endswith(b"}") else b"partial:%s\n" % tail


@contextmanager
def opened(
    path: Path,
    events: list[ServerEvent] | None = None,
    *,
    rotation: Rotation = Rotation(),  # noqa: B008
    durability: Durability = "group",
    max_waiting: int = 1 << 20,
    max_rejects: int = 1 << 20,
) -> Iterator[LogWriter[Future[None]]]:
    """A log that is closed in the end."""

    def emit(event: ServerEvent) -> None:
        if events is not None and not isinstance(event, Synced):
            events.append(event)

    log = LogWriter(
        path,
        ThreadFutures(),
        partial,
        emit,
        rotation=rotation,
        durability=durability,
        max_waiting=max_waiting,
        max_rejects=max_rejects,
    )
    try:
        yield log
    finally:
        log.close()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """A disk on which no file grows over a size: the last write before it is short, then they fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


Append = tuple[int, int, int | None]  # bytes for the log, bytes for the rejects, room on the disk
appends = st.tuples(st.integers(1, 300), st.integers(0, 300), st.none() | st.integers(0, 400))


@settings(max_examples=60, deadline=None)
@given(st.lists(appends, max_size=15), st.sampled_from(["group", "each", "none"]))
def test_failures_lose_nothing_acknowledged(steps: list[Append], durability: Durability) -> None:
    """Whatever fails in between, log and rejects are exactly the acknowledged lines, in order."""
    with TemporaryDirectory() as directory:
        path = Path(directory, "log.jsonl")
        lines, rejects = b"", b""
        with opened(path, durability=durability) as log:
            for number, (size, more, room) in enumerate(steps):
                line = (b"%d:" % number).ljust(size, b"x") + b"\n"
                reject = b"y" * more + b"\n" if more else b""
                with file_size_limit(resource.RLIM_INFINITY if room is None else len(lines) + room):
                    error = log.append(line, reject).exception(10)
                if error is None:
                    lines, rejects = lines + line, rejects + reject
                else:
                    assert isinstance(error, DiskFailedError)
                assert path.read_bytes() == lines
                assert rejects_path(path).read_bytes() == rejects


def test_a_failing_disk_is_told_once_and_its_recovery_too(tmp_path: Path) -> None:
    """A thousand failures are one event."""
    events: list[ServerEvent] = []
    with opened(tmp_path / "log.jsonl", events) as log:
        with file_size_limit(0):
            assert all(log.append(b"x\n").exception(10) for _ in range(5))
        assert log.append(b"y\n").exception(10) is None
    assert [type(event) for event in events] == [ReceiverFailure, Note]


def test_many_threads_lose_nothing_over_rotations(tmp_path: Path) -> None:
    """Every line of eight threads is in one of the files, once, whole, and in its thread's order."""
    path = tmp_path / "log.jsonl"
    with opened(path, rotation=Rotation(size=2000, compress="gzip")) as log:

        def work(name: int) -> None:
            for future in [log.append(b"%d %d\n" % (name, n)) for n in range(200)]:
                future.result(30)

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    rotated = sorted(tmp_path.glob("log-*"), key=lambda file: file.name.split(".")[0])
    assert rotated
    contents = [gzip.decompress(f.read_bytes()) if f.suffix == ".gz" else f.read_bytes() for f in [*rotated, path]]
    assert all(content.endswith(b"\n") for content in contents)
    found = b"".join(contents).decode().splitlines()
    for name in range(8):
        assert [line for line in found if line.startswith(f"{name} ")] == [f"{name} {n}" for n in range(200)]
    assert len(found) == 1600


@pytest.mark.parametrize("stray", ["20991399T000000Z", "99991231T235959Z", "20260101T250000Z"])
def test_no_stray_file_stops_a_rotation_or_a_commit(tmp_path: Path, stray: str) -> None:
    """Names with an impossible time, or with the last time there is, are left alone, and every line is stored."""
    path = tmp_path / "log.jsonl"
    (tmp_path / f"log-{stray}.jsonl").write_bytes(b"stray\n")
    with opened(path, rotation=Rotation(size=10, compress="gzip", keep=50)) as log:
        for n in range(5):
            assert log.append(b"line %d\n" % n).exception(10) is None
    found = b"".join(
        gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        for file in [*tmp_path.glob("log-*"), path]
    )
    assert sorted(found.splitlines()) == [*(b"line %d" % n for n in range(5)), b"stray"]


def test_a_rotation_that_fails_fails_no_commit(tmp_path: Path) -> None:
    """Without a file descriptor for a new log the old one goes on under its name, until there is one again."""
    path = tmp_path / "log.jsonl"
    events: list[ServerEvent] = []
    with opened(path, events, rotation=Rotation(size=5)) as log:
        log.append(b"1234\n").result(10)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        with open(os.devnull) as lowest:
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest.fileno(), limits[1]))
            try:
                assert log.append(b"5678\n").exception(10) is None
                assert log.append(b"9\n").exception(10) is None
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert path.read_bytes() == b"1234\n5678\n9\n"
        assert [type(event) for event in events] == [ReceiverFailure]
        log.append(b"last\n").result(10)
    (rotated,) = tmp_path.glob("log-*")
    assert (rotated.read_bytes(), path.read_bytes()) == (b"1234\n5678\n9\n", b"last\n")


def test_a_full_queue_refuses_and_keeps_what_it_took(tmp_path: Path) -> None:
    """With the writer held up, appends over the limit raise, and those before are stored."""
    path = tmp_path / "log.jsonl"
    held = threading.Event()

    class Held(ThreadFutures):
        def resolve(self, group: Sequence[Future[None]], error: SesEventsError | None) -> None:
            held.wait(30)
            super().resolve(group, error)

    log = LogWriter(path, Held(), partial, lambda _: None, max_waiting=100)
    taken = 0
    with suppress(QueueFullError):
        while taken < 1000:
            log.append(b"x" * 29 + b"\n")
            taken += 1
    held.set()
    log.close()
    assert 3 <= taken <= 6  # three in the writer's hands, three that wait
    assert path.read_bytes() == (b"x" * 29 + b"\n") * taken


def test_what_is_appended_after_the_end_is_refused(tmp_path: Path) -> None:
    """A closed log takes nothing, and what it took before is there."""
    with opened(tmp_path / "log.jsonl") as log:
        last = log.append(b"x\n")
    assert last.done()
    with pytest.raises(QueueFullError):
        log.append(b"y\n")


def test_an_unended_line_is_moved_to_the_rejects(tmp_path: Path) -> None:
    """What a killed writer left is reported, kept, and not in the way of the next line."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":2')
    events: list[ServerEvent] = []
    with opened(path, events) as log:
        log.append(b'{"a":3}\n').result(10)
    assert path.read_bytes() == b'{"a":1}\n{"a":3}\n'
    assert rejects_path(path).read_bytes() == b'partial:{"a":2\n'
    assert [type(event) for event in events] == [Note]


def test_last_lines_with_missing_blocks_are_moved_to_the_rejects(tmp_path: Path) -> None:
    """A power cut may leave the last block of a line and not the one before it, which is filled with NUL then."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a":1}\n' + bytes(70_000) + b'":2\n' + b'{"b"' + bytes(9) + b"\n")
    with opened(path) as log:
        log.append(b'{"a":3}\n').result(10)
    assert path.read_bytes() == b'{"a":1}\n{"a":3}\n'
    assert rejects_path(path).read_bytes() == b'partial:{"b"' + bytes(9) + b"\npartial:" + bytes(70_000) + b'":2\n'


def test_a_whole_line_without_its_end_gets_it(tmp_path: Path) -> None:
    """What an editor left off the last line is put back; in the rejects too."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a":1}')
    rejects_path(path).write_bytes(b"half")
    with opened(path) as log:
        log.append(b'{"a":2}\n', b"whole\n").result(10)
    assert path.read_bytes() == b'{"a":1}\n{"a":2}\n'
    assert rejects_path(path).read_bytes() == b"half\nwhole\n"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 200_000), max_size=4), st.integers(0, 200_000))
def test_the_tail_is_found_however_long(lines: list[int], tail: int) -> None:
    """The unended line is what stands after the last line end, whatever the blocks it is read in."""
    with TemporaryDirectory() as directory:
        path = Path(directory, "log.jsonl")
        whole = b"".join(b"x" * length + b"\n" for length in lines)
        path.write_bytes(whole + b"t" * tail)
        with opened(path):
            pass
        assert path.read_bytes() == whole
        assert rejects_path(path).read_bytes() == (b"partial:" + b"t" * tail + b"\n" if tail else b"")


def test_a_second_writer_hears_who_the_first_is(tmp_path: Path) -> None:
    """The lock names the process, also by another name of the log, and ends with it."""
    path = tmp_path / "log.jsonl"
    (tmp_path / "other.jsonl").symlink_to(path)
    program = f"import fcntl, sys; f = open({str(path) + '.lock'!r}, 'w'); fcntl.flock(f, 2); " + (
        "f.write('4242\\n'); f.flush(); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(TargetError, match="process 4242"), opened(tmp_path / "other.jsonl"):
            pass
        holder.kill()
    with opened(path):
        assert Path(f"{path}.lock").read_text() == f"{os.getpid()}\n"


def test_a_renamed_log_is_made_anew(tmp_path: Path) -> None:
    """After a rename and a reopen the old file has what came before, the new one what comes after."""
    path, old = tmp_path / "log.jsonl", tmp_path / "log.jsonl.1"
    with opened(path) as log:
        log.append(b"1\n").result(10)
        path.rename(old)
        log.reopen()
        log.append(b"2\n").result(10)
    assert (old.read_bytes(), path.read_bytes()) == (b"1\n", b"2\n")


@pytest.mark.parametrize("kind", ["directory", "pipe", "missing"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    """A log is a regular file in a directory that is there; the error names it, and frees the lock."""
    path = tmp_path / ("none/log.jsonl" if kind == "missing" else "log.jsonl")
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    for _ in range(2):
        with pytest.raises(TargetError, match=r"log\.jsonl"), opened(path):
            pass
