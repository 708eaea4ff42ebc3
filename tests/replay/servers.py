"""Small real servers on loopback: one records, one fails by script, one is a proxy."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Request:
    """One request as it came in."""

    start: str
    headers: dict[str, str]
    body: bytes
    connection: int


Script = Callable[[int, Request], bytes | None]
"""What to answer to the n-th request (from 1): bytes; those that end in CLOSE close; None resets at once."""
CLOSE = b"<close>"
RESET = b"<reset>"


@dataclass
class Server:
    """A listening server and what it got."""

    port: int
    script: Script
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    connections: int = 0
    most: int = 0  # requests at once
    now: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/callback"

    def bodies(self) -> list[bytes]:
        """All bodies, in the order in which they came in whole."""
        with self.lock:
            return [request.body for request in self.requests]


def ok(_number: int, _request: Request) -> bytes:
    """Always 200."""
    return OK


def status(code: int, *headers: str, body: bytes = b"no") -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {code} Reason", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextmanager
def serve(
    script: Script = ok, tls: ssl.SSLContext | None = None, port: int = 0, host: str = "127.0.0.1"
) -> Iterator[Server]:
    """Serve until the block ends."""
    listener = socket.create_server((host, port), backlog=256)
    server = Server(listener.getsockname()[1], script)
    open_sockets: set[socket.socket] = set()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.connections += 1
            open_sockets.add(connection)
            threading.Thread(target=talk, args=(connection, server.connections), daemon=True).start()

    def talk(connection: socket.socket, number: int) -> None:
        try:
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
                open_sockets.add(connection)
            _talk(server, connection, number)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        for connection in list(open_sockets):
            connection.close()


def _talk(server: Server, connection: socket.socket, number: int) -> None:
    reader = connection.makefile("rb")
    while (request := read_request(reader, number)) is not None:
        with server.lock:
            server.requests.append(request)
            count = len(server.requests)
            server.now += 1
            server.most = max(server.most, server.now)
        answer = server.script(count, request)
        with server.lock:
            server.now -= 1
        if answer is None or answer.endswith(RESET):
            connection.sendall((answer or b"").removesuffix(RESET))
            # a zero linger makes close send a reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            reader.close()
            return
        connection.sendall(answer.removesuffix(CLOSE))
        if answer.endswith(CLOSE):
            reader.close()
            return


def read_request(reader: BufferedReader, number: int) -> Request | None:
    """The next whole request of a connection, None at its end."""
    start = reader.readline().decode().strip()
    if not start:
        return None
    headers: dict[str, str] = {}
    while line := reader.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(start, headers, reader.read(int(headers.get("content-length", 0))), number)
