"""Bytes in: cut anywhere the lines are the same, compressed anyhow the bytes are."""

import bz2
import gzip
import io
import lzma
import os
import threading
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ses_cli.batch import OVERLONG_HEAD, Piece
from ses_cli.errors import SourceError
from ses_cli.sources import Source, Span, find, read, spans
from ses_cli.sources.decompress import Damaged, codec_of, decompress
from tests.logs import log, record

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
Line = tuple[int, int, bytes, int]  # number, offset, bytes, length where too long to hold

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


WHAT_STANDS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: zlib.decompressobj(31).decompress(data),
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "bzip2": lambda data: bz2.BZ2Decompressor().decompress(data),
    "xz": lambda data: lzma.LZMADecompressor().decompress(data),
}


def source(path: Path) -> Source:
    (found,), errors = find([str(path)])
    assert not errors
    return found


def lines(of: Source, size: int, max_line: int) -> list[Line]:
    """Every line by its number in the whole source, read span by span."""
    found: list[Line] = []
    for span in spans(of, size):
        above = len(found)
        for piece in read(span, max_line):
            found += numbered(piece, above, max_line)
    return found


def numbered(piece: Piece, above: int, max_line: int) -> list[Line]:
    if piece.overlong:
        return [(above + piece.line, piece.offset, piece.data, piece.overlong)]
    found, offset = [], piece.offset
    parts = piece.data.split(b"\n")
    for at, part in enumerate(parts if parts[-1] else parts[:-1]):
        too_long = len(part) > max_line
        data = part[: min(max_line, OVERLONG_HEAD)] if too_long else part
        found.append((above + piece.line + at, offset, data, len(part) if too_long else 0))
        offset += len(part) + 1
    return found


def whole(data: bytes, max_line: int) -> list[Line]:
    """The lines as they are defined: ended by newline bytes only."""
    return numbered(Piece("", 0, data), 0, max_line) if data else []


DATA = st.binary(max_size=200) | st.lists(st.binary(max_size=60), max_size=30).map(b"\n".join)


@SHARED
@given(data=DATA, size=st.integers(1, 250), max_line=st.integers(1, 80))
def test_cut_anywhere_the_lines_are_the_same(tmp_path: Path, data: bytes, size: int, max_line: int) -> None:
    """Spans of any size hold each line once, with its number, its offset and its bytes."""
    path = tmp_path / "log"
    path.write_bytes(b"\n" + data)  # no magic number by chance
    assert lines(source(path), size, max_line) == whole(b"\n" + data, max_line)


@SHARED
@given(
    data=DATA, max_line=st.integers(1, 80), codec=st.sampled_from(sorted(COMPRESS)), cuts=st.lists(st.integers(0, 200))
)
def test_compressed_anyhow_the_lines_are_the_same(
    tmp_path: Path, data: bytes, max_line: int, codec: str, cuts: list[int]
) -> None:
    """A log compressed in one member or many has the lines it had."""
    data = b"\n" + data  # no magic number of an archive by chance
    edges = [0, *sorted(cuts), len(data)]
    path = tmp_path / "log"
    path.write_bytes(b"".join(COMPRESS[codec](data[a:b]) for a, b in pairwise(edges)))
    assert lines(source(path), 1, max_line) == whole(data, max_line)


@pytest.mark.parametrize("codec", [None, *COMPRESS])
def test_a_stream_in_small_pieces_is_read_whole(tmp_path: Path, codec: str | None) -> None:
    """A named pipe that hands out a byte or two at a time is recognised by content and read to its end."""
    data = log(record(), record(event="open")) * 20
    compressed = COMPRESS[codec](data) if codec else data
    fifo = tmp_path / "log.jsonl"
    os.mkfifo(fifo)

    def write() -> None:
        with fifo.open("wb", buffering=0) as pipe:
            for at in range(0, len(compressed), 7):
                pipe.write(compressed[at : at + 7])

    writer = threading.Thread(target=write)
    writer.start()
    pieces = list(read(Span(source(fifo)), 1 << 20))
    writer.join(10)
    assert b"".join(piece.data for piece in pieces) == data


