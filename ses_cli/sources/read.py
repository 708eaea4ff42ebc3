"""Spans of a source become pieces of whole lines; cut anywhere, the lines are the same."""

import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ses_cli.batch import OVERLONG_HEAD, Piece
from ses_cli.errors import SourceError
from ses_cli.sources.decompress import MAGIC_BYTES, Damaged, Readable, codec_of, decompress
from ses_cli.sources.find import STDIN, Source, reason

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE = 64 << 10  # bytes: a larger piece falls out of the processor's cache, and its memory goes back to the system
SPAN = 16 << 20  # bytes of a plain file that are handed out at once


class Span(NamedTuple):
    """The lines of a source that begin in [start, end); `end` is None for all there is."""

    source: Source
    start: int = 0
    end: int | None = None

    @property
    def bytes(self) -> int:
        """What of the source as it lies on disk this is, 0 where that is not known."""
        return (self.source.size or 0) if self.end is None else self.end - self.start


def spans(source: Source, size: int = SPAN) -> Iterator[Span]:
    """A plain file in spans of `size` bytes, anything else whole."""
    if source.size is None or source.codec:
        yield Span(source)
        return
    for start in range(0, source.size, size):
        yield Span(source, start, min(start + size, source.size))


def read(span: Span, max_line: int, piece_size: int = PIECE) -> Iterator[Piece]:
    """The lines that begin in the span, not numbered yet. Raises SourceError, after all that could be read."""
    name = span.source.name
    try:
        with _open(span) as raw:
            for piece in _pieces(span, _decoded(span, raw), max_line, piece_size):
                yield piece._replace(bytes_read=raw.tell()) if span.source.size else piece
    except Damaged as error:
        raise SourceError(f"{name}: {error}; what stands before was read", "copy or compress it again") from None
    except OSError as error:
        raise SourceError(f"{name}: {reason(error)}") from None


def _open(span: Span) -> BinaryIO:
    if span.source.path == STDIN:
        return open(0, "rb", buffering=0, closefd=False)
    raw = open(span.source.path, "rb", buffering=0)
    status = os.fstat(raw.fileno())
    if span.source.identity not in (None, (status.st_dev, status.st_ino)):
        raw.close()
        raise SourceError(f"{span.source.name}: was replaced while it was read", "read it again")
    if span.start:
        raw.seek(span.start - 1)
    return raw


def _decoded(span: Span, raw: BinaryIO) -> Readable:
    if span.source.size is not None:
        return decompress(raw, span.source.codec)
    head = b""
    while len(head) < MAGIC_BYTES and (more := raw.read(MAGIC_BYTES - len(head))):
        head += more
    stream = _Rewound(head, raw)
    codec = codec_of(head)
    return decompress(io.BufferedReader(stream), codec) if codec else stream


class _Rewound(io.RawIOBase):
    """A stream of which the first bytes were already bytes_read."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        return self._rest.read(size)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer)
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)


def _pieces(span: Span, stream: Readable, max_line: int, piece_size: int) -> Iterator[Piece]:
    name, end = span.source.name, span.end
    offset, buffer = span.start, b""
    if span.start:
        offset, buffer = _after_newline(stream, span.start - 1)
    while end is None or offset < end:
        cut, is_last = _cut(buffer, None if end is None else end - offset)
        if cut:
            yield Piece(name, offset, buffer[:cut])
            offset, buffer = offset + cut, buffer[cut:]
            if is_last:
                return
        elif len(buffer) > max_line:
            length, rest = _rest_of_line(stream, len(buffer))
            yield Piece(name, offset, buffer[: min(max_line, OVERLONG_HEAD)], overlong=length)
            offset, buffer = offset + length + 1, rest
            continue
        chunk = stream.read(piece_size)
        if not chunk:
            break
        buffer += chunk
    if buffer and (end is None or offset < end):
        yield Piece(name, offset, buffer)
        offset += len(buffer)
    if end is not None and offset < end:
        raise SourceError(f"{name}: shrank to {offset:,} bytes while it was read", "read it again")


def _cut(buffer: bytes, wanted: int | None) -> tuple[int, bool]:
    """Where the last line to take from the buffer ends, and whether it is the span's last: it ends past `wanted`."""
    if wanted is not None and (at := buffer.find(b"\n", wanted - 1)) >= 0:
        return at + 1, True
    return buffer.rfind(b"\n") + 1, False


def _after_newline(stream: Readable, offset: int) -> tuple[int, bytes]:
    while chunk := stream.read(PIECE):
        if (at := chunk.find(b"\n")) >= 0:
            return offset + at + 1, chunk[at + 1 :]
        offset += len(chunk)
    return offset, b""


def _rest_of_line(stream: Readable, length: int) -> tuple[int, bytes]:
    while chunk := stream.read(PIECE):
        if (at := chunk.find(b"\n")) >= 0:
            return length + at, chunk[at + 1 :]
        length += len(chunk)
    return length, b""
