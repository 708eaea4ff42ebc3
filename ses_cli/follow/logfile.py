"""One file of a log, opened once: it stays the same file whatever becomes of its name."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from ses_cli.batch import Piece
from ses_cli.errors import SourceError
from ses_cli.follow.generations import Identity
from ses_cli.sources.decompress import MAGIC_BYTES, Damaged, Readable, codec_of, decompress
from ses_cli.sources.lines import LineCutter
from ses_cli.sources.read import PIECE
from ses_cli.sources.source import shown

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_HEAD = 1024  # bytes by which a file that began anew is told from the one that was read


class LogFile:
    """An open file of a log, compressed or not. Raises OSError, and Damaged where it is read."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        """`path`: where it was found, for messages."""
        status = os.fstat(file.fileno())
        self.name = shown(str(path))
        self.path = path
        self.real_path = path.resolve()
        self.identity: Identity = (status.st_dev, status.st_ino)
        self.codec = codec_of(os.pread(file.fileno(), MAGIC_BYTES, 0))
        self._file = file
        self._head = b""
        self._stream: Readable = file

    @classmethod
    def open(cls, path: Path) -> Self:
        """The file of this name. A pipe in its place, which nobody may ever write to, is an error like a directory."""
        file = open(path, "rb", buffering=0, opener=_open_at_once)
        try:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "not a regular file", str(path))
            return cls(file, path)
        except BaseException:
            file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file, which was only read: an error that the system tells now is about nothing."""
        with suppress(OSError):
            self._file.close()

    @property
    def size(self) -> int:
        """Bytes on disk, now."""
        return os.fstat(self._file.fileno()).st_size

    @property
    def modified(self) -> int:
        """When it was last written to, ns."""
        return os.fstat(self._file.fileno()).st_mtime_ns

    @property
    def bytes_read(self) -> int:
        """Bytes on disk that were read."""
        return self._file.tell()

    def seek(self, offset: int) -> None:
        """Reads on from a byte of the decompressed data."""
        self._stream = self._file
        if self.codec is None:
            self._file.seek(offset)
            return
        self._file.seek(0)
        self._stream = decompress(self._file, self.codec)
        while offset and (skipped := self._stream.read(min(offset, PIECE))):
            offset -= len(skipped)

    def chunks(self) -> Iterator[bytes]:
        """What there is from here on. After damage there is nothing more."""
        try:
            while chunk := self._stream.read(PIECE):
                yield chunk
        except Damaged:
            self._stream = BytesIO()
            raise

    def read_at(self, offset: int, size: int) -> bytes:
        """Bytes of a plain file, fewer at its end. Where it is read does not change."""
        parts: list[bytes] = []
        while size > 0 and (part := os.pread(self._file.fileno(), min(size, PIECE), offset)):
            parts.append(part)
            offset, size = offset + len(part), size - len(part)
        return b"".join(parts)

    def reader(self) -> Readable:
        """The decompressed data from its beginning. Where it is read does not change."""
        return decompress(BufferedReader(_Positioned(self._file.fileno())), self.codec)

    def pieces(self, max_line: int) -> Iterator[Piece]:
        """All its lines, numbered, from the beginning, as far as it is written. Raises SourceError for damage."""
        self.seek(0)
        lines = LineCutter(self.name, max_line, 0, 1)
        try:
            for chunk in self.chunks():
                yield from lines.feed(chunk)
        except Damaged as error:
            raise SourceError(f"{self.name}: {error}") from None
        yield from lines.end()

    def is_new_inside(self) -> bool:
        """Whether it begins with other bytes than at the last look, or with none: it was emptied in between."""
        head = os.pread(self._file.fileno(), _HEAD, 0)
        before, self._head = self._head, head
        return bool(before) and (not head or not head.startswith(before[: self.size]))

    def whole_lines(self) -> tuple[int, int]:
        """Where its last whole line ends, and how many there are. Of a plain file."""
        end = lines = at = 0
        while chunk := os.pread(self._file.fileno(), PIECE, at):
            lines += chunk.count(b"\n")
            end = at + chunk.rfind(b"\n") + 1 if b"\n" in chunk else end
            at += len(chunk)
        return end, lines

    def is_copy_of(self, plain: "LogFile") -> bool:
        """Whether this compressed file holds what a plain one does, byte for byte."""
        at = 0
        self.seek(0)
        for chunk in self.chunks():
            if chunk != os.pread(plain._file.fileno(), len(chunk), at):
                return False
            at += len(chunk)
        return at == plain.size


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


class _Positioned(RawIOBase):
    """A file read at a place of its own."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        data = os.pread(self._fd, len(view), self._at)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
