"""Compressed logs, recognised by content: gzip, zstd, bzip2 and xz, of one member or many."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from typing import NoReturn, Protocol

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\x00": "xz"}
_BZIP2 = rb"BZh[1-9](?:1A|\x17\x72)"
MAGIC_BYTES = 6
_SLICE = 64 << 10  # bytes of the file taken at once
STEP = 64 << 10  # bytes decoded at once: what a step had decoded is lost when it meets damage
_MOST_MEMORY = 256 << 20  # bytes: a dictionary can ask for gigabytes
_PIPE = "decompress it outside: zstd -dc {} FILE | ses-events COMMAND"


class Readable(Protocol):
    """Anything to read bytes from: at most n, none at the end."""

    def read(self, n: int, /) -> bytes: ...


class Damaged(Exception):
    """The compressed data ends too early, makes no sense, or needs what this program does not give it."""

    def __init__(self, message: str, hint: str = "copy or compress it again") -> None:
        super().__init__(message)
        self.hint = hint


def codec_of(head: bytes) -> str | None:
    """The codec that a file's first bytes tell, None for a plain one."""
    if head[:1] in b"\x50\x51\x52\x53\x54\x55\x56\x57\x58\x59\x5a\x5b\x5c\x5d\x5e\x5f" and head[1:4] == b"\x2a\x4d\x18":
        return "zstd"  # a skippable frame first, as parallel compressors write
    if head.startswith(b"BZh") and re.match(_BZIP2, head):
        return "bzip2"
    return next((codec for magic, codec in _MAGIC.items() if head.startswith(magic)), None)


def decompress(raw: Readable, codec: str | None) -> Readable:
    """The decompressed data, members joined. Reading raises Damaged."""
    match codec:
        case "gzip":
            return _Gzip(raw)
        case "bzip2":
            import bz2

            return _Members(raw, bz2.BZ2Decompressor, OSError, _damaged)  # it has no exception of its own
        case "xz":
            import lzma

            new = partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, _MOST_MEMORY)
            return _Members(raw, new, lzma.LZMAError, _damaged, padding=b"\0")
        case "zstd":
            from ses_cli.zstd import zstd

            return _Members(raw, zstd.ZstdDecompressor, zstd.ZstdError, _zstd_refused)
        case _:
            return raw


class _Gzip:
    def __init__(self, raw: Readable) -> None:
        import gzip  # start-up: most logs are plain
        from zlib import error

        self._file = gzip.GzipFile(mode="rb", fileobj=_Forward(raw))
        self._errors = (gzip.BadGzipFile, error)

    def read(self, n: int, /) -> bytes:
        try:
            return self._file.read1(n)  # read would lose what it has when damage follows
        except EOFError:
            raise Damaged("the compressed data is cut off") from None
        except self._errors as error:
            raise _damaged(str(error)) from None


class _Forward:
    """What is read in one go, as the library wants it."""

    def __init__(self, raw: Readable) -> None:
        self.read = raw.read

    def seek(self, offset: int, /) -> NoReturn:
        raise io.UnsupportedOperation(f"seek to {offset}")


class _Member(Protocol):
    """One bzip2 or xz stream, or zstd frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Members:
    """Streams one after another. The library's own files take whatever follows the first one for the end."""

    def __init__(
        self,
        raw: Readable,
        new: Callable[[], _Member],
        error: type[Exception],
        refused: Callable[[str], Damaged],
        padding: bytes = b"",
    ) -> None:
        self._raw = raw
        self._new = new
        self._error = error
        self._refused = refused
        self._padding = padding  # may stand between streams
        self._member = new()
        self._started = False  # a stream is under way
        self._input = b""

    def read(self, n: int, /) -> bytes:
        data = b""
        while not data:
            if self._member.eof:
                self._input = self._member.unused_data.lstrip(self._padding)
                self._member, self._started = self._new(), False
            if self._member.needs_input and not self._fill():
                return b""
            try:
                data = self._member.decompress(self._input, n)
            except self._error as error:
                raise self._refused(str(error)) from None
            self._input = b""
        return data

    def _fill(self) -> bool:
        while not self._input:
            self._input = self._raw.read(_SLICE)
            if not self._input and self._started:
                raise Damaged("the compressed data is cut off")
            if not self._input:
                return False
            if not self._started:
                self._input = self._input.lstrip(self._padding)
        self._started = True
        return True


def _damaged(said: str) -> Damaged:
    return Damaged(f"the compressed data is damaged ({said[:1].lower()}{said[1:]})")


def _zstd_refused(said: str) -> Damaged:
    """What the library's message means."""
    if "Dictionary mismatch" in said:
        return Damaged("compressed with a dictionary, which is not in the file", _PIPE.format("-D DICTIONARY"))
    if "too much memory" in said:
        return Damaged("compressed with a longer window than 128 MiB", _PIPE.format("--long=31"))
    return _damaged(said.rpartition(": ")[2])