@pytest.mark.parametrize("codec", COMPRESS)
def test_compressed_data_cut_off_anywhere_is_told_of(tmp_path: Path, codec: str) -> None:
    """Cut off at any byte, all that can be decoded is read, half a line too, and the rest is an error."""
    data = log(*(record(timestamp=1654064683 + n, bulkId=f"q-{n * n}") for n in range(30)))
    compressed = COMPRESS[codec](data)
    path = tmp_path / "log"
    for cut in range(6, len(compressed)):
        path.write_bytes(compressed[:cut])
        found: list[Piece] = []
        with pytest.raises(SourceError, match=r"cut off|damaged"):
            found.extend(read(Span(source(path)), 1 << 20))
        there = WHAT_STANDS[codec](compressed[:cut])
        assert b"".join(piece.data for piece in found) == there


@pytest.mark.parametrize("codec", COMPRESS)
@pytest.mark.parametrize("tail", [b"garbage", b"\x01", b"x" * 5000], ids=["word", "byte", "long"])
def test_garbage_after_compressed_data_is_told_of(tmp_path: Path, codec: str, tail: bytes) -> None:
    """What follows the last member and is no member is an error, after all that stands before was read."""
    data = log(record())
    path = tmp_path / "log"
    path.write_bytes(COMPRESS[codec](data) + tail)
    found: list[Piece] = []
    with pytest.raises(SourceError, match=r"cut off|damaged"):
        found.extend(read(Span(source(path)), 1 << 20))
    assert b"".join(piece.data for piece in found) == data


@pytest.mark.parametrize("codec", COMPRESS)
def test_a_damaged_later_member_is_told_of(tmp_path: Path, codec: str) -> None:
    """A second member that is damaged at its head is an error, not the end of the log."""
    data = log(record())
    second = bytearray(COMPRESS[codec](data))
    second[1] ^= 0xFF
    path = tmp_path / "log"
    path.write_bytes(COMPRESS[codec](data) + second)
    with pytest.raises(SourceError, match=r"cut off|damaged"):
        list(read(Span(source(path)), 1 << 20))


