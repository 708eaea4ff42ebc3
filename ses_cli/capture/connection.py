"""HTTP/1.1 on one connection: one request at a time, with limits on what a client may send and how slowly."""

import asyncio
import socket
import struct
from contextlib import suppress
from enum import Enum, auto
from typing import Protocol

import httptools

from ses_cli.capture.access import network_of
from ses_cli.capture.pool import ConnectionPool
from ses_cli.capture.request import Headers, Request, parse_request
from ses_cli.capture.response import (
    CONTINUE,
    HEAD_TOO_LARGE,
    NOT_ALLOWED,
    NOT_HTTP,
    TIMED_OUT,
    TOO_LARGE,
    Response,
)

MAX_HEAD = 64 << 10  # bytes
MAX_HEADERS = 100
READ_SIZE = 64 << 10  # bytes, at most, that are read and not yet parsed
_MAX_UNREAD = 16 << 10  # bytes of answers that a client may leave unread before it gets no more
_LINGER = 1.0  # seconds in which a client can still read the answer after which its connection ends
_RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: close without waiting
_BLANK_LINE = b"\r\n\r\n"


class ConnectionState(Enum):
    """What a connection is doing; see `Connection`."""

    WAITING = auto()  # for a request
    HEAD = auto()
    BODY = auto()
    ANSWERING = auto()
    DISCARDING = auto()
    BLOCKED = auto()
    LINGERING = auto()
    CLOSED = auto()


WAITING, HEAD, BODY, ANSWERING, DISCARDING, BLOCKED, LINGERING, CLOSED = (
    ConnectionState  # a look into an enum costs more
)
_READING = (WAITING, HEAD, BODY, DISCARDING)
_BEGUN = (HEAD, BODY, DISCARDING)


class Service(Protocol):
    """What answers the requests of a connection."""

    max_body: int  # bytes
    max_request: int  # bytes after the head that a request may take on the wire, with the framing of chunks

    def check(self, request: Request) -> Response | None:
        """The answer, where the head is enough for one."""
        ...

    async def receive(self, request: Request, body: bytes) -> Response:
        """The answer to a whole body. Never raises."""
        ...

    def refuse(self, response: Response, peer: str) -> Response:
        """Count an answer that the connection itself gives, and return it."""
        ...


