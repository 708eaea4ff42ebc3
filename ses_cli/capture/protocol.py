"""What uvicorn leaves open: limits on connections, on a request's head, and on the time that may take."""

from asyncio import BaseTransport, TimerHandle, Transport
from collections.abc import Callable
from typing import TypeGuard

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 << 10  # bytes, beyond the read in which a request begins
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class GuardedProtocol(HttpToolsProtocol):
    """HTTP on one connection, kept within limits. Make it fit with `guarded`."""

    max_connections: int
    max_request: int  # bytes on the wire, chunk framing and trailers included
    head_timeout: float  # seconds; a connection is closed after one to two of them
    refuse: Callable[[int, str], None]  # hears of what the application never sees

    _fed = 0  # bytes since the read in which the request began
    _now = 0  # bytes of this read
    _head = True
    _watcher: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        if not _duplex(transport):
            raise TypeError(transport)
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._turn_away(_BUSY, 503, "too many connections")
        else:
            self._watch(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watcher:
            self._watcher.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._now = len(data)
        super().data_received(data)
        self._fed += len(data)
        if self._fed > (MAX_HEAD if self._head else self.max_request) and not self.transport.is_closing():
            self._turn_away(_LARGE, 431, "the head of the request is too large")

    def on_message_begin(self) -> None:
        self._fed, self._head = -self._now, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = False
        super().on_headers_complete()

    def _watch(self, seen: object) -> None:
        """Close a connection on which a request began, or an answered one goes on, and nothing came of it."""
        waiting = self.cycle is None or self.cycle.response_complete
        if waiting and self.timeout_keep_alive_task is None and self.cycle is seen:
            self.refuse(408, "no whole request came")
            self.transport.close()
        elif not self.transport.is_closing():
            self._watcher = self.loop.call_later(self.head_timeout, self._watch, self.cycle)

    def _turn_away(self, answer: bytes, status: int, why: str) -> None:
        self.refuse(status, why)
        if self._head:
            self.transport.write(answer)
        self.transport.close()


def _duplex(transport: BaseTransport) -> TypeGuard[Transport]:
    """Whether it can be read and written; uvloop's are no subclasses of asyncio's."""
    return hasattr(transport, "write")
