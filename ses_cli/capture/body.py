"""A request's body becomes lines of a log, and what is not a callback becomes rejects.

What a body costs is bounded whatever it holds: the bytes and the members of a compressed one, the elements that are
looked at once it is clear that an array is not one of callbacks, and the bytes of rejects for each byte that was sent.
"""

import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from ses_cli.batch import BOM
from ses_cli.callback import Callback
from ses_cli.capture.validator import Validated
from ses_cli.events import Problem

Validate = Callable[[Sequence[bytes]], list[Validated]]

MAX_INVALID = 100  # elements of one array; with more of them it is not a batch of callbacks
MAX_MEMBERS = 100  # of a gzip body
_MAX_GROWTH = 4  # bytes of rejects for each byte of a compressed body; with more, the body is kept as it came
_CHUNK = 256  # elements that are validated at once
_SPACE = b" \t\r\n"
_BREAKS = bytes.maketrans(b"\r\n", b"  ")
_GZIP = b"\x1f\x8b"
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


class TooLargeError(Exception):
    """A compressed body holds more than a body may."""


class Reject(NamedTuple):
    """A body, or an element of an array, that is not a callback."""

    problems: Sequence[Problem]
    raw: bytes
    is_gzip: bool = False  # raw is compressed, as it came


class Unpacked(NamedTuple):
    """All that a body held."""

    records: list[Callback]
    lines: list[bytes]  # one a record, without the line end
    rejects: list[Reject]

    def add(self, raw: bytes, line: bytes, result: Validated) -> None:
        """Enter a piece of the body, and the line made of it, by what it is."""
        if isinstance(result, Callback):
            self.records.append(result)
            self.lines.append(line)
        else:
            self.rejects.append(Reject(result, raw))


def is_simple(body: bytes) -> bool:
    """Whether a body can only be one callback: it is neither compressed nor an array."""
    return body.startswith(b"{") or not (body.startswith(_GZIP) or _is_array(body))


def is_compressed(body: bytes) -> bool:
    """Whether a body is gzip, whatever its headers say."""
    return body.startswith(_GZIP)


def unpack(body: bytes, validate: Validate, limit: int) -> Unpacked:
    """The callbacks in a body of one or of an array. Raise `TooLargeError` over `limit` bytes."""
    document = inflate(body, limit)
    plain = document.removeprefix(BOM)
    unpacked = Unpacked([], [], [])
    pieces = split(plain)
    for start in range(0, len(pieces), _CHUNK):
        raws = [bytes(piece) for piece in pieces[start : start + _CHUNK]]
        lines = [flatten(raw) for raw in raws]
        for raw, line, result in zip(raws, lines, validate(lines), strict=True):
            unpacked.add(raw, line, result)
        if len(unpacked.rejects) > MAX_INVALID:
            return _as_one_reject(unpacked, body if document is not body else plain, document is not body)
    if document is not body and sum(len(reject.raw) for reject in unpacked.rejects) > _MAX_GROWTH * len(body):
        return _as_one_reject(unpacked, body, is_gzip=True)
    return unpacked


def inflate(body: bytes, limit: int) -> bytes:
    """A body decompressed, if it is whole gzip; anything else as it is. Raise `TooLargeError` over `limit` bytes."""
    if not body.startswith(_GZIP):
        return body
    rest, parts, left = body, [], limit + 1
    for _ in range(MAX_MEMBERS):
        member = zlib.decompressobj(wbits=31)
        try:
            part = member.decompress(rest, left)
        except zlib.error:
            return body
        parts.append(part)
        left -= len(part)
        if left <= 0:
            raise TooLargeError
        if not member.eof:  # cut off
            return body
        rest = member.unused_data
        if not rest:
            return b"".join(parts)
    return body


def flatten(document: bytes) -> bytes:
    """A JSON document in one line, as long as before: line breaks stand between tokens."""
    return document.translate(_BREAKS) if b"\n" in document or b"\r" in document else document


def split(document: bytes) -> Sequence[bytes | msgspec.Raw]:
    """The elements of an array, each with its very bytes; anything else whole, an empty or broken array too."""
    if not _is_array(document):
        return [document]
    try:
        return _ELEMENTS.decode(document) or [document]
    except (msgspec.DecodeError, RecursionError):
        return [document]


def _is_array(document: bytes) -> bool:
    return document[:64].removeprefix(BOM).lstrip(_SPACE)[:1] in (b"[", b"")


def _as_one_reject(unpacked: Unpacked, raw: bytes, is_gzip: bool) -> Unpacked:
    problems = [problem for reject in unpacked.rejects for problem in reject.problems[:1]]
    return Unpacked([], [], [Reject(problems, raw, is_gzip)])
