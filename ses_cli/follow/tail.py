"""A log that grows: its lines as they come, through rotation and truncation."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, Self

from ses_cli.batch import Piece
from ses_cli.errors import SourceError
from ses_cli.follow.rotated import rotated
from ses_cli.sources.decompress import MAGIC_BYTES, Damaged, Readable, codec_of, decompress
from ses_cli.sources.find import reason, shown
from ses_cli.sources.lines import Lines
from ses_cli.sources.read import PIECE

POLL = 0.2  # seconds between two looks
_HEAD = 1024  # bytes by which a file that began anew is told from the one that was read


_Kind = Literal["opened", "rotated", "truncated", "cut-back", "gone"]


class Turn(NamedTuple):
    """Something other than growth. The pieces that follow are of `source`."""

    kind: _Kind
    source: str
    offset: int  # bytes, where reading goes on
    line: int  # number of the line that begins there
    identity: tuple[int, int] | None  # device and inode of what is read from now on; None while it is gone


Tell = Callable[[Turn], None]


def follow(
    path: str, max_line: int, wait: Callable[[float], bool], tell: Tell, offset: int = 0, line: int = 1
) -> Iterator[Piece]:
    """Numbered pieces of a plain file from `offset` on, for ever: `wait` waits so many seconds, or says to stop.

    An unended last line is held until it has its end, or the file is left for the next. Raises SourceError.
    """
    with Tail(path, max_line, tell, offset, line) as tail:
        while True:
            yield from tail.pieces()
            if wait(POLL):
                return


class Tail:
    """A place in a log, to be asked again and again for what has come since."""

    def __init__(
        self, path: str, max_line: int, tell: Tell, offset: int = 0, line: int = 1, after: str | None = None
    ) -> None:
        """`line` is the number of the line that begins at `offset`. `after`: the rotated file behind which to begin."""
        self._path = Path(path)
        self._name = shown(path)
        self._tell = tell
        self._lines = Lines(self._name, max_line, offset, line)
        self._file: BinaryIO | None = None
        self._head = b""
        self._newest = after  # stamp of the last rotated file that is done with, once a file was opened
        self._is_begun = False  # a file was opened
        self._is_gone = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def pieces(self) -> Iterator[Piece]:
        """All whole lines that have come. Does not wait. Raises SourceError."""
        try:
            while True:
                while self._file is None:
                    yield from self._missed()
                    if self._is_gone_or_open():
                        break
                if self._file is None:
                    return
                self._look(self._file)
                yield from self._drain(self._file)
                if not self._is_left(self._file):
                    return
                yield from self._drain(self._file)  # what was written before the writer left it
                yield from self._lines.end()
                self._leave(self._file)
        except Damaged as error:
            raise SourceError(f"{self._lines.source}: {error}") from None
        except OSError as error:
            raise SourceError(f"{self._lines.source}: {reason(error)}") from None

    def _is_gone_or_open(self) -> bool:
        """Opens what the path names, if it is there; not while a file that was rotated away before it is to be read."""
        before = self._last_stamp()
        try:
            file = open(self._path, "rb", buffering=0)
        except FileNotFoundError:
            self._gone()
            return True
        if before != self._last_stamp() or (self._newest is not None and before > self._newest):
            file.close()
            return False
        self._newest, self._file, self._head, self._is_gone = before, file, b"", False
        file.seek(self._lines.offset)
        self._begin(file)
        return True

    def _look(self, file: BinaryIO) -> None:
        """Notices that the file began anew, or that its writer took back the end, as after a full disk."""
        size = os.fstat(file.fileno()).st_size
        head = os.pread(file.fileno(), _HEAD, 0)
        known = self._head[:size]
        self._head = head
        if file.tell() and (not size or not head.startswith(known)):
            self._restart(file)
        elif size < self._lines.offset:
            self._cut_back(file, size)
        elif size < file.tell():  # what is held was taken back, and was never handed out
            file.seek(self._lines.offset)
            self._lines.go_on(self._lines.offset, self._lines.line)

    def _restart(self, file: BinaryIO) -> None:
        file.seek(0)
        self._lines.restart(self._name)
        self._turn("truncated", file)

    def _cut_back(self, file: BinaryIO, size: int) -> None:
        """Goes on behind the whole lines that are left, with the numbers that they have in the file."""
        offset, lines = _whole_lines(file, size)
        if not lines:
            self._restart(file)
            return
        file.seek(offset)
        self._lines.go_on(offset, lines + 1)
        self._turn("cut-back", file)

    def _is_left(self, file: BinaryIO) -> bool:
        """Whether the path names another file, to which something was written: nothing comes to this one then."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            self._gone()
            return False
        self._is_gone = False
        return (there.st_dev, there.st_ino) != _identity(file) and there.st_size > 0

    def _leave(self, old: BinaryIO) -> None:
        """Closes a file that was read to its end, and finds out its rotated name, which is not to be read."""
        with old:
            self._file = None
            self._head = os.pread(old.fileno(), _HEAD, 0)
            stamp = next(iter(self._unread()), "")
            if stamp and self._is_of(stamp, old):
                self._newest = stamp
        self._lines.restart(self._name)

    def _missed(self) -> Iterator[Piece]:
        """What was written and rotated away while the files before it were read."""
        for stamp in self._unread():
            self._newest = stamp
            if file := self._opened(stamp):
                with file:
                    self._lines.restart(shown(str(file.name)))
                    self._begin(file)
                    yield from self._drain(_decoded(file))
                    yield from self._lines.end()
                self._lines.restart(self._name)

    def _is_of(self, stamp: str, old: BinaryIO) -> bool:
        """Whether a rotated file is the one that was read, compressed by now or not."""
        file = self._opened(stamp)
        if file is None:
            return True
        with file:
            stream = _decoded(file)
            head = b""
            while len(head) < len(self._head) and (more := stream.read(len(self._head) - len(head))):
                head += more
            return _identity(file) == _identity(old) or (stream is not file and head == self._head)

    def _opened(self, stamp: str) -> BinaryIO | None:
        """The rotated file of a stamp; none when it is deleted. A compressed one takes its place at any time."""
        while paths := [found.path for found in rotated(self._path.resolve()) if found.stamp == stamp]:
            with suppress(FileNotFoundError):
                return open(paths[0], "rb", buffering=0)
        return None

    def _unread(self) -> list[str]:
        """Stamps of rotated files that are to be read before the one that is written now."""
        newest = self._newest
        return [] if newest is None else [stamp for stamp in self._stamps() if stamp > newest]

    def _stamps(self) -> list[str]:
        return sorted({found.stamp for found in rotated(self._path.resolve())})

    def _last_stamp(self) -> str:
        return max(self._stamps(), default="")

    def _drain(self, stream: Readable) -> Iterator[Piece]:
        while chunk := stream.read(PIECE):
            yield from self._lines.feed(chunk)

    def _begin(self, file: BinaryIO) -> None:
        self._turn("rotated" if self._is_begun else "opened", file)
        self._is_begun = True

    def _turn(self, kind: _Kind, file: BinaryIO) -> None:
        self._tell(Turn(kind, self._lines.source, self._lines.offset, self._lines.line, _identity(file)))

    def _gone(self) -> None:
        if not self._is_gone:
            self._tell(Turn("gone", self._name, self._lines.offset, self._lines.line, None))
        self._is_gone = True


def _identity(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino


def _whole_lines(file: BinaryIO, size: int) -> tuple[int, int]:
    """Where the last line ends that lies whole in the first `size` bytes, and how many lines do."""
    end = lines = at = 0
    while chunk := os.pread(file.fileno(), min(PIECE, size - at), at):
        lines += chunk.count(b"\n")
        end = at + chunk.rfind(b"\n") + 1 if b"\n" in chunk else end
        at += len(chunk)
    return end, lines


def _decoded(file: BinaryIO) -> Readable:
    codec = codec_of(file.read(MAGIC_BYTES))
    file.seek(0)
    return decompress(file, codec)
