"""A log that is followed with a journal: every line is sent, whatever is rotated, cut, killed and begun again."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ses_cli.errors import SourceError
from ses_cli.pipeline import raw_rows
from ses_cli.replay.generations import follow
from ses_cli.replay.journal import Entry, JournalSubject, State, open_journal, read_status
from ses_cli.sources import find

URL = "http://127.0.0.1:1/"
SAME = b"the same first line"


@pytest.fixture(autouse=True, scope="module")
def at_once() -> Iterator[None]:
    """A look is a look, however soon after another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ses_cli.follow.follower.POLL", 0)
        yield


class Followed:
    """A log, its writer, and one after another the followers of it, who share a journal."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log.jsonl"
        self.written: list[bytes] = []  # what is to be sent
        self.lost: list[bytes] = []  # what was truncated: it may have been sent
        self.sent: list[bytes] = []
        self.said: list[str] = []
        self.failing = 0  # so many more are refused
        self._live: list[bytes] = []
        self._rotations = 0
        self._count = 0
        self.path.touch()

    def write(self, count: int) -> None:
        """Appends lines that are new."""
        for _ in range(count):
            self._count += 1
            self._append(b"line %d" % self._count)

    def rotate(self, is_same: bool, is_compressed: bool) -> None:
        """Begins a new log, perhaps with the same first line as others."""
        if not self._live:
            return
        self._rotations += 1
        old = self.path.rename(self.path.with_name(f"log-20260101T{self._rotations:06}Z.jsonl"))
        if is_compressed:
            compressed = old.with_name(old.name + ".gz")
            compressed.write_bytes(gzip.compress(old.read_bytes()))
            os.utime(compressed, ns=(0, old.stat().st_mtime_ns))  # as all that compress do
            old.unlink()
        self._live = []
        self.path.touch()
        if is_same:
            self._append(SAME)

    def cut(self, count: int) -> None:
        """Truncates the last lines, but not the first two."""
        kept, lost = self._live[: max(2, len(self._live) - count)], self._live[max(2, len(self._live) - count) :]
        for line in lost:
            self.written.remove(line)
        self.lost += lost
        self._live = kept
        os.truncate(self.path, sum(len(line) + 1 for line in kept))

    def begin(self, begin_fd: int | None = None) -> None:
        """Another follower, after the former was killed."""
        self.journal = open_journal(self.path.with_name("journal"), JournalSubject(URL, URL), 1)
        sources, _ = find([str(self.path)])
        try:
            followed = follow(sources[0], self.journal, 1000, lambda change: self.said.append(change.kind), begin_fd)
        except SourceError:
            self.journal.close()
            raise
        self._numbers = followed.tracker.numbers
        self._pieces = iter(followed.follower)

    def look(self, most: int = 10_000) -> None:
        """Sends what has come, or so much of it."""
        while piece := next(self._pieces):
            log = self._numbers[piece.source]
            self.journal.feed(log, piece)
            entries = self.journal.admit(log, list(raw_rows(piece)))
            for entry, raw in zip(entries, piece.data.splitlines(), strict=True):
                if not most:
                    return
                most -= self._send(entry, raw)
            self.journal.finish(log)

    def end(self) -> None:
        """The follower dies."""
        self.journal.close()

    def _send(self, entry: Entry, raw: bytes) -> bool:
        if entry.state is State.DELIVERED:
            return False
        self.journal.intend([(entry, 1)])
        if self.failing:
            self.failing -= 1
            self.journal.outcome(entry, State.FAILED)
        else:
            self.sent.append(raw)
            self.journal.outcome(entry, State.DELIVERED)
        return True

    def _append(self, line: bytes) -> None:
        self._live.append(line)
        self.written.append(line)
        with self.path.open("ab") as file:
            file.write(line + b"\n")


STEPS = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 80)),
    st.tuples(st.just("rotate"), st.booleans(), st.booleans()),
    st.tuples(st.just("cut"), st.integers(1, 5)),
    st.tuples(st.just("look")),
    st.tuples(st.just("refused"), st.integers(1, 4)),
    st.tuples(st.just("killed"), st.integers(0, 30)),  # after so many more were sent
    st.tuples(st.just("down"), st.lists(st.sampled_from(["write", "rotate", "same", "cut"]), max_size=6)),
)


@given(st.lists(STEPS, max_size=12))
@example([("down", ["same", "write", "same"]), ("killed", 4)])
@example([("rotate", True, False), ("rotate", True, False), ("look",), ("killed", 0), ("killed", 0)])
@example([("rotate", True, False), ("rotate", False, False), ("down", ["write", "same"])])
@example(
    [("refused", 1), ("write", 2), ("rotate", False, False), ("write", 2), ("rotate", False, False), ("killed", 9)]
)
def test_every_line_is_delivered(steps: list[tuple[str, *tuple[object, ...]]]) -> None:
    """Through any rotation, any cut, refusals and any number of followers; once, unless the log was cut."""
    with TemporaryDirectory() as folder:
        log = Followed(Path(folder))
        log.write(2)
        log.begin()
        log.look()
        for name, *values in steps:
            match name, values:
                case "write", [int(count)]:
                    log.write(count)
                case "rotate", [bool(is_same), bool(is_compressed)]:
                    log.rotate(is_same, is_compressed)
                case "cut", [int(count)]:
                    log.look()
                    log.cut(count)
                    log.look()
                case "refused", [int(count)]:
                    log.failing = count
                case "killed", [int(count)]:
                    log.look(count)
                    log.end()
                    log.begin()
                case "down", [list(done)]:
                    log.look()
                    log.end()
                    for what in done:
                        _meanwhile(log, what)
                    log.begin()
                case _:
                    log.look()
        log.write(1)  # a file is left when something stands in the next
        log.look()
        log.end()
        log.failing = 0
        log.begin()  # what was refused is sent again
        log.look()
        log.end()
        rest = list(log.sent)
        for line in log.written:
            rest.remove(line)
        if not log.lost:  # where a log lost its end, what was sent may be sent again
            assert not rest


def _meanwhile(log: Followed, what: object) -> None:
    if what == "write":
        log.write(3)
    elif what == "cut":
        log.cut(2)
    else:
        log.rotate(what == "same", is_compressed=True)


@pytest.mark.parametrize("rotations", [0, 1, 3])
@pytest.mark.parametrize("is_compressed", [False, True])
def test_where_a_new_journal_begins(tmp_path: Path, rotations: int, is_compressed: bool) -> None:
    """With the file that was held open, whatever it was rotated to; the next follower goes on all the same."""
    log = Followed(tmp_path)
    log.write(3)
    log.rotate(is_same=False, is_compressed=True)
    log.write(3)
    with log.path.open("rb") as held:
        for _ in range(rotations):
            log.rotate(is_same=False, is_compressed=is_compressed)
            log.write(3)
        for _ in range(2):
            log.begin(held.fileno())
            log.look()
            log.end()
            assert log.sent == log.written[3:]


def test_a_log_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A read that fails while the log is recognised is no internal error."""
    log = Followed(tmp_path)
    with pytest.raises(SourceError, match=r"log\.jsonl: is a directory"), _directory(tmp_path) as fd:
        log.begin(fd)


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY)
    yield fd
    os.close(fd)


