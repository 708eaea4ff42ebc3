"""A request's body becomes lines of a log, and what is no callback becomes lines of its rejects."""

import re
import zlib
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from ses_cli.batch import BOM
from ses_cli.callback import Callback
from ses_cli.capture.validator import Validated
from ses_cli.events import Problem

Ask = Callable[[Sequence[bytes]], Awaitable[list[Validated]]]
"""Has lines judged."""

MAX_BAD = 100  # elements of one array; with more of them it is no batch of callbacks
_SPACE = b" \t\r\n"
_BREAKS = bytes.maketrans(b"\r\n", b"  ")
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)
_GZIP = b"\x1f\x8b"


class TooLargeError(Exception):
    """A compressed body holds more than a body may."""


class Reject(NamedTuple):
    """A body, or an element of an array, that is no callback."""

    problems: list[Problem]
    raw: bytes


class Unpacked(NamedTuple):
    """All that a body held."""

    records: list[Callback]
    lines: list[bytes]  # one a record, without the line end
    rejects: list[Reject]


async def unpack(body: bytes, judge: Ask, limit: int) -> Unpacked:
    """The callbacks in a body of one or of an array. Raise `TooLargeError` over `limit` bytes."""
    document = inflate(body, limit).removeprefix(BOM)
    pieces = _pieces(document)
    lines = [flatten(piece) for piece in pieces]
    results = await judge(lines)
    if sum(isinstance(result, list) for result in results) > MAX_BAD:
        pieces, lines = [document], [flatten(document)]
        results = await judge(lines)
    unpacked = Unpacked([], [], [])
    for piece, line, result in zip(pieces, lines, results, strict=True):
        if isinstance(result, list):
            unpacked.rejects.append(Reject(result, piece))
        else:
            unpacked.records.append(result)
            unpacked.lines.append(line)
    return unpacked


def inflate(body: bytes, limit: int) -> bytes:
    """A body decompressed, if it is gzip, whatever its headers say. Raise `TooLargeError`."""
    if not body.startswith(_GZIP):
        return body
    rest, parts, left = body, [], limit + 1
    while rest and left > 0:
        member = zlib.decompressobj(wbits=31)
        try:
            part = member.decompress(rest, left)
        except zlib.error:
            return body
        if not member.eof and len(part) < left:  # cut off
            return body
        parts.append(part)
        left -= len(part)
        rest = member.unused_data
    if left <= 0:
        raise TooLargeError
    return b"".join(parts)


def flatten(document: bytes) -> bytes:
    """A JSON document in one line, as long as before: line breaks stand between tokens."""
    return document.translate(_BREAKS) if b"\n" in document or b"\r" in document else document


def elements(array: bytes) -> list[bytes]:
    """The elements of a JSON array, each with the very bytes it has there. The array must be valid."""
    found: list[bytes] = []
    depth, start = 0, 0
    for token in _TOKEN.finditer(array):
        kind = array[token.start()]
        if kind in b"[{":
            depth += 1
            if depth == 1:
                start = token.end()
        elif kind in b"]}":
            depth -= 1
        if (kind in b"," and depth == 1) or (kind in b"]" and depth == 0):
            found.append(array[start : token.start()].strip(_SPACE))
            start = token.end()
    return found if found != [b""] else []


def reject_line(reject: Reject, received: float) -> bytes:
    """A line for the rejects, with its end: receive time (Unix seconds), problems, raw bytes."""
    at = datetime.fromtimestamp(received, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    problems = [{"code": p.code, "path": p.path, "message": p.message} for p in reject.problems]
    record: dict[str, object] = {"received": at, "problems": problems}
    try:
        record["raw"] = reject.raw.decode()
    except UnicodeDecodeError:
        record["raw_base64"] = b64encode(reject.raw).decode()
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def _pieces(document: bytes) -> list[bytes]:
    """The elements of an array; anything else whole, and so what only begins like an array, or is empty."""
    if not document.lstrip(_SPACE).startswith(b"["):
        return [document]
    try:
        orjson.loads(document)
    except orjson.JSONDecodeError:
        return [document]
    return elements(document) or [document]
