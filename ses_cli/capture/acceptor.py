"""Accepts connections: whether a peer may have one is decided before anything is read from it."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from ses_cli.capture.connection import READ_SIZE, Connection, Service
from ses_cli.capture.pool import ConnectionPool
from ses_cli.capture.response import FORBIDDEN, TOO_MANY, Response
from ses_cli.capture.server_events import EventListener, ReceiverFailure
from ses_cli.errors import reason

_AT_ONCE = 64  # connections that are accepted in one turn of the loop
_BACKLOG = 4096  # that are accepted at the end, at most
_PAUSE = 0.1  # seconds, when the system gives no connection


class Acceptor:
    """Turns the connections of a listening socket into `Connection`s of a pool."""

    def __init__(
        self,
        listener: socket.socket,
        service: Service,
        pool: ConnectionPool,
        admits: Callable[[str], bool],
        emit: EventListener,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`admits` says whether an address may connect. To be used in the loop's thread."""
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._service = service
        self._pool = pool
        self._admits = admits
        self._emit = emit
        self._tls = tls
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_starved = False
        listener.setblocking(False)
        self._loop.add_reader(listener, self._accept)

    def close(self) -> None:
        """Accept those that have connected, whom the system would reset, and nobody more."""
        self._loop.remove_reader(self._listener)
        self._accept(_BACKLOG)
        self._loop.remove_reader(self._listener)
        self._listener.close()

    def _accept(self, most: int = _AT_ONCE) -> None:
        for _ in range(most):
            try:
                sock, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no file descriptor, or no memory
                self._starve(error)
                return
            self._is_starved = False
            self._admit(sock, str(address[0]))

    def _admit(self, sock: socket.socket, peer: str) -> None:
        if not self._admits(peer):
            self._turn_away(sock, self._service.refuse(FORBIDDEN, peer))
        elif not self._pool.make_room():
            self._turn_away(sock, self._service.refuse(TOO_MANY, peer))
        else:
            connection = Connection(self._service, self._pool, self._buffer, sock, peer)
            self._pool.add(connection, self._pool.limits.request_timeout)
            task = self._loop.create_task(self._connect(sock, connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self, sock: socket.socket, connection: Connection) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=self._tls,
                ssl_handshake_timeout=self._pool.limits.request_timeout if self._tls else None,
            )
        except OSError:  # no handshake: TLS errors are of this kind too
            self._pool.remove(connection)
            sock.close()

    def _turn_away(self, sock: socket.socket, response: Response) -> None:
        """Answer without waiting, if the socket takes it and is not encrypted, and close."""
        with sock, suppress(OSError):
            sock.setblocking(False)
            if self._tls is None:
                sock.send(response.encode(keep_alive=False))
                sock.shutdown(socket.SHUT_WR)
                sock.recv(READ_SIZE)  # what is unread at the end would take the answer away

    def _starve(self, error: OSError) -> None:
        """The system gives no connection: say so once, and try again soon."""
        if not self._is_starved:
            self._emit(ReceiverFailure(f"cannot accept connections: {reason(error)}"))
        self._is_starved = True
        self._loop.remove_reader(self._listener)
        self._loop.call_later(_PAUSE, self._listen_again)

    def _listen_again(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)