@pytest.mark.parametrize("codec", COMPRESS)
def test_of_damaged_data_as_much_is_read_in_pieces_of_any_size(tmp_path: Path, codec: str) -> None:
    """Damage in the middle: an engine that asks for megabytes gets the same as one that asks for little."""
    data = log(*(record(timestamp=1654064683 + n, bulkId=f"q-{n * n * 7919}") for n in range(2000)))
    compress = zstandard.ZstdCompressor(write_checksum=True).compress if codec == "zstd" else COMPRESS[codec]
    compressed = bytearray(compress(data))
    compressed[len(compressed) // 2] ^= 0xFF
    path = tmp_path / "log"
    path.write_bytes(compressed)
    got: list[bytes] = []
    for size in (64 << 10, 4 << 20):
        found: list[Piece] = []
        with pytest.raises(SourceError, match="damaged"):
            found.extend(read(Span(source(path)), 1 << 20, size))
        got.append(b"".join(piece.data for piece in found))
    assert got[0] == got[1]


@pytest.mark.parametrize(
    ("codec", "padding"), [("gzip", b"\0" * 512), ("xz", b"\0" * 8), ("zstd", b"\x50\x2a\x4d\x18\x03\0\0\0abc")]
)
def test_padding_between_members_is_no_data(tmp_path: Path, codec: str, padding: bytes) -> None:
    """Zeros after a gzip or xz member, and skippable zstd frames, are what their formats allow."""
    data = log(record())
    path = tmp_path / "log"
    path.write_bytes(COMPRESS[codec](data) + padding + COMPRESS[codec](data) + padding)
    assert b"".join(piece.data for piece in read(Span(source(path)), 1 << 20)) == 2 * data


@pytest.mark.parametrize("codec", COMPRESS)
def test_a_bomb_is_read_in_small_pieces(codec: str) -> None:
    """Compressed data that grows a thousandfold comes out in pieces no larger than asked for."""
    stream = decompress(io.BytesIO(COMPRESS[codec](b"\n" * (40 << 20))), codec)
    sizes = [len(data) for data in iter(lambda: stream.read(1 << 16), b"")]
    assert sum(sizes) == 40 << 20
    assert max(sizes) <= 1 << 16


@given(st.sampled_from(sorted(COMPRESS)), st.binary(max_size=100))
def test_no_compressed_bytes_raise_anything_else(codec: str, tail: bytes) -> None:
    """Whatever follows a codec's magic number, it is read or Damaged."""
    raw = COMPRESS[codec](b"x")[:6] + tail
    assert codec_of(raw) == codec
    stream = decompress(io.BytesIO(raw), codec)
    try:
        while stream.read(100):
            pass
    except Damaged:
        pass


def test_text_that_begins_like_a_codec_is_text() -> None:
    """A plain file of three letters that bzip2 also begins with is no bzip2."""
    assert codec_of(b"BZhang") is None
    assert codec_of(b"") is None
    assert codec_of(b'{"even') is None


def test_a_file_that_shrinks_is_told_of(tmp_path: Path) -> None:
    """A file that is shorter than it was when the run began is an error that names it."""
    path = tmp_path / "log"
    path.write_bytes(b"a\n" * 100)
    found = source(path)
    os.truncate(path, 51)
    with pytest.raises(SourceError, match=r"log: shrank from 200 to 51 bytes"):
        lines(found, 1000, 100)


def test_zstd_that_needs_more_says_what(tmp_path: Path) -> None:
    """A frame made with a dictionary, or with a window of a gigabyte, is not called damaged: the hint has the way."""
    data, path = log(*[record()] * 300), tmp_path / "log"
    dictionary = zstandard.train_dictionary(1024, [log(record(bulkId=f"q-{n}")) for n in range(2000)])
    path.write_bytes(zstandard.ZstdCompressor(dict_data=dictionary).compress(data))
    with pytest.raises(SourceError, match="compressed with a dictionary") as caught:
        lines(source(path), 1, 1 << 20)
    assert "zstd -dc -D DICTIONARY" in (caught.value.hint or "")
    options = zstandard.ZstdCompressionParameters(window_log=30)
    stream = zstandard.ZstdCompressor(compression_params=options).compressobj()
    path.write_bytes(stream.compress(data) + stream.flush())
    with pytest.raises(SourceError, match="longer window than 128 MiB") as caught:
        lines(source(path), 1, 1 << 20)
    assert "zstd -dc --long=31" in (caught.value.hint or "")


@pytest.mark.parametrize("max_line", [10, 1 << 20, 1 << 30])
def test_a_long_line_is_read_in_linear_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, max_line: int) -> None:
    """A file that is one long line, as a hole is, is read at most twice, however many spans it is cut into."""
    path, size, got = tmp_path / "log", 64 << 20, 0
    path.touch()
    os.truncate(path, size)

    class Counted(io.FileIO):
        def read(self, n: int | None = -1, /) -> bytes:
            nonlocal got
            data = super().read(n) or b""
            got += len(data)
            return data

    def opened(name: str, mode: str, buffering: int) -> io.FileIO:  # noqa: ARG001
        return Counted(name, mode)

    of = source(path)
    monkeypatch.setattr("ses_cli.sources.read.open", opened, raising=False)
    pieces = [piece for span in spans(of, 1 << 20) for piece in read(span, max_line)]
    assert [piece.overlong or len(piece.data) for piece in pieces] == [size]
    assert got <= 2 * size + (64 << 10) * 64


def test_a_file_that_is_replaced_is_told_of(tmp_path: Path) -> None:
    """Another file under the same name is not read in place of the one that the run began with."""
    path, other = tmp_path / "log", tmp_path / "other"
    path.write_bytes(b"a\n")
    other.write_bytes(b"b\n")
    found = source(path)
    other.rename(path)
    with pytest.raises(SourceError, match=r"log: was replaced"):
        lines(found, 1000, 100)


def test_a_file_that_vanishes_is_told_of(tmp_path: Path) -> None:
    """A file that is gone when its turn comes is an error that names it."""
    path = tmp_path / "log"
    path.write_bytes(b"a\n")
    found = source(path)
    path.unlink()
    with pytest.raises(SourceError, match=r"log: no such file"):
        lines(found, 1000, 100)


def test_a_file_that_grows_is_read_to_where_it_was(tmp_path: Path) -> None:
    """Lines written after the run began are left for the next; the one that was being written is read to its end."""
    path = tmp_path / "log"
    path.write_bytes(b"a\nb")
    found = source(path)
    with path.open("ab") as file:
        file.write(b"c\nlater\n")
    assert [data for _, _, data, _ in lines(found, 1000, 100)] == [b"a", b"bc"]
