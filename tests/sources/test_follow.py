"""A log that grows is read line by line, each once, whatever happens to the file."""

import gzip
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.batch import Piece
from ses_cli.errors import SourceError
from ses_cli.follow.tail import Tail, Turn, follow

MAX_LINE = 2000


class Writer:
    """A log that is written, rotated and compressed as `listen` does it."""

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

    def rotate(self, how: str) -> Path:
        """Gives the log its rotated name, and begins a new one."""
        self._rotations += 1
        path = self.path.with_name(f"log-20260101T{self._rotations:06}Z.jsonl")
        self.path.rename(path)
        self.path.touch()
        return self.compress(path, how)

    def compress(self, path: Path, how: str) -> Path:
        """Puts a compressed file in the place of another."""
        if how == "plain":
            return path
        data = path.read_bytes()
        packed = gzip.compress(data) if how == ".gz" else zstandard.ZstdCompressor().compress(data)
        path.with_name(path.name + how).write_bytes(packed)
        path.unlink()
        return path.with_name(path.name + how)


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    """A writer in an empty directory."""
    return Writer(tmp_path)


class Reader:
    """A tail, and what came of it."""

    def __init__(self, path: Path, offset: int = 0, line: int = 1) -> None:
        self.turns: list[Turn] = []
        self.pieces: list[Piece] = []
        self.tail = Tail(str(path), MAX_LINE, self.turns.append, offset, line)

    def look(self) -> list[bytes]:
        """The lines that have come."""
        pieces = list(self.tail.pieces())
        self.pieces += pieces
        return [line for piece in pieces for line in piece.data.removesuffix(b"\n").split(b"\n")]

    def kinds(self) -> list[str]:
        """What happened, in a word each."""
        return [turn.kind for turn in self.turns]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("line"), st.integers(0, 300)),
            st.tuples(st.just("half"), st.integers(1, 19)),
            st.tuples(st.just("rotate"), st.sampled_from(["plain", ".gz", ".zst"])),
            st.tuples(st.just("look"), st.just(0)),
        ),
        max_size=30,
    )
)
def test_every_line_comes_once_and_in_order(script: list[tuple[str, int | str]]) -> None:
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
                writer.rotate(str(how))
        writer.write(held + writer.line())
        found += reader.look()
        assert found == writer.lines
        numbers: dict[str, tuple[int, int]] = {}
        for piece in reader.pieces:  # each goes on where the one before it, of its source, ended
            offset, line = (piece.offset, piece.line) if piece.offset else (0, 1)
            assert (piece.offset, piece.line) == (numbers.get(piece.source, (0, 1)) if offset else (0, 1))
            numbers[piece.source] = (offset + len(piece.data), line + piece.data.count(b"\n"))


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
    assert reader.turns[-1].identity == (writer.path.stat().st_dev, writer.path.stat().st_ino)


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
def test_an_end_that_is_taken_back_is_no_truncation(writer: Writer, size: int, lines: list[bytes]) -> None:
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
    assert [(turn.kind, turn.offset, turn.line) for turn in reader.turns[1:]] == [("cut-back", 8, 3)]
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
    """A directory in its place ends it with a message that names it."""
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(SourceError, match=r"log\.jsonl: is a directory"):
        Reader(tmp_path / "log.jsonl").look()


def test_waiting_can_be_ended(writer: Writer) -> None:
    """Following goes on until the wait says so, and a file that is not there yet is waited for."""
    writer.path.unlink()
    looks: list[float] = []
    stop = threading.Event()

    def wait(seconds: float) -> bool:
        looks.append(seconds)
        writer.write(writer.line())
        return len(looks) == 3

    pieces: Iterator[Piece] = follow(str(writer.path), MAX_LINE, wait, lambda _: stop.set())
    assert [piece.data.removesuffix(b"\n") for piece in pieces] == writer.lines[:2]
    assert stop.is_set()
