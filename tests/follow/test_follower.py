"""A log that grows is read line by line, each once, whatever happens to the file."""

import gzip
import os
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.batch import Piece
from ses_cli.errors import SourceError
from ses_cli.follow import Follower, LogChange, Start

MAX_LINE = 2000


NUMBERED, DATED = "{0}.{1}", "{0}-{2}"  # as logrotate names them, without and with `dateext`
NUMBERED_INSIDE, DATED_INSIDE = "log.{1}.jsonl", "log-{2}.jsonl"  # with `extension .jsonl`
BY_LISTEN = "log-20260101T{3:06}Z.jsonl"
WAYS = (NUMBERED, DATED, NUMBERED_INSIDE, DATED_INSIDE, BY_LISTEN)


class Writer:
    """A log that is written, rotated and compressed as `listen` and logrotate do it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log.jsonl"
        self.lines: list[bytes] = []
        self._rotations = 0
        self.path.touch()

    def line(self, length: int = 20) -> bytes:
        """The next line, unlike all others."""
        self.lines.append(b"%d" % len(self.lines) + b"x" * length)
        return self.lines[-1] + b"\n"

    def write(self, data: bytes) -> None:
        """Appends bytes."""
        with self.path.open("ab") as file:
            file.write(data)

    def rotate(self, compression: str, way: str = BY_LISTEN, is_delayed: bool = False) -> Path:
        """Gives the log a rotated name, and begins a new one. `is_delayed`: the one before it is compressed instead."""
        self._rotations += 1
        if "{1}" in way:
            for age in range(self._rotations, 0, -1):
                name, older = self._name(way, age), self._name(way, age + 1)
                for suffix in ("", ".gz", ".zst"):
                    with suppress(FileNotFoundError):
                        self.path.with_name(name + suffix).rename(self.path.with_name(older + suffix))
        path = self.path.rename(self.path.with_name(self._name(way, 1)))
        self.path.touch()
        before = self.path.with_name(self._name(way, 2))
        if not is_delayed:
            return self.compress(path, compression)
        if before.exists():
            self.compress(before, compression)
        return path

    def _name(self, way: str, age: int) -> str:
        number = self._rotations + 1 - age
        return way.format(self.path.name, age, 20260101 + number, number)

    def compress(self, path: Path, how: str) -> Path:
        """Puts a compressed file in the place of another, with its times."""
        if how == "plain":
            return path
        data, status = path.read_bytes(), path.stat()
        final = path.with_name(path.name + how)
        final.write_bytes(gzip.compress(data) if how == ".gz" else zstandard.ZstdCompressor().compress(data))
        os.utime(final, ns=(status.st_atime_ns, status.st_mtime_ns))
        path.unlink()
        return final


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    """A writer in an empty directory."""
    return Writer(tmp_path)


class Reader:
    """A follower, and what came of it."""

    def __init__(self, path: Path, offset: int = 0, line: int = 1) -> None:
        self.changes: list[LogChange] = []
        self.pieces: list[Piece] = []
        self.follower = Follower(str(path), MAX_LINE, self.changes.append, start=Start(offset=offset, line=line))

    def look(self) -> list[bytes]:
        """The lines that have come."""
        pieces = list(self.follower.pieces())
        self.pieces += pieces
        return [line for piece in pieces for line in piece.data.removesuffix(b"\n").split(b"\n")]

    def kinds(self) -> list[str]:
        """What happened, in a word each."""
        return [change.kind for change in self.changes]


@given(
    st.sampled_from(WAYS),
    st.lists(
        st.one_of(
            st.tuples(st.just("line"), st.integers(0, 300)),
            st.tuples(st.just("half"), st.integers(1, 19)),
            st.tuples(st.just("rotate"), st.sampled_from(["plain", ".gz", ".zst"])),
            st.tuples(st.just("rotate later"), st.sampled_from([".gz", ".zst"])),
            st.tuples(st.just("look"), st.just(0)),
        ),
        max_size=30,
    ),
)
def test_every_line_comes_once_and_in_order(way: str, script: list[tuple[str, int | str]]) -> None:
    """However writes, halves of lines, rotations and looks follow each other, the lines read are those written."""
    with TemporaryDirectory() as folder:
        writer = Writer(Path(folder))
        reader = Reader(writer.path)
        held = b""
        found = reader.look()
        for what, how in script:
            if what == "look":
                found += reader.look()
                continue
            writer.write(held)
            held = b""
            if what == "line":
                writer.write(writer.line(int(how)))
            elif what == "half":
                whole = writer.line()
                writer.write(whole[: int(how)])
                held = whole[int(how) :]
            else:
                writer.rotate(str(how), way, is_delayed=what == "rotate later")
        writer.write(held + writer.line())
        found += reader.look()
        assert found == writer.lines
        assert "missing" not in reader.kinds()
        begin = (0, 1)  # where each piece begins: where the one before it ended, or at the beginning of a file
        for piece in reader.pieces:
            assert (piece.offset, piece.line) == (begin if piece.offset else (0, 1))
            begin = (piece.offset + len(piece.data), piece.line + piece.data.count(b"\n"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("compression", ["plain", ".gz"])
def test_generations_filled_and_renamed_between_two_looks_are_read(writer: Writer, way: str, compression: str) -> None:
    """Many rotations may lie between two looks, and the file that was read may have been compressed."""
    reader = Reader(writer.path)
    writer.write(writer.line())
    found = reader.look()
    for _ in range(4):
        for _ in range(5):
            writer.write(writer.line())
        writer.rotate(compression, way)
    writer.write(writer.line())
    assert found + reader.look() == writer.lines
    assert reader.kinds() == ["opened", *["rotated"] * 4]


def test_a_file_that_was_seen_empty_is_read_whatever_it_is_called_later(writer: Writer) -> None:
    """It is held open from then on, so it may even be deleted before it is read."""
    reader = Reader(writer.path)
    writer.write(writer.line())
    assert reader.look() == writer.lines
    writer.rotate("plain")
    assert reader.look() == []
    writer.write(writer.line())
    writer.rotate("plain").unlink()
    writer.write(writer.line())
    assert reader.look() == writer.lines[1:]


def test_a_generation_that_is_missing_is_said(writer: Writer) -> None:
    """Where a number is left out, or the file that was read last is not found again; what is there is read."""
    reader = Reader(writer.path)
    writer.write(writer.line())
    assert reader.look() == writer.lines
    for _ in range(2):
        writer.rotate("plain", NUMBERED)
        writer.write(writer.line())
    writer.path.with_name("log.jsonl.1").unlink()
    assert reader.look() == writer.lines[2:]
    writer.rotate("plain", NUMBERED).unlink()
    writer.write(writer.line())
    writer.rotate("plain", NUMBERED)
    writer.write(writer.line())
    assert reader.look() == writer.lines[3:]
    assert [change.detail for change in reader.changes if change.kind == "missing"] == [
        "no file stands between log.jsonl.2 and log.jsonl",
        "the file that was read before is not beside it any more",
    ]


def test_what_is_no_file_is_no_generation(writer: Writer) -> None:
    """A directory or a pipe that is called like a rotated log is passed over."""
    reader = Reader(writer.path)
    writer.write(writer.line())
    assert reader.look() == writer.lines
    writer.path.rename(writer.path.with_name("log.jsonl.2"))
    os.mkfifo(writer.path.with_name("log.jsonl.1"))
    writer.path.with_name("log.jsonl-20260101").mkdir()
    writer.write(writer.line())
    assert reader.look() == writer.lines[1:]


def test_other_files_beside_a_log_are_none_of_its_generations(writer: Writer) -> None:
    """Names that only look alike are left alone, and what lies there before following begins is not read."""
    for name in ("log.jsonl.bak", "log.jsonl.replay-x.db", "log2.jsonl.1", "log.rejects.jsonl", "log-old.jsonl"):
        writer.path.with_name(name).write_bytes(b"no\n")
    for name in ("log.jsonl.1", "log.jsonl.2.gz", "log-20250101.jsonl"):
        writer.path.with_name(name).write_bytes(b"old\n")
    reader = Reader(writer.path)
    writer.write(writer.line())
    found = reader.look()
    writer.path.rename(writer.path.with_name("log-20260101.jsonl"))
    writer.write(writer.line())
    assert found + reader.look() == writer.lines
    assert reader.kinds() == ["opened", "rotated"]


def test_a_damaged_generation_is_said_and_the_next_follows(writer: Writer) -> None:
    """What stands before the damage is read; the error is kept."""
    reader = Reader(writer.path)
    assert reader.look() == []
    writer.rotate("plain")
    writer.write(b"".join(b"%d %s\n" % (n, os.urandom(20).hex().encode()) for n in range(9000)))
    path = writer.rotate(".gz")
    os.truncate(path, path.stat().st_size // 2)
    writer.write(b"last\n")
    found = reader.look()
    assert found[-1] == b"last"
    assert 0 < len(found) < 9000
    assert reader.kinds() == ["opened", "rotated", "unreadable", "rotated"]
    assert [error.message for error in reader.follower.errors] == [
        f"{path}: the compressed data is cut off; everything before that was read"
    ]


def test_a_symbolic_link_that_names_another_file_is_a_rotation(writer: Writer) -> None:
    """Some writers name each file by its day, and let a link name the newest: nothing is missing then."""
    link, new = writer.path.with_name("current"), writer.path.with_name("new")
    link.symlink_to(writer.path)
    reader = Reader(link)
    writer.write(writer.line())
    found = reader.look()
    writer.path = writer.path.with_name("tomorrow.jsonl")
    writer.write(writer.line())
    new.symlink_to(writer.path)
    new.rename(link)
    assert found + reader.look() == writer.lines
    assert reader.kinds() == ["opened", "rotated"]


def test_half_a_line_is_held(writer: Writer) -> None:
    """Nothing of a line is handed out before its end is there, be it longer than a piece."""
    reader = Reader(writer.path)
    line = writer.line(1500)
    for at in range(0, len(line), 100):
        writer.write(line[at : at + 100])
        assert reader.look() == ([] if at + 100 < len(line) else [line[:-1]])
    assert reader.pieces[0].offset == 0


def test_the_old_file_is_read_while_the_new_one_is_empty(writer: Writer) -> None:
    """A writer that was not yet told of a rename loses nothing."""
    reader = Reader(writer.path)
    writer.write(writer.line())
    assert reader.look() == writer.lines
    old = writer.path.rename(writer.path.with_name("log.jsonl.1"))
    assert reader.look() == []
    writer.path.touch()
    for _ in range(2):
        with old.open("ab") as file:
            file.write(writer.line())
        assert reader.look() == writer.lines[-1:]
    with old.open("ab") as file:
        file.write(writer.line())
    writer.write(writer.line())
    assert reader.look() == writer.lines[-2:]
    assert reader.kinds() == ["opened", "gone", "rotated"]


def test_a_last_line_without_an_end_comes_when_the_file_is_left(writer: Writer) -> None:
    """What a crashed writer left is handed out, as the last of its source."""
    reader = Reader(writer.path)
    writer.write(b"whole\nha")
    assert reader.look() == [b"whole"]
    writer.path.rename(writer.path.with_name("log.jsonl.1"))
    writer.write(b"new\n")
    assert reader.look() == [b"ha", b"new"]
    assert [(piece.offset, piece.line) for piece in reader.pieces] == [(0, 1), (6, 2), (0, 1)]


@pytest.mark.parametrize("new", [b"", b"new\n", b"new one that is longer than what stood there before\n" * 9])
def test_a_truncated_file_is_read_from_its_beginning(writer: Writer, new: bytes) -> None:
    """Whatever was written to it by the time it is looked at."""
    reader = Reader(writer.path)
    writer.write(b"old 1\nold 2\nol")
    assert reader.look() == [b"old 1", b"old 2"]
    os.truncate(writer.path, 0)
    writer.write(new)
    assert reader.look() == new.splitlines()
    assert reader.kinds() == ["opened", "truncated"]
    writer.write(b"more\n")
    assert reader.look() == [b"more"]
    assert reader.pieces[-1].line == len(new.splitlines()) + 1


@pytest.mark.parametrize(("size", "lines"), [(8, [b"ve", b"five"]), (10, [b"thve", b"five"])])
def test_an_end_that_is_truncated_is_no_truncation(writer: Writer, size: int, lines: list[bytes]) -> None:
    """When a writer cuts off what a full disk left of its last lines, the lines before do not come again."""
    reader = Reader(writer.path)
    writer.write(b"one\ntwo\nthree\nfo")
    assert reader.look() == [b"one", b"two", b"three"]
    os.truncate(writer.path, 14)
    assert reader.look() == []
    writer.write(b"four\n")
    assert reader.look() == [b"four"]
    assert reader.kinds() == ["opened"]  # nothing that was handed out was taken back
    os.truncate(writer.path, size)
    assert reader.look() == []
    writer.write(b"ve\nfive\n")
    assert reader.look() == lines
    assert [(change.kind, change.offset, change.line) for change in reader.changes[1:]] == [("shortened", 8, 3)]
    assert (reader.pieces[-1].offset, reader.pieces[-1].line) == (8, 3)


def test_a_file_of_which_no_line_is_left_begins_anew(writer: Writer) -> None:
    """Cut off within its first line, it has nothing in common with what was read."""
    reader = Reader(writer.path)
    writer.write(b"one\ntwo\n")
    assert reader.look() == [b"one", b"two"]
    os.truncate(writer.path, 2)
    assert reader.look() == []
    writer.write(b"ly\n")
    assert reader.look() == [b"only"]
    assert reader.kinds() == ["opened", "truncated"]
    assert reader.pieces[-1].line == 1


def test_a_line_too_long_to_hold_is_one_piece_with_its_head(writer: Writer) -> None:
    """Its length is told, the lines around it are whole, and offsets go on."""
    reader = Reader(writer.path)
    writer.write(b"a\n" + b"x" * 3000)
    assert reader.look() == [b"a"]
    for _ in range(100):
        writer.write(b"x" * 1000)
        assert reader.look() == []
    writer.write(b"x\nb\n")
    assert reader.look() == [b"x" * 1024, b"b"]
    overlong, last = reader.pieces[-2:]
    assert (overlong.overlong, overlong.offset, overlong.line) == (103_001, 2, 2)
    assert (last.offset, last.line) == (103_004, 3)


def test_reading_can_begin_anywhere(writer: Writer) -> None:
    """From an offset on, with the number of the line there; the next file is read from its beginning."""
    writer.write(b"one\ntwo\n")
    reader = Reader(writer.path, offset=4, line=2)
    assert reader.look() == [b"two"]
    writer.rotate("plain")
    writer.write(b"three\n")
    assert reader.look() == [b"three"]
    assert [(piece.offset, piece.line) for piece in reader.pieces] == [(4, 2), (0, 1)]


def test_files_that_were_deleted_meanwhile_are_passed_over(writer: Writer) -> None:
    """Where old files are deleted before they were read, what is left is read in its order."""
    reader = Reader(writer.path)
    assert reader.look() == []
    for keep in (True, False, True):
        writer.write(writer.line())
        if keep:
            writer.rotate(".zst")
        else:
            writer.rotate("plain").unlink()
    writer.write(writer.line())
    assert reader.look() == [writer.lines[at] for at in (0, 2, 3)]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A directory or a pipe in its place ends it with a message that names it, and is not waited for."""
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(SourceError, match=r"log\.jsonl: is a directory"):
        Reader(tmp_path / "log.jsonl").look()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match=r"pipe: not a regular file"):
        Reader(tmp_path / "pipe").look()


def test_a_log_that_is_not_there_yet_is_waited_for(writer: Writer) -> None:
    """Nothing comes, which does not block, until the log is there."""
    writer.path.unlink()
    follower = Follower(str(writer.path), MAX_LINE, lambda _: None)
    pieces = iter(follower)
    assert next(pieces) is None
    assert follower.is_waiting
    writer.write(writer.line())
    deadline = time.monotonic() + 20
    while (piece := next(pieces)) is None:
        assert time.monotonic() < deadline
    assert piece.data.splitlines() == writer.lines
    assert not follower.is_waiting
