"""A log is known by its content: by its first line, and at places in it by a hash of the bytes before them."""

from collections import deque
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from ses_cli.batch import Piece
from ses_cli.replay.journal.contract import Content

SEGMENT = 8 << 10  # bytes between two marks, at least
HEAD = 64 << 10  # bytes that are looked at for the first line
_SIZE = 16  # bytes of a digest


class Mark(NamedTuple):
    """A place between two lines, and by what it is told again."""

    offset: int  # bytes, in the decompressed log
    line: int  # the number of the line that begins there
    start: int
    digest: bytes  # of the bytes [start, offset)

    def is_in(self, content: Content) -> bool:
        """Whether this place is in a log."""
        begin = max(self.start - 1, 0)  # with the end of the line before, where there is one
        data = content.read(begin, self.offset)
        if len(data) < self.offset - begin or (self.start and not data.startswith(b"\n")):
            return False
        return _hash(data[self.start - begin :]).digest() == self.digest


class Trail:
    """Follows a log as it is read, so that each place in it can be given as a mark.

    One hash runs along, `SEGMENT` bytes at a time: only where a callback turns out to be the first that is not done is
    a mark made of its place, from the bytes of its segment. After each `SEGMENT` bytes a new hash begins, and the end
    of the former is a mark: places near the beginning of a segment are told by that one too.
    """

    def __init__(self, offset: int = 0, line: int = 1) -> None:
        """What is before `offset` is known already, and passed over where it is read again."""
        self.marks: deque[Mark] = deque()  # ends of segments, as they are reached
        self.first: bytes | None = None  # the digest of the first line
        self._offset = self._start = offset  # how far the hash is; where it began
        self._line = line
        self._reached = offset, line  # the callback that was asked for last; the hash may be behind
        self._segment: HashedSpan | None = None  # what is known of the places from the hash on
        self._is_finished = False
        self._is_in_line = False  # there begins a line that was asked for
        self._hash = _hash()
        self._piece = Piece("", offset, b"", line)

    def feed(self, piece: Piece) -> None:
        """The next piece, right behind the former one, or behind a line that was too long to hold."""
        self.finish()
        self._is_finished = False
        if not piece.offset:
            self.first = _first(piece.data)
        if piece.offset > self._offset:
            self._end_segment()
            self._offset = self._start = piece.offset
        self._piece, self._segment = piece, None
        self._reached = self._offset, self._line

    def reach(self, offset: int, line: int) -> "HashedSpan":
        """What makes a mark of the place where this line of the piece begins."""
        segment = self._segment
        if segment is None or offset - self._start >= SEGMENT:
            self._move(offset, line)
            base = self._piece.offset
            data = self._piece.data[offset - base : self._start + SEGMENT - base]
            segment = self._segment = HashedSpan(self._start, offset, self._hash.copy(), data)
        self._reached = offset, line
        self._is_in_line = True
        return segment

    def here(self) -> Mark:
        """The place behind the line that was reached last."""
        if self._is_finished:
            return self.finish()
        self._catch_up()
        if self._is_in_line:
            base, data = self._piece.offset, self._piece.data
            end = base + data.find(b"\n", self._offset - base) + 1
            if end > self._offset:
                self._move(end, self._line + 1)
        return self._mark()

    def finish(self) -> Mark:
        """All callbacks of the piece were reached. The place behind its last whole line: one without end may grow."""
        self._catch_up()
        self._is_finished = True
        piece = self._piece
        end = piece.offset + piece.data.rfind(b"\n") + 1
        if end > self._offset and not piece.overlong:
            self._move(end, piece.end - (not piece.data.endswith(b"\n")))
        return self._mark()

    def _catch_up(self) -> None:
        if self._reached[0] > self._offset:
            self._move(*self._reached)
            self._is_in_line = True

    def _move(self, offset: int, line: int) -> None:
        base = self._piece.offset
        self._hash.update(memoryview(self._piece.data)[self._offset - base : offset - base])
        self._offset, self._line, self._is_in_line = offset, line, False
        if offset - self._start >= SEGMENT:
            self._end_segment()

    def _end_segment(self) -> None:
        if self._offset > self._start:
            self.marks.append(self._mark())
            self._start, self._hash, self._segment = self._offset, _hash(), None

    def _mark(self) -> Mark:
        return Mark(self._offset, self._line, self._start, self._hash.digest())


class HashedSpan(NamedTuple):
    """Places that can still be made marks: a hash of the bytes [start, offset), and those that follow."""

    start: int
    offset: int
    hash: blake2b
    data: bytes

    @property
    def end(self) -> int:
        """Places before this one are in it."""
        return self.start + SEGMENT

    def mark(self, offset: int, line: int) -> Mark:
        """The mark of a place in it."""
        whole = self.hash.copy()
        whole.update(self.data[: offset - self.offset])
        return Mark(offset, line, self.start, whole.digest())


def begin(offset: int, line: int) -> Mark:
    """A place of which no byte before it is known, but that a line ends there."""
    return Mark(offset, line, offset, _hash().digest())


def place_in(content: Content, offset: int, line: int) -> Mark:
    """A mark of a place where a line begins, told by the lines before it."""
    size = SEGMENT
    while True:
        start = max(offset - size, 0)
        data = content.read(start, offset)
        whole = data if not start else data[data.find(b"\n") + 1 :]
        if whole or not start:
            return Mark(offset, line, offset - len(whole), _hash(whole).digest())
        size *= 4  # the line before is longer


def first_line(content: Content) -> tuple[bytes | None, bool]:
    """A digest of the first line without its end, None where there is none; and whether it has its end."""
    head = content.head()
    return _first(head) if head else None, b"\n" in head or len(head) >= HEAD


def _first(data: bytes) -> bytes:
    return _hash(data[:HEAD].split(b"\n", 1)[0]).digest()


def matches(marks: Iterable[Mark], content: Content) -> bool:
    """Whether a log has all that another had up to its last mark: by the first and the last few, so little is read."""
    rising = sorted(set(marks))
    return all(mark.is_in(content) for mark in sorted({*rising[:1], *rising[-4:]}))


def shared(marks: Iterable[Mark], content: Content) -> Mark | None:
    """The last of rising marks up to which a log is like another, None where they part before the first."""
    found = None
    for mark in marks:
        if not mark.is_in(content):
            break
        found = mark
    return found


def thin(offsets: Sequence[int]) -> list[int]:
    """Which of rising offsets to drop, so that their number grows with the logarithm of the log's size.

    Those left lie the closer the nearer they are to the end: what is cut off the end of a log is found out to half its
    length.
    """
    dropped: list[int] = []
    last = end = offsets[-1]
    for before, offset in zip(offsets[-3::-1], offsets[-2:0:-1], strict=True):
        if last - before <= (end - before) // 2:
            dropped.append(offset)
        else:
            last = offset
    return dropped


def _hash(data: bytes = b"") -> blake2b:
    return blake2b(data, digest_size=_SIZE)
