"""Spans of a source become pieces of whole lines; cut anywhere, the lines are the same."""

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ses_cli.batch import Piece
from ses_cli.errors import SourceError, reason
from ses_cli.sources.archives import HEAD, refuse_archive
from ses_cli.sources.decompress import MAGIC_BYTES, STEP, Damaged, Readable, codec_of, decompress
from ses_cli.sources.lines import LineCutter
from ses_cli.sources.source import Source
from ses_cli.sources.storage import Stream, storage_of

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


def spans(source: Source, size: int = SPAN, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """A plain file, or a stretch of it, in spans of `size` bytes; anything else whole."""
    if source.size is None or source.codec:
        yield Span(source)
        return
    end = source.size if end is None else end
    for begin in range(start, end, size):
        yield Span(source, begin, min(begin + size, end))


def read(span: Span, max_line: int, piece_size: int = PIECE, numbered: bool = True) -> Iterator[Piece]:
    """The lines that begin in the span, numbered from 1 or all 0. Raises SourceError, after all that could be read."""
    source, start = span.source, max(span.start - 1, 0)
    with _telling(source), closing(storage_of(source).open(source, start, span.end)) as raw:
        for piece in _pieces(span, _decoded(source, raw), max_line, piece_size, int(numbered)):
            yield piece._replace(bytes_read=raw.tell()) if source.size else piece
        raw.check(span.end)


@contextmanager
def opened(source: Source) -> Iterator[Readable]:
    """All bytes of a source, decompressed: for `cut`. Raises SourceError."""
    with _telling(source), closing(storage_of(source).open(source)) as raw:
        yield _decoded(source, raw)


def cut(source: Source, stream: Readable, max_line: int, piece_size: int = PIECE) -> Iterator[Piece]:
    """The lines of a stream, from the beginning of the source, numbered. Raises SourceError."""
    with _telling(source):
        yield from _pieces(Span(source), stream, max_line, piece_size)


def read_bytes(source: Source, start: int, end: int) -> bytes:
    """These bytes of a plain source, fewer at its end. Raises SourceError."""
    parts = []
    with _telling(source), closing(storage_of(source).open(source, start, end)) as raw:
        while start < end and (part := raw.read(end - start)):
            parts.append(part)
            start += len(part)
    return b"".join(parts)


def has_grown(source: Source) -> bool:
    """Whether more was added to a source since it was found."""
    return storage_of(source).has_grown(source)


@contextmanager
def _telling(source: Source) -> Iterator[None]:
    try:
        yield
    except Damaged as error:
        raise SourceError(f"{source.name}: {error}; everything before that was read", error.hint) from None
    except OSError as error:
        raise SourceError(f"{source.name}: {reason(error)}") from None


def _decoded(source: Source, raw: Stream) -> Readable:
    if source.size is not None:
        stream = decompress(raw, source.codec)
        return _Gathered(stream) if source.codec else stream
    head = b""
    while len(head) < MAGIC_BYTES and (more := raw.read(MAGIC_BYTES - len(head))):
        head += more
    stream = _Rewound(head, raw)
    codec = codec_of(head)
    return decompress(io.BufferedReader(stream), codec) if codec else stream


class _Gathered:
    """What is decoded in small steps, gathered. What came before damage is handed out before that is told.

    The steps do not depend on what is asked for: how much of a damaged file can be read is the same for any engine.
    """

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._held = b""  # decoded beyond what was asked for
        self._damage: Damaged | None = None

    def read(self, n: int, /) -> bytes:
        parts: list[bytes | memoryview] = []
        while n and (part := self._held or self._step()):
            parts.append(part if len(part) <= n else memoryview(part)[:n])
            self._held = part[n:]
            n -= len(parts[-1])
        if not parts and self._damage is not None:
            raise self._damage
        return b"".join(parts)

    def _step(self) -> bytes:
        if self._damage is None:
            try:
                return self._stream.read(STEP)
            except Damaged as damage:
                self._damage = damage
        return b""


class _Rewound(io.RawIOBase):
    """A stream of which the first bytes were already read."""

    def __init__(self, head: bytes, rest: Stream) -> None:
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


def _pieces(span: Span, stream: Readable, max_line: int, piece_size: int, line: int = 1) -> Iterator[Piece]:
    """A line belongs to the span in which it begins: the first one begins after a newline, the last may end beyond."""
    at, end = span.start, span.end
    chunk = b""
    if span.start:
        at, chunk = _first_line(span, stream, piece_size)
    lines = LineCutter(span.source.name, max_line, at, line)
    head = b""
    try:
        while (end is None or at < end or lines.is_holding) and (chunk := chunk or stream.read(piece_size)):
            if not span.start and len(head) < HEAD:
                head += chunk[:HEAD]
                refuse_archive(span.source.name, head)
            if end is not None and at + len(chunk) >= end and (last := chunk.find(b"\n", max(end - 1 - at, 0))) >= 0:
                yield from lines.feed(chunk[: last + 1])
                return
            yield from lines.feed(chunk)
            at, chunk = at + len(chunk), b""
    except Damaged:
        yield from lines.end()  # as far as it could be decoded
        raise
    yield from lines.end()


def _first_line(span: Span, stream: Readable, piece_size: int) -> tuple[int, bytes]:
    """Where the first line begins after a newline, and what was read of it; the span's end where none begins in it."""
    at = span.start - 1
    while (span.end is None or at < span.end - 1) and (chunk := stream.read(piece_size)):
        if (found := chunk.find(b"\n")) >= 0:
            return at + found + 1, chunk[found + 1 :]
        at += len(chunk)
    return at + 1, b""