class Connection(asyncio.BufferedProtocol):
    r"""A state machine.

                first byte        head            body is whole            answered
        WAITING ---------> HEAD -----------> BODY -----------> ANSWERING -----------> WAITING
                            | answered from the head             | client does not read
                            v                                    v
                        DISCARDING -- body is whole --> WAITING  BLOCKED -- it has read --> WAITING

    A request that breaks a rule is answered and the connection is LINGERING: what still comes is dropped until the
    client closes, or a second has passed, since closing with unread bytes would take the answer away from the client.

    One request at a time: the parser, which cannot be told to stop, is fed no further than to the next blank line (in
    a body of known length: to its end), behind which a request may begin. For example, of the bytes

        POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}GET / HTTP/1.1\r\n\r\n

    it gets the first head, then `{}`. The GET waits in `_rest`, and nothing more is read from the socket, until the
    POST is answered. So a client that sends requests without end takes up one read and one request.
    """

    deadline = 0.0
    buffered = 0

    def __init__(self, service: Service, pool: ConnectionPool, buffer: memoryview, sock: socket.socket, peer: str):
        """`buffer` is shared by all connections of a loop: what is in it is taken out before the next read."""
        self.state = WAITING
        self._service = service
        self._pool = pool
        self._buffer = buffer
        self._socket = sock
        self._peer = peer
        self.network = network_of(peer)
        self._transport: asyncio.Transport | None = None  # none: still in the TLS handshake
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._rest = b""  # read, and not yet parsed: reading is paused while there is any
        self._seam = b""  # the last bytes parsed, in which a blank line may have begun
        self._size = 0  # bytes parsed: of the head, then of what follows it
        self._left: int | None = None  # bytes that are missing from a body of known length
        self._url, self._headers = b"", Headers()
        self._header_count = 0  # with those of one name
        self._request: Request | None = None
        self._body = bytearray()
        self._is_half_closed = False  # the client has sent all it will, and waits for the answer
        self._task: asyncio.Task[None] | None = None

    # from the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Set the limit on unread answers."""
        assert hasattr(transport, "write")  # uvloop's are not subclasses of asyncio's
        self._transport = transport  # type: ignore[assignment]
        transport.set_write_buffer_limits(high=_MAX_UNREAD)  # type: ignore[attr-defined]
        if self.state is CLOSED:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything: nothing is kept by a cycle of references."""
        self.state = CLOSED
        self._pool.remove(self)
        self._parser = self._request = None
        self._rest = b""
        self._body.clear()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came."""
        if self.state in (LINGERING, CLOSED):
            return
        self._rest += self._buffer[:nbytes]
        self._advance()

    def eof_received(self) -> bool:
        """The client sends nothing more. Return whether it still gets an answer."""
        self._is_half_closed = True
        is_owed = self.state in (ANSWERING, BLOCKED)
        if not is_owed:
            self._close()
        return is_owed and self._transport is not None and self._transport.can_write_eof()  # not with TLS

    def resume_writing(self) -> None:
        """The client has read its answers."""
        if self.state is BLOCKED:
            self._next()

    # from the pool

    def expire(self) -> None:
        """The client took too long. If it owes a request, it is answered 408."""
        if self.state in (HEAD, BODY) or (self.state is WAITING and not self._request):
            self._turn_away(TIMED_OUT)
        elif self.state is WAITING:
            self._close()
        else:
            self.abort()

    def shut_down(self) -> None:
        """The server stops: answer the request that has begun, and close."""
        if self.state is WAITING and not self._rest:
            self._close()
        elif self.state is DISCARDING:
            self._linger()

    def abort(self) -> None:
        """Close at once, whatever is under way, and have the system drop what the client has not taken."""
        self.state = CLOSED
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            if self._transport is None:
                self._socket.shutdown(socket.SHUT_RDWR)  # the TLS handshake ends with it
        if self._transport is not None:
            self._transport.abort()

    # parsing

    def _advance(self) -> None:
        """Parse what was read, up to the end of a request."""
        assert self._transport is not None
        data, at = self._rest, 0
        is_new = self.state is WAITING
        self._rest = b""
        while at < len(data) and self.state in _READING:
            end = min(len(data), at + self._left) if self._left else self._find_blank_line(data, at)
            self._feed(data[at:end])
            at = end
            if self.state is WAITING and at < len(data):
                asyncio.get_running_loop().call_soon(self._resume)  # others have their turn between two requests
                break
        if self.state in _BEGUN:
            if is_new:
                self._pool.wait(self, self._pool.limits.request_timeout)
            self._pool.resize(self, len(self._body))
        if at < len(data) and self.state not in (LINGERING, CLOSED):
            self._rest = data[at:]
            self._transport.pause_reading()

    def _resume(self) -> None:
        """Parse what has waited for its turn, and read on when that is done."""
        if self.state in _READING:
            self._advance()
        if not self._rest and self.state is not CLOSED and self._transport is not None:
            self._transport.resume_reading()

    def _find_blank_line(self, data: bytes, at: int) -> int:
        """Where the next blank line ends, which may have begun in what was parsed before; or the end of the data."""
        if self._seam:
            found = (self._seam + data[at : at + 3]).find(_BLANK_LINE)
            if found >= 0:
                end, self._seam = at + found + 4 - len(self._seam), b""
                return end
        found = data.find(_BLANK_LINE, at)
        if found >= 0:
            self._seam = b""
            return found + 4
        self._seam = (self._seam + data[at:][-3:])[-3:]
        return len(data)

    def _feed(self, data: bytes) -> None:
        """Hand bytes to the parser, which calls the methods below."""
        self._size += len(data)
        if self.state is WAITING:
            self.state = HEAD
        if self.state is HEAD and self._size > MAX_HEAD:
            self._turn_away(HEAD_TOO_LARGE)
            return
        if self._left:
            self._left -= len(data)
        assert self._parser is not None
        try:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade:
                self._ignore_upgrade()
        except httptools.HttpParserError:
            if self.state is ANSWERING:  # what follows a whole request, which gets its answer all the same
                assert self._request is not None
                self._request.keep_alive = False
            else:
                self._turn_away(NOT_HTTP)
        if self.state in (BODY, DISCARDING) and self._size > self._service.max_request:
            self._turn_away(TOO_LARGE)

    def _ignore_upgrade(self) -> None:
        """Read a request that offers another protocol, as Java's client does, as what it is in this one.

        The parser takes no body from such a request: it gets the head once more, without the offer.
        """
        assert self._parser is not None
        method = self._parser.get_method()
        if method == b"CONNECT":
            self._turn_away(NOT_ALLOWED)
            return
        head = [method, b" ", self._url, b" HTTP/", self._parser.get_http_version().encode(), b"\r\n"]
        for name, value in self._headers.items():
            if name != b"upgrade":
                head += (name, b": ", value, b"\r\n")
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"".join([*head, b"\r\n"]))

    # from the parser

    def on_message_begin(self) -> None:
        """A request begins."""
        if self.state is not HEAD:
            raise ValueError("a request within another")
        self._url, self._headers, self._request = b"", Headers(), None
        self._header_count = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; of two with one name the last one counts."""
        self._headers[name.lower()] = value
        self._header_count += 1

    def on_headers_complete(self) -> None:
        """The head is whole: answer, or receive the body."""
        assert self._parser is not None
        if self.state is not HEAD or self._parser.should_upgrade():
            return
        if self._header_count > MAX_HEADERS:
            self._turn_away(HEAD_TOO_LARGE)
            return
        self._request = request = parse_request(self._parser, self._url, self._headers, self._peer)
        self._size, self._left = 0, request.content_length
        response = self._service.check(request)
        if response is None:
            self.state = BODY
            if request.expects_continue:
                self._write(CONTINUE)
        else:
            self.state = DISCARDING
            request.keep_alive &= not request.expects_continue
            self._send(response)
            if request.expects_continue:  # its body may come, or may not: what comes next cannot be told
                self._linger()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self.state is not BODY:
            return
        self._body += body
        if len(self._body) > self._service.max_body:
            self._body = bytearray()
            self.state = DISCARDING
            self._send(self._service.refuse(TOO_LARGE, self._peer))

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self.state is DISCARDING:
            self._finish()
        elif self.state is BODY:
            assert self._request is not None
            body, self._body = bytes(self._body), bytearray()
            self.state = ANSWERING
            self._pool.work(self)
            self._task = asyncio.get_running_loop().create_task(self._answer(self._request, body))

    # answering

    async def _answer(self, request: Request, body: bytes) -> None:
        response = await self._service.receive(request, body)
        self._task = None
        if self.state is ANSWERING:  # the client is still there
            if self.buffered:
                self._pool.resize(self, 0)
            self._send(response)
            self._finish()

    def _send(self, response: Response) -> None:
        request = self._request
        assert request is not None
        request.keep_alive &= not (self._pool.stopping or self._is_half_closed)
        self._write(response.encode(keep_alive=request.keep_alive, with_body=request.method != "HEAD"))

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def _finish(self) -> None:
        """A request is answered and has come whole: on to the next one."""
        assert self._transport is not None
        assert self._request is not None
        self._headers = self._request.headers = Headers()
        self._size, self._seam, self._left = 0, b"", None
        if not self._request.keep_alive:
            self._linger()
        elif self._transport.get_write_buffer_size() > _MAX_UNREAD:
            self.state = BLOCKED
            self._pool.wait(self, self._pool.limits.request_timeout)
        else:
            self._next()

    def _next(self) -> None:
        self.state = WAITING
        self._pool.wait(self, self._pool.limits.idle_timeout)
        if self._rest:
            asyncio.get_running_loop().call_soon(self._resume)

    # ending

    def _turn_away(self, response: Response) -> None:
        """Answer a request that broke a rule, unless it has its answer, and end the connection."""
        if self.state in (LINGERING, CLOSED):
            return
        if self._transport is None:
            self.abort()
            return
        if self.state is not DISCARDING:
            self._write(self._service.refuse(response, self._peer).encode(keep_alive=False))
        self._linger()

    def _linger(self) -> None:
        """Close when the client has, so that it can read what was written last."""
        assert self._transport is not None
        self._rest = b""
        self._body = bytearray()
        self._pool.resize(self, 0)
        if self._is_half_closed or not self._transport.can_write_eof():  # TLS cannot be closed in one direction
            self._close()
            return
        self.state = LINGERING
        self._pool.wait(self, _LINGER)
        self._transport.write_eof()
        self._transport.resume_reading()

    def _close(self) -> None:
        """Close when all that was written is sent."""
        self.state = CLOSED
        self._pool.wait(self, _LINGER)
        if self._transport is not None:
            self._transport.close()
