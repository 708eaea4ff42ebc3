"""Nothing acknowledged is lost, whatever happens to the process, the disk, or the files."""

import resource
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

import orjson
import pytest
import zstandard

from ses_cli.capture.rotation import Rotation
from ses_cli.capture.server import ReceiverSettings

from .receiver import Receiver, answer, callback, numbers, request, start


class Load:
    """Eight clients that post numbered callbacks without end, and remember which were answered 200."""

    def __init__(self, receiver: Receiver, first: int) -> None:
        self.acknowledged: set[int] = set()
        self.refused: set[int] = set()
        self.enough = threading.Event()
        self.next = first
        self._receiver = receiver
        self._numbers = count(first)
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._post) for _ in range(8)]
        for thread in self._threads:
            thread.start()

    def wait(self, enough: int) -> None:
        """Until so many were acknowledged."""
        self._enough_at = enough
        assert self.enough.wait(30)

    _enough_at = 1 << 60

    def join(self) -> None:
        """Until the server has gone."""
        for thread in self._threads:
            thread.join(30)
        self.next = next(self._numbers)

    def _post(self) -> None:
        try:
            with self._receiver.connect() as client:
                self._talk(client)
        except OSError:
            pass

    def _talk(self, client: socket.socket) -> None:
        for number in self._numbers:
            client.sendall(request(callback(number, pad="x" * (number % 700))))
            status = answer(client)[0]
            if not status:
                return
            with self._lock:
                (self.acknowledged if status == 200 else self.refused).add(number)
                if len(self.acknowledged) >= self._enough_at:
                    self.enough.set()


def test_a_killed_process_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Over ten kills under load every callback answered 200 is in the log once, and no line is partial."""
    log = tmp_path / "log.jsonl"
    acknowledged: set[int] = set()
    first = 0
    for round_ in range(10):
        with Receiver(ReceiverSettings(log, port=0)) as receiver:
            load = Load(receiver, first)
            load.wait(50 + 30 * round_)
            receiver.kill()
            load.join()
        acknowledged |= load.acknowledged
        first = load.next
    with Receiver(ReceiverSettings(log, port=0)) as receiver:
        receiver.stop()
    stored = numbers(log)
    assert len(stored) == len(set(stored))
    assert acknowledged <= set(stored)


def test_a_killed_process_loses_nothing_over_rotations(tmp_path: Path) -> None:
    """The same while the log is rotated and compressed all the time, over all files."""
    log = tmp_path / "log.jsonl"
    rotation = Rotation(size=20_000, compress="zstd")
    acknowledged: set[int] = set()
    first = 0
    for _ in range(4):
        with Receiver(ReceiverSettings(log, port=0, rotation=rotation)) as receiver:
            load = Load(receiver, first)
            load.wait(300)
            receiver.kill()
            load.join()
        acknowledged |= load.acknowledged
        first = load.next
    with Receiver(ReceiverSettings(log, port=0)) as receiver:
        receiver.stop()
    for path in tmp_path.glob("log-*.zst"):
        content = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
        path.with_suffix("").write_bytes(content)
    rotated = list(tmp_path.glob("log-*.jsonl"))
    assert len(rotated) > 4
    stored = numbers(log, *rotated)
    assert len(stored) == len(set(stored))
    assert acknowledged <= set(stored)


def test_a_stopped_process_stores_exactly_what_it_acknowledged(tmp_path: Path) -> None:
    """After SIGTERM under load the log is what was answered 200, and the totals say so."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        load = Load(receiver, 0)
        load.wait(200)
        totals = receiver.stop()
        load.join()
    stored = numbers(receiver.log)
    assert len(stored) == len(set(stored)) == totals["stored"]
    assert load.acknowledged <= set(stored)


def limited(receiver: Receiver) -> Callable[[int | None], None]:
    """A disk that is full, for one process, at some file size."""

    def limit(size: int | None) -> None:
        soft = resource.RLIM_INFINITY if size is None else size
        resource.prlimit(receiver.process.pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))

    return limit


