"""Compressed logs, recognised by content: gzip, zstd, bzip2 and xz, of one member or many."""

import bz2
import gzip
import io
import lzma
import zlib
from typing import BinaryIO, Protocol

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
MAGIC_BYTES = max(map(len, _MAGIC))
_ZSTD_SLICE = 2048  # bytes fed at once: what they can grow to is held in memory


class Readable(Protocol):
    """Anything to read bytes from: at most n, none at the end."""

    def read(self, n: int, /) -> bytes: ...


class Damaged(Exception):
    """The compressed data ends too early or makes no sense."""


def codec_of(head: bytes) -> str | None:
    """The codec that a file's first bytes tell, None for a plain one."""
    if head[:1] in b"\x50\x51\x52\x53\x54\x55\x56\x57\x58\x59\x5a\x5b\x5c\x5d\x5e\x5f" and head[1:4] == b"\x2a\x4d\x18":
        return "zstd"  # a skippable frame first, as parallel compressors write
    return next((codec for magic, codec in _MAGIC.items() if head.startswith(magic)), None)


def decompress(raw: BinaryIO, codec: str | None) -> Readable:
    """The decompressed data, members joined. Reading raises Damaged."""
    match codec:
        case "gzip":
            return _Checked(gzip.GzipFile(fileobj=raw))
        case "bzip2":
            return _Checked(bz2.BZ2File(raw))
        case "xz":
            return _Checked(lzma.LZMAFile(raw))
        case "zstd":
            return _Zstd(raw)
        case _:
            return raw


class _Checked:
    def __init__(self, file: Readable) -> None:
        self._file = file

    def read(self, n: int, /) -> bytes:
        try:
            return self._file.read(n)
        except EOFError:
            raise Damaged("the compressed data is cut off") from None
        except (gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
            raise Damaged(f"the compressed data is damaged ({error})") from None
        except OSError as error:
            if error.errno is not None:
                raise
            raise Damaged(f"the compressed data is damaged ({error})") from None  # bz2 has no exception of its own


class _Zstd:
    """Frames one after another. The library's own stream reader takes a frame that is cut off for its end."""

    def __init__(self, raw: BinaryIO) -> None:
        import zstandard  # start-up: most logs are plain

        self._raw = raw
        self._codec = zstandard.ZstdDecompressor()
        self._error = zstandard.ZstdError
        self._frame = self._codec.decompressobj()
        self._started = False  # a frame is under way
        self._input = b""
        self._output = io.BytesIO()

    def read(self, n: int, /) -> bytes:
        while not (data := self._output.read(n)):
            self._input = self._input or self._raw.read(_ZSTD_SLICE)
            if self._input:
                self._feed()
            elif self._started:
                raise Damaged("the compressed data is cut off")
            else:
                return b""
        return data

    def _feed(self) -> None:
        try:
            self._output = io.BytesIO(self._frame.decompress(self._input))
        except self._error as error:
            raise Damaged(f"the compressed data is damaged ({error})") from None
        self._started = not self._frame.eof
        self._input = self._frame.unused_data if self._frame.eof else b""
        if self._frame.eof:
            self._frame = self._codec.decompressobj()
