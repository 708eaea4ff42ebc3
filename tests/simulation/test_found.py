"""What the simulation of a receiver's log has found stays mended: one test each, on a disk that fails where it did."""

import errno
import gzip
from collections.abc import Iterator
from contextlib import suppress
from random import Random

import pytest

from ses_cli.capture.housekeeping import compress
from ses_cli.capture.rotation import Rotation
from ses_cli.capture.store import LogStore

from .clock import Clock
from .files import Files, SimulatedDisk
from .storing import LOG


class Failing(SimulatedDisk):
    """Fails the n-th next call of a name."""

    def __init__(self, files: Files) -> None:
        super().__init__(files, Clock(Random(0), 0.0), _Whole(), {})
        self.fails: dict[str, int] = {}

    def _change(self, name: str) -> None:
        if name in self.fails:
            self.fails[name] -= 1
            if not self.fails[name]:
                del self.fails[name]
                raise OSError(errno.EIO, name)


class _Whole(Random):
    """Writes are not short."""

    def random(self) -> float:
        return 0.0


class _Nobody:
    def renew(self) -> None: ...
    def close(self) -> None: ...


def _opened(files: Files, rotation: Rotation = Rotation()) -> tuple[LogStore, Failing]:  # noqa: B008
    disk = Failing(files)
    return LogStore(LOG, _Nobody(), lambda _: b"", lambda _: None, rotation=rotation, disk=disk), disk


def test_the_name_of_a_new_log_is_synced_though_the_first_try_failed() -> None:
    """A new log whose directory could not be synced at once is synced before anything in it is acknowledged."""
    files = Files()
    store, disk = _opened(files, Rotation(size=10))
    store.commit(b"1234567\n", b"", 1.0)
    disk.fails = {"fsync": 2}  # the first is the rotation's own
    store.commit(b"2345678\n", b"", 2.0)
    store.commit(b"3456789\n", b"", 3.0)
    assert b"".join(inode.durable for inode in files.durable.values()).count(b"\n") == 3


def test_a_log_does_not_keep_two_names() -> None:
    """Whatever fails on the way back from a rotation, the log has one name, and no callback is in two files later."""
    for fails in ({"open": 1, "unlink": 1}, {"fsync": 1, "unlink": 1}, {"open": 1, "rename": 2}):
        files = Files()
        store, disk = _opened(files, Rotation(size=10))
        store.commit(b"1234567\n", b"", 1.0)
        disk.fails = fails
        store.commit(b"2345678\n", b"", 2.0)
        assert max(inode.links for inode in files.names.values()) == 1
        disk.fails = {}
        store.commit(b"3456789\n", b"", 9.0)
        lines = b"".join(inode.data for inode in files.names.values()).splitlines()
        assert sorted(lines) == [b"1234567", b"2345678", b"3456789"]


def test_a_log_that_may_still_be_undone_is_not_compressed() -> None:
    """After a rotation that failed halfway, what was refused gets into no compressed copy of the log."""
    files = Files()
    store, disk = _opened(files, Rotation(size=10))
    store.commit(b"1234567\n", b"", 1.0)
    disk.fails = {"fsync": 2, "sync_data": 1, "ftruncate": 1}  # the first is the rotation's own
    with pytest.raises(OSError, match="sync_data"):
        store.commit(b"refused\n", b"", 2.0)
    (rotated,) = store.archive.uncompressed()
    assert not compress(rotated, "gzip", lambda: False, disk)
    store.commit(b"2345678\n", b"", 3.0)
    assert compress(rotated, "gzip", lambda: False, disk)
    assert gzip.decompress(files.contents()[f"{rotated.name}.gz"]) == b"1234567\n"


def test_what_was_refused_is_not_kept_by_what_is_stored_in_the_other_file() -> None:
    """A half-written line that could not be taken back at once is gone before the next line, whatever came between."""
    for first, between, after in _ways():
        files = Files()
        store, disk = _opened(files)
        disk.fails = {"sync_data": 1, "ftruncate": 1}
        with suppress(OSError):
            store.commit(*first, 1.0)
        store.commit(*between, 2.0)
        store.commit(*after, 3.0)
        assert b"".join(files.contents().values()).count(b"refused") == 0


def test_the_end_of_a_partial_line_of_the_rejects_is_on_disk_before_they_are_replaced() -> None:
    """What a power cut left of a reject is ended for good, also where the file is full and renamed at once."""
    files = Files()
    store, disk = _opened(files)
    store.commit(b"", b"1\n2", 1.0)
    store.close()
    store = LogStore(LOG, _Nobody(), lambda _: b"", lambda _: None, max_rejects=4, disk=disk)
    store.commit(b"", b"3\n", 2.0)
    assert sorted(inode.durable for inode in files.durable.values()) == [b"", b"1\n2\n", b"3\n"]


def _ways() -> Iterator[tuple[tuple[bytes, bytes], ...]]:
    yield (b"refused\n", b""), (b"", b"b\n"), (b"c\n", b"")
    yield (b"", b"refused\n"), (b"b\n", b""), (b"", b"c\n")