def test_a_new_journal_begins_with_what_is_written_to(tmp_path: Path) -> None:
    """What was rotated away before is not sent; the next follower goes on all the same."""
    log = Followed(tmp_path)
    log.write(3)
    log.rotate(is_same=False, is_compressed=True)
    log.write(3)
    for _ in range(2):
        log.begin()
        log.look()
        log.end()
        assert log.sent == log.written[3:]


@pytest.mark.parametrize("written", [0, 1, 2, 5])
def test_lines_truncated_while_nobody_followed(tmp_path: Path, written: int) -> None:
    """Whatever stands in their place by now is sent. Of a log this short what stands before it is sent again."""
    log = Followed(tmp_path)
    log.write(6)
    log.begin()
    log.look()
    log.end()
    log.cut(2)
    log.write(written)
    log.begin()
    log.write(3)
    log.look()
    log.end()
    assert log.sent == [*log.written[:4], *log.lost, *log.written]


def test_what_was_cut_off_far_back_may_come_again_but_is_not_lost(tmp_path: Path) -> None:
    """Where more is gone than the journal remembers line by line, sending goes on from what is certain."""
    log = Followed(tmp_path)
    log.write(1500)
    log.begin()
    log.look()
    log.end()
    log.cut(300)
    log.write(5)
    log.begin()
    log.look()
    log.end()
    assert set(log.written) <= set(log.sent)


def test_the_log_that_was_read_last_must_be_there(tmp_path: Path) -> None:
    """Older ones may be deleted; where the newest is gone, what was left of it would be skipped in silence."""
    log = Followed(tmp_path)
    log.write(3)
    log.begin()
    log.look()
    log.rotate(is_same=False, is_compressed=False)
    log.write(3)
    log.look()
    log.end()
    (old,) = tmp_path.glob("log-*")
    old.unlink()
    log.begin()
    log.end()
    log.path.rename(tmp_path / "elsewhere")
    log.path.touch()
    log.write(1)
    with pytest.raises(SourceError, match="not beside it"):
        log.begin()
    (tmp_path / "elsewhere").rename(tmp_path / "log-20260102T000000Z.jsonl")  # as the message says
    log.begin()
    log.look()
    log.end()
    assert log.sent == log.written


def test_what_was_delivered_is_counted_though_its_log_is_finished(tmp_path: Path) -> None:
    """The journal holds the log that is written to, and a number for those before."""
    log = Followed(tmp_path)
    log.write(3)
    log.begin()
    log.look()
    for _ in range(2):
        log.rotate(is_same=False, is_compressed=True)
        log.write(2)
        log.look()
    log.end()
    status = read_status(tmp_path / "journal")
    assert status.finished == (2, 5)
    assert [one.delivered for known in status.logs for one in known.progress] == [2]


def test_what_failed_is_sent_again_and_nothing_else(tmp_path: Path) -> None:
    """Of the generations between one that a callback failed of and the last one nothing is sent again."""
    log = Followed(tmp_path)
    log.write(3)
    log.failing = 1
    log.begin()
    for _ in range(3):
        log.look()
        log.rotate(is_same=False, is_compressed=True)
        log.write(2)
    log.look()
    log.end()
    assert log.sent == log.written[1:]
    for _ in range(2):
        log.begin()
        log.look()
        log.end()
        assert log.sent == [*log.written[1:], log.written[0]]
    assert read_status(tmp_path / "journal").finished == (3, 7)
