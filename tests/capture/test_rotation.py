"""Rotated files are named by age, compressed whole, and deleted only when that was asked for."""

import gzip
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Condition

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.capture.housekeeping import Housekeeper, compress
from ses_cli.capture.rotation import Archive, Compression, Rotation
from ses_cli.capture.server_events import Note, ReceiverFailure, ServerEvent

DAY = 86_400.0


class Events:
    """Notices, and a way to await one."""

    def __init__(self) -> None:
        self.events: list[ServerEvent] = []
        self._news = Condition()

    def __call__(self, event: ServerEvent) -> None:
        """Take a event."""
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def wait(self, text: str) -> None:
        """Until a event says so."""
        with self._news:
            assert self._news.wait_for(lambda: any(text in str(event) for event in self.events), 10)


@pytest.mark.parametrize(
    ("rotation", "size", "more", "times", "due"),
    [
        (Rotation(), 1 << 40, 1, (0.0, 9 * DAY), False),
        (Rotation(size=100), 90, 10, (0.0, 0.0), False),
        (Rotation(size=100), 91, 10, (0.0, 0.0), True),
        (Rotation(size=100), 0, 1000, (0.0, 0.0), False),
        (Rotation(daily=True), 1, 1, (DAY - 1, DAY), True),
        (Rotation(daily=True), 1, 1, (DAY, 2 * DAY - 1), False),
        (Rotation(daily=True), 1, 1, (2 * DAY, DAY), False),
        (Rotation(daily=True), 0, 1, (0.0, DAY), False),
        (Rotation(size=100, daily=True), 91, 10, (0.0, 0.0), True),
    ],
)
def test_when(rotation: Rotation, size: int, more: int, times: tuple[float, float], due: bool) -> None:
    """Before a log outgrows its size, with the first line of a new day, never while empty or unasked."""
    assert rotation.is_due(size, more, *times) is due


@given(
    st.lists(st.integers(0, 5).map(lambda second: 1767225600.0 + second), min_size=1, max_size=12),
    st.integers(0, 4),
)
def test_names_sort_by_age_and_none_is_used_twice(clock: list[float], keep: int) -> None:
    """However the clock jumps, and whatever was deleted, a later file has a later name."""
    with TemporaryDirectory() as directory:
        archive = Archive(Path(directory, "callbacks.jsonl"))
        names = []
        for number, now in enumerate(clock):
            archive.log.write_text(str(number))
            names.append(archive.rotate(now))
            if keep:
                archive.prune(keep)
        assert names == sorted(set(names))
        assert names[0].name == f"callbacks-20260101T00000{int(clock[0]) % 10}Z.jsonl"
        kept = list(range(len(clock)))[-keep:]
        assert [path.read_text() for path in archive.uncompressed()] == [str(number) for number in kept]


def test_only_rotated_files_of_this_log_are_deleted(tmp_path: Path) -> None:
    """Files with names that are only alike stay; a file and its compressed self count as one."""
    alike = [
        "callbacks.jsonl",
        "callbacks.rejects.jsonl",
        "callbacks-20260101T000000Z.jsonl.bak",
        "callbacks-20260101.jsonl",
        "other-20260101T000000Z.jsonl",
        "my-callbacks-20260101T000000Z.jsonl",
        "callbacks-copy-20260101T000000Z.jsonl",
    ]
    rotated = [f"callbacks-2026010{day}T000000Z.jsonl{end}" for day in (1, 2, 3) for end in ("", ".zst", ".gz")]
    for name in alike + rotated:
        (tmp_path / name).touch()
    Archive(tmp_path / "callbacks.jsonl").prune(1)
    assert {path.name for path in tmp_path.iterdir()} == {*alike, *rotated[-3:]}


@pytest.mark.parametrize("how", ["zstd", "gzip"])
def test_a_file_is_compressed_whole(tmp_path: Path, how: Compression) -> None:
    """The compressed file has the content, the time and the mode, and stands in the place of the other."""
    path = tmp_path / "callbacks-20260101T000000Z.jsonl"
    content = b"".join(b"line %d\n" % n for n in range(300_000))
    path.write_bytes(content)
    path.chmod(0o600)
    os.utime(path, (1, 1))
    assert compress(path, how, lambda: False)
    (final,) = tmp_path.iterdir()
    data = final.read_bytes()
    back = gzip.decompress(data) if how == "gzip" else zstandard.ZstdDecompressor().decompressobj().decompress(data)
    assert back == content
    assert (final.stat().st_mtime, final.stat().st_mode & 0o777) == (1, 0o600)


def test_leaving_off_leaves_the_original(tmp_path: Path) -> None:
    """A compression that is told to stop changes nothing."""
    path = tmp_path / "callbacks-20260101T000000Z.jsonl"
    path.write_bytes(b"x\n")
    assert not compress(path, "zstd", lambda: True)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_what_a_killed_process_left_is_done_at_the_start(tmp_path: Path) -> None:
    """A half-made compressed file is created again, and the original goes only then."""
    path = tmp_path / "callbacks-20260101T000000Z.jsonl"
    path.write_bytes(b"x\n")
    (tmp_path / f".{path.name}.gz.part").write_bytes(b"half")
    (tmp_path / f"{path.name}.gz").write_bytes(b"whole, but not yet in place of the other")
    events = Events()
    housekeeper = Housekeeper(Archive(tmp_path / "callbacks.jsonl"), Rotation(compress="gzip"), events)
    events.wait("compressed")
    housekeeper.close()
    (final,) = tmp_path.iterdir()
    assert gzip.decompress(final.read_bytes()) == b"x\n"
    assert [type(event) for event in events.events] == [Note]


def test_a_file_that_cannot_be_compressed_is_told_and_kept(tmp_path: Path) -> None:
    """Failure with one rotated file ends nothing."""
    path = tmp_path / "callbacks-20260101T000000Z.jsonl"
    path.write_bytes(b"x\n")
    (tmp_path / f"{path.name}.zst").mkdir()
    events = Events()
    housekeeper = Housekeeper(Archive(tmp_path / "callbacks.jsonl"), Rotation(compress="zstd"), events)
    events.wait("rotated files")
    housekeeper.close()
    assert path.read_bytes() == b"x\n"
    assert [type(event) for event in events.events] == [ReceiverFailure]


def test_names_in_the_last_second_of_all_and_directories_hinder_nothing(tmp_path: Path) -> None:
    """A stray file of the year 9999 and a directory named like a rotated file: rotating and deleting go on."""
    archive = Archive(tmp_path / "callbacks.jsonl")
    (tmp_path / "callbacks-99991231T235959Z.jsonl").touch()
    (tmp_path / "callbacks-20250101T000000Z.jsonl").mkdir()
    (tmp_path / "callbacks-20260101T000001Z.jsonl").mkdir()
    names = []
    for _ in range(3):
        archive.log.touch()
        names.append(archive.rotate(1767225600.0).name)
    assert names == [f"callbacks-20260101T00000{second}Z.jsonl" for second in (0, 2, 3)]
    assert [path.name for path in archive.prune(1)] == names
