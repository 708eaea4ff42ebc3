"""Answers, as the bytes that go out."""

import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from ses_cli.events import Problem

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Response(NamedTuple):
    """A whole answer."""

    status: int
    reason: str  # for people
    head: bytes  # status line and headers, without the date and the end
    body: bytes

    def encode(self, *, keep_alive: bool, with_body: bool = True) -> bytes:
        """The bytes to send."""
        end = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
        return b"".join((self.head, _date(int(time.time())), end, self.body if with_body else b""))


def make_response(status: int, reason: str, *headers: bytes) -> Response:
    """An answer whose body is its reason."""
    body = reason.encode() + b"\n" if reason else b""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode(), b"content-length: %d" % len(body)]
    if body:
        lines.append(b"content-type: text/plain; charset=utf-8")
    return Response(status, reason, b"\r\n".join([*lines, *headers, b""]), body)


def invalid(problems: Iterable[Problem]) -> Response:
    """Why a body is no valid callback."""
    text = "\n".join(f"{p.path}: {p.message} [{p.code}]".removeprefix(": ") for p in problems)
    return make_response(400, text)


@lru_cache(maxsize=1)
def _date(now: int) -> bytes:
    return f"date: {formatdate(now, usegmt=True)}\r\n".encode()


_RETRY = b"retry-after: 5"
READY = make_response(200, "ready")
STORED = make_response(200, "")  # the most frequent one: as little as will do
KEPT = make_response(200, "not a valid callback: kept in the rejects file")
NOT_HTTP = make_response(400, "not an HTTP request")
FORBIDDEN = make_response(403, "address not allowed")
NOT_FOUND = make_response(404, "not found")
NOT_ALLOWED = make_response(405, "method not allowed", b"allow: GET, HEAD, POST")
READ_ONLY = make_response(405, "method not allowed", b"allow: GET, HEAD")
TIMED_OUT = make_response(408, "request timeout")
TOO_LARGE = make_response(413, "body too large")
HEAD_TOO_LARGE = make_response(431, "head too large")
BROKEN = make_response(500, "internal error")
NOT_STORED = make_response(503, "not stored: the disk failed, try again", _RETRY)
BUSY = make_response(503, "not stored: too much data is waiting, try again", _RETRY)
TOO_MANY = make_response(503, "too many connections, try again", _RETRY)
