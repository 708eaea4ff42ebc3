"""The bytes of a log, for a journal that knows logs by their content, and the lines that are cut of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from tempfile import TemporaryFile
from typing import BinaryIO, Protocol

from ses_cli.batch import Piece
from ses_cli.replay.journal import Content
from ses_cli.sources.decompress import Damaged, Readable
from ses_cli.sources.read import PIECE, Span, cut, opened, read, read_bytes
from ses_cli.sources.source import Source

_HEAD = 64 << 10  # bytes


class LogContent(Content, Protocol):
    """The content of a log, and its lines."""

    @property
    def is_sought(self) -> bool:
        """Whether parts of it can be read without what stands before them."""

    def pieces(self, start: int, end: int | None, max_line: int, piece_size: int) -> Iterator[Piece]:
        """The lines that begin in [start, end), numbered from 1; all of them, where it cannot be sought."""

    def close(self) -> None:
        """It is recognised: only its pieces are wanted."""


def content_of(source: Source) -> LogContent:
    """How the content of a source is had."""
    if source.size is None:
        return PipeContent(source)
    return CompressedContent(source) if source.codec else FileContent(source)


class FileContent:
    """A plain file or object. It is not held open: there may be hundreds."""

    is_sought = True

    def __init__(self, source: Source) -> None:
        self._source = source

    def head(self) -> bytes:
        """Its beginning."""
        return self.read(0, _HEAD)

    def read(self, start: int, end: int) -> bytes:
        """These bytes, fewer at the end of the log. Raises SourceError."""
        return read_bytes(self._source, start, end)

    def pieces(self, start: int, end: int | None, max_line: int, piece_size: int) -> Iterator[Piece]:
        """The lines that begin in [start, end)."""
        return read(Span(self._source, start, end), max_line, piece_size)

    def close(self) -> None:
        """Nothing is open."""


class StreamContent:
    """What is decompressed as far as it is asked for, from its beginning again where that lies behind."""

    def __init__(self, open_stream: Callable[[], AbstractContextManager[Readable]]) -> None:
        self._open = open_stream
        self._stack = ExitStack()
        self._stream: Readable | None = None
        self._start = 0  # of what is held
        self._held = b""

    def head(self) -> bytes:
        """Its beginning."""
        return self.read(0, _HEAD)

    def read(self, start: int, end: int) -> bytes:
        """These bytes, fewer at the end of the log, or before what is damaged. Raises SourceError."""
        if self._stream is None or start < self._start:
            self.close()
            self._stream = self._stack.enter_context(self._open())
        while self._start + len(self._held) < end and (chunk := _read(self._stream)):
            kept = min(max(start - self._start, 0), len(self._held))
            self._start += kept
            self._held = self._held[kept:] + chunk
        return self._held[max(start - self._start, 0) : max(end - self._start, 0)]

    def close(self) -> None:
        """Lets go of the file."""
        self._stack.close()
        self._stream, self._start, self._held = None, 0, b""


class CompressedContent(StreamContent):
    """A compressed file."""

    is_sought = False

    def __init__(self, source: Source) -> None:
        super().__init__(lambda: opened(source))
        self._source = source

    def pieces(self, _start: int, _end: int | None, max_line: int, piece_size: int) -> Iterator[Piece]:
        """All lines."""
        return read(Span(self._source), max_line, piece_size)


class PipeContent:
    """What comes once: what is read ahead of it goes to a temporary file, and comes from there again."""

    is_sought = False

    def __init__(self, source: Source) -> None:
        self._source = source
        self._stack = ExitStack()
        self._stream: Readable | None = None
        self._spool: BinaryIO | None = None
        self._size = 0  # bytes in it
        self._is_over = False

    def head(self) -> bytes:
        """The first line, or as much of it as fits, and what came with it."""
        held = b""
        while len(held) < _HEAD and b"\n" not in held and not self._is_over:
            held = self.read(0, self._size + 1)
            held = self.read(0, self._size)
        return held[:_HEAD]

    def read(self, start: int, end: int) -> bytes:
        """These bytes, fewer at the end of the log. Waits for them. Raises SourceError."""
        stream, spool = self._open()
        while self._size < end and not self._is_over:
            chunk = _read(stream)
            spool.seek(self._size)
            spool.write(chunk)
            self._size += len(chunk)
            self._is_over = not chunk
        spool.seek(start)
        return spool.read(max(min(end, self._size) - start, 0))

    def pieces(self, _start: int, _end: int | None, max_line: int, piece_size: int) -> Iterator[Piece]:
        """All lines."""
        stream, spool = self._open()
        with self._stack:
            spool.seek(0)
            yield from cut(self._source, _Chain(spool, self._size, stream), max_line, piece_size)

    def close(self) -> None:
        """What was read is still to be handed out."""

    def _open(self) -> tuple[Readable, BinaryIO]:
        if self._stream is None or self._spool is None:
            self._stream = self._stack.enter_context(opened(self._source))
            self._spool = self._stack.enter_context(TemporaryFile())
        return self._stream, self._spool


class _Chain:
    """What was read before, and then the stream."""

    def __init__(self, spool: BinaryIO, size: int, stream: Readable) -> None:
        self._spool = spool
        self._left = size
        self._stream = stream

    def read(self, n: int, /) -> bytes:
        if not self._left:
            return self._stream.read(n)
        data = self._spool.read(min(n, self._left))
        self._left -= len(data)
        return data


def _read(stream: Readable) -> bytes:
    try:
        return stream.read(PIECE)
    except Damaged:
        return b""  # it is told when the lines are read