def test_a_full_disk_is_said_and_got_over(tmp_path: Path) -> None:
    """503 with Retry-After while there is no room, no partial line, and 200 when there is again."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver, receiver.connect() as client:
        limit = limited(receiver)
        assert receiver.post(callback(1)) == 200
        whole = receiver.log.read_bytes()
        for room in (0, 1, len(callback(2)), len(callback(2)) + 1):
            limit(len(whole) + room)
            client.sendall(request(callback(2)))
            status, headers, _ = answer(client)
            assert status == (503 if room <= len(callback(2)) else 200)
            assert ("retry-after" in headers) == (status == 503)
            assert receiver.log.read_bytes() == whole + (callback(2) + b"\n" if status == 200 else b"")
        limit(None)
        assert receiver.post(callback(3)) == 200
        receiver.stop()
        assert numbers(receiver.log) == [1, 2, 3]
        said = [event["event"] for event in receiver.events]
        assert said == ["Listening", "ReceiverFailure", *["Refused"] * 3, "Note", "Totals"]


def test_a_disk_that_fills_up_and_empties_under_load(tmp_path: Path) -> None:
    """Whatever was answered 200 is stored once, and whatever was answered 503 not at all."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        limit = limited(receiver)
        limit(30_000)
        load = Load(receiver, 0)
        receiver.until("ReceiverFailure")
        limit(None)
        receiver.until("Note")
        load.wait(len(load.acknowledged) + 200)
        receiver.stop()
        load.join()
    stored = numbers(receiver.log)
    assert len(stored) == len(set(stored))
    assert load.acknowledged <= set(stored)
    assert load.refused
    assert not load.refused & set(stored)


def test_a_small_file_system_that_fills_up(tmp_path: Path) -> None:
    """On a real full disk the same holds, and room that others make is used."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted")
    try:
        (disk / "other").write_bytes(bytes(40_000))
        with Receiver(ReceiverSettings(disk / "log.jsonl", port=0)) as receiver:
            load = Load(receiver, 0)
            receiver.until("ReceiverFailure")
            (disk / "other").unlink()
            receiver.until("Note")
            receiver.until("ReceiverFailure")
            receiver.stop()
            load.join()
        stored = numbers(receiver.log)
        assert len(stored) == len(set(stored))
        assert load.acknowledged == set(stored)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_log_that_others_rotate(tmp_path: Path) -> None:
    """Renamed and told by SIGHUP, as logrotate does, and renamed without a word: no callback is lost."""
    log = tmp_path / "log.jsonl"
    with Receiver(ReceiverSettings(log, port=0)) as receiver:
        load = Load(receiver, 0)
        load.wait(100)
        log.rename(tmp_path / "log.jsonl.1")
        receiver.process.send_signal(signal.SIGHUP)
        load.enough.clear()
        load.wait(300)
        log.rename(tmp_path / "log.jsonl.2")
        for _ in range(10_000):
            if log.exists():
                break
            assert receiver.post(callback(-1)) == 200
        receiver.stop()
        load.join()
    stored = [n for n in numbers(log, tmp_path / "log.jsonl.1", tmp_path / "log.jsonl.2") if n >= 0]
    assert len(stored) == len(set(stored))
    assert load.acknowledged <= set(stored)


def test_a_log_that_is_removed_under_load(tmp_path: Path) -> None:
    """What is acknowledged after the log was removed is in the log that was made anew."""
    log = tmp_path / "log.jsonl"
    with Receiver(ReceiverSettings(log, port=0)) as receiver:
        load = Load(receiver, 0)
        load.wait(100)
        removed = set()
        for round_ in range(20):
            with log.open("rb") as file:
                log.unlink()
                removed |= {int(orjson.loads(line)["bulkId"]) for line in file.read().split(b"\n")[:-1]}
            load.enough.clear()
            load.wait(100 * (round_ + 2))
        receiver.stop()
        load.join()
    stored = numbers(log)
    assert len(stored) == len(set(stored))
    assert load.acknowledged <= set(stored) | removed


def test_a_directory_that_is_made_anew_has_one_writer(tmp_path: Path) -> None:
    """Whoever comes first to the new directory writes there; the other stores nothing and says why."""
    folder = tmp_path / "logs"
    folder.mkdir()
    log = folder / "log.jsonl"
    with Receiver(ReceiverSettings(log, port=0)) as first:
        assert first.post(callback(1)) == 200
        folder.rename(tmp_path / "old")
        assert first.post(callback(2)) == 503  # there is no directory
        folder.mkdir()
        with Receiver(ReceiverSettings(log, port=0)) as second:
            assert first.post(callback(3)) == 503
            assert second.post(callback(4)) == 200
            second.stop()
        assert first.post(callback(5)) == 200
        with start(ReceiverSettings(log, port=0)) as third:
            out, _ = third.communicate(timeout=20)
            assert third.returncode == 3
            assert f"process {first.process.pid}" in out.decode()
        (folder / "log.jsonl.lock").unlink()
        with start(ReceiverSettings(log, port=0)) as third:
            out, _ = third.communicate(timeout=20)
            assert third.returncode == 3
            assert "is being written by another process" in out.decode()
        assert numbers(log, tmp_path / "old" / "log.jsonl") == [4, 5, 1]
