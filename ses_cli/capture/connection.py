"""HTTP/1.1 on one connection, lean, and with limits on what a client may send and how slowly."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TypeGuard
from urllib.parse import unquote

import httptools

from ses_cli.capture.asgi import Application, Scope
from ses_cli.capture.exchange import Exchange

MAX_HEAD = 64 << 10  # bytes, beyond the read in which a request begins
_END = b"HTTP/1.1 %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_ASGI = {"version": "3.0", "spec_version": "2.3"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may do."""

    connections: int = 512
    request_timeout: float = 20.0  # seconds; a request must be there whole within one to two of them
    idle_timeout: float = 75.0  # seconds; more than a proxy's, or its next request meets a closed connection


class Connection(asyncio.Protocol):
    """Parses requests, and has the application answer them one after another."""

    def __init__(
        self,
        application: Application,
        limits: Limits,
        max_request: int,
        siblings: set["Connection"],
        refused: Callable[[int, str], None],
    ) -> None:
        """One of `siblings`, while it is open.

        `max_request` counts bytes on the wire after the head, with the framing of chunks and their trailers.
        `refused` hears of what the application never sees.
        """
        self._application = application
        self._limits = limits
        self._max_request = max_request
        self._siblings = siblings
        self._refused = refused
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._pending: deque[Exchange] = deque()  # the first is being answered
        self._latest: Exchange | None = None  # the one whose body comes
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._read = self._fed = 0  # bytes: of this read, and of the request since the read in which it began
        self._limit = MAX_HEAD
        self._keep = True
        self._paused = self._clogged = self._deaf = False

    # from the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Turn away what is too much, and watch the rest."""
        if not _duplex(transport):
            raise TypeError(transport)
        self._transport = transport
        self._client: tuple[str, int] | None = (transport.get_extra_info("peername") or ("", 0))[:2]
        self._siblings.add(self)
        self._deadline = self._loop.time() + self._limits.request_timeout
        self._watcher = self._loop.call_later(self._limits.request_timeout, self._watch)
        if len(self._siblings) > self._limits.connections:
            self._turn_away(503, b"503 Service Unavailable\r\nretry-after: 5", "too many connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the application know."""
        self._siblings.discard(self)
        self._watcher.cancel()
        for exchange in self._pending:
            exchange.gone = True
            exchange.wake()

    def data_received(self, data: bytes) -> None:
        """Parse what came, and have it answered."""
        if self._deaf:
            return
        self._read = len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._turn_away(400, b"400 Bad Request", "this is no HTTP request")
            return
        self._fed += self._read
        if self._fed > self._limit:
            self._turn_away(431, b"431 Request Header Fields Too Large", "the request is too large")
        elif self._latest and not self._latest.whole:
            self._latest.wake()

    def pause_writing(self) -> None:
        """The client does not read its answers: take no more requests."""
        self._clogged = True
        self._regulate()

    def resume_writing(self) -> None:
        """The client reads on."""
        self._clogged = False
        self._regulate()

    def shutdown(self) -> None:
        """The server stops: answer what is in, and close."""
        self._keep = False
        if not self._pending:
            self._deaf = True
            self._transport.close()

    # from the parser

    def on_message_begin(self) -> None:
        self._url, self._headers = b"", []
        self._fed, self._limit = -self._read, MAX_HEAD
        self._latest = None
        self._deadline = self._loop.time() + self._limits.request_timeout

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._parser.should_upgrade():
            return
        self._limit = self._max_request
        version, url = self._parser.get_http_version(), httptools.parse_url(self._url)
        path = (url.path or b"/").decode("latin-1")
        scope: Scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": self._parser.get_method().decode("latin-1"),
            "path": unquote(path) if "%" in path else path,
            "query_string": url.query or b"",
            "headers": self._headers,
            "client": self._client,
        }
        keep = version == "1.1" and self._parser.should_keep_alive()
        self._latest = Exchange(scope, self._transport.write, self._answered, keep)
        self._pending.append(self._latest)
        if len(self._pending) == 1:
            self._start(self._latest)
        else:
            self._regulate()

    def on_body(self, body: bytes) -> None:
        if self._latest:
            self._latest.feed(body)

    def on_message_complete(self) -> None:
        if self._latest:
            self._latest.whole = True
            self._latest.wake()
            self._deadline = inf if self._pending else self._loop.time() + self._limits.idle_timeout

    # between them

    def _start(self, exchange: Exchange) -> None:
        self._task = self._loop.create_task(self._run(exchange))  # kept, or it may be collected

    async def _run(self, exchange: Exchange) -> None:
        try:
            await self._application(exchange.scope, exchange.receive, exchange.send)
        finally:
            if not exchange.answered:  # nothing else would ever close it
                self._transport.abort()

    def _answered(self) -> None:
        """The first exchange is over: on with the next."""
        exchange = self._pending.popleft()
        if not exchange.keep or not (self._keep or self._pending):
            self._deaf = True
            self._transport.close()
        elif self._pending:
            self._start(self._pending[0])
        elif exchange.whole:
            self._deadline = self._loop.time() + self._limits.idle_timeout
        if self._paused:
            self._regulate()

    def _regulate(self) -> None:
        """Read while at most one request waits and answers go out."""
        pause = self._clogged or len(self._pending) > 1
        if pause != self._paused and not self._transport.is_closing():
            self._paused = pause
            if pause:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _watch(self) -> None:
        left = self._deadline - self._loop.time()
        if left > 0:
            self._watcher = self._loop.call_later(min(left, self._limits.request_timeout), self._watch)
        elif self._latest and self._latest.whole:
            self._deaf = True
            self._transport.close()  # idle
        else:
            self._turn_away(408, b"408 Request Timeout", "no whole request came in time")

    def _turn_away(self, status: int, line: bytes, why: str) -> None:
        """Take nothing more; answer what came before, or this, and close."""
        self._refused(status, why)
        self._deaf, self._keep = True, False
        cut_off = [exchange for exchange in self._pending if not exchange.whole]
        for exchange in cut_off:
            exchange.gone = True
            exchange.wake()
            self._pending.remove(exchange)
        if self._pending:
            return
        if cut_off or not (self._latest and self._latest.answered and not self._latest.whole):
            self._transport.write(_END % line)
        self._transport.close()

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Read a request that offers another protocol, as Java's client does, as what it is in this one.

        The parser takes no body from such a request: it gets the head once more, without the offer.
        """
        method = self._parser.get_method()
        if method == b"CONNECT":
            self._turn_away(405, b"405 Method Not Allowed\r\nallow: GET, HEAD, POST", "this is no proxy")
            return
        head = [method, b" ", self._url, b" HTTP/", self._parser.get_http_version().encode(), b"\r\n"]
        for name, value in self._headers:
            if name != b"upgrade":
                head += (name, b": ", value, b"\r\n")
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"".join([*head, b"\r\n", rest]))


def _duplex(transport: asyncio.BaseTransport) -> TypeGuard[asyncio.Transport]:
    """Whether it can be read and written; uvloop's are no subclasses of asyncio's."""
    return hasattr(transport, "write")
