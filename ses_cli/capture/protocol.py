"""What uvicorn leaves open: limits on connections, on the bytes of a request, and on the time it may take."""

from asyncio import BaseTransport, TimerHandle, Transport
from collections.abc import Callable
from typing import TypeGuard

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 << 10  # bytes, beyond the read in which a request begins
_HEAD = b"HTTP/1.1 %s\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_SLOW = _HEAD % b"408 Request Timeout"
_LARGE = _HEAD % b"431 Request Header Fields Too Large"
_BUSY = _HEAD % b"503 Service Unavailable"


class GuardedProtocol(HttpToolsProtocol):
    """HTTP on one connection, kept within limits, which a subclass sets."""

    max_connections: int
    max_request: int  # bytes on the wire, with the framing of chunks and their trailers
    request_timeout: float  # seconds; a request must be there whole within one to two of them
    refused: Callable[[int, str], None]  # hears of what the application never sees

    _fed = 0  # bytes since the read in which the request began
    _began: object = None
    _watcher: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Turn away what is too much, and watch the rest."""
        if not _duplex(transport):
            raise TypeError(transport)
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._turn_away(_BUSY, 503, "too many connections")
        else:
            self._watcher = self.loop.call_later(self.request_timeout, self._watch, self.cycle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch no longer."""
        if self._watcher:
            self._watcher.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what a request is sent in: the parser below counts nothing."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.scope is not self._began:
            self._fed, self._began = 0, self.scope
            return
        self._fed += len(data)
        if self._fed > (MAX_HEAD if self._in_head() else self.max_request):
            self._turn_away(_LARGE, 431, "the request is too large")

    def _watch(self, seen: object) -> None:
        """Close a connection on which nothing came of what began, or of an answered request that goes on."""
        cycle = self.cycle
        idle = self.timeout_keep_alive_task is not None  # uvicorn's own timer runs
        waiting = cycle is None or (not idle if cycle.response_complete else cycle.more_body)
        if waiting and cycle is seen and not self.transport.is_closing():
            self._turn_away(_SLOW, 408, "no whole request came in time")
        else:
            self._watcher = self.loop.call_later(self.request_timeout, self._watch, cycle)

    def _in_head(self) -> bool:
        return self.cycle is None or self.cycle.scope is not self.scope

    def _turn_away(self, answer: bytes, status: int, why: str) -> None:
        self.refused(status, why)
        if self._in_head() or not self.cycle.response_started:
            self.transport.write(answer)
        self.transport.close()


def _duplex(transport: BaseTransport) -> TypeGuard[Transport]:
    """Whether it can be read and written; uvloop's are no subclasses of asyncio's."""
    return hasattr(transport, "write")
