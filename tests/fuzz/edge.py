"""What a client sends, for the coverage-guided fuzzer: one connection of `listen`, without a network."""

import asyncio
import re
import socket
import tomllib
from pathlib import Path

from ses_cli.capture.connection import Connection
from ses_cli.capture.pool import ConnectionPool, Limits
from ses_cli.capture.request import Request
from ses_cli.capture.response import STORED, Response

FILES = ("capture/connection.py", "capture/request.py")
WORDS: tuple[bytes, ...] = (
    b"\r\n",
    b"\r\n\r\n",
    b"content-length: 5\r\n",
    b"transfer-encoding: chunked\r\n",
    b"POST / HTTP/1.1\r\n",
    b"0\r\n\r\n",
    b"connection: close\r\n",
    b"expect: 100-continue\r\n",
    b"upgrade: h2c\r\nconnection: upgrade\r\n",
    b"HEAD",
    b"CONNECT",
    b"GET / HTTP/1.0\r\n",
    b"5\r\nhello\r\n",
    b"%00",
    b"?a=b",
    b"http://x/",
    b"x" * 300,
)
_HOSTILE = Path(__file__).parents[1] / "hostile" / "requests.toml"
_TURNS = 2000  # of the loop that one input may take
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_LOOP = asyncio.new_event_loop()
_BUFFER = memoryview(bytearray(1 << 16))
_SOCKET = socket.socket()
_SOCKET.close()


class _Service:
    max_body = 200
    max_request = 2000

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def check(self, request: Request) -> Response | None:
        return None if request.method == "POST" else STORED

    async def receive(self, _request: Request, body: bytes) -> Response:
        self.bodies.append(body)
        return STORED

    def refuse(self, response: Response, _peer: str) -> Response:
        return response


class _Transport:
    def __init__(self) -> None:
        self.written = b""
        self.is_paused = self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed, "it writes to what is closed"
        self.written += data

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def set_write_buffer_limits(self, high: int) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None: ...

    def close(self) -> None:
        self.is_closed = True

    abort = close


def beginnings() -> list[bytes]:
    """Exchanges to begin with."""
    cases = tomllib.loads(_HOSTILE.read_text())["case"]
    texts = ["".join(piece if isinstance(piece, str) else piece["text"] for piece in case["send"]) for case in cases]
    return [text.replace("<SIZE>", "4").replace("<HEX>", "4").replace("<BODY>", "body").encode() for text in texts]


def traced(data: bytes) -> None:
    """What is followed line by line."""
    _LOOP.run_until_complete(_talk([data]))


def defect(data: bytes) -> str:
    """What is wrong with the answers, "" for nothing: they depend on where the input is cut, or there is no end."""
    try:
        whole = _LOOP.run_until_complete(_talk([data]))
        for at in {len(data) // 2, len(data) // 3, max(0, len(data) - 2)}:
            if (cut := _LOOP.run_until_complete(_talk([data[:at], data[at:]]))) != whole:
                return f"cut at {at} it is {cut}, not {whole}"
    except Exception as error:
        return repr(error)
    return ""


async def _talk(pieces: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    service, transport, pool = _Service(), _Transport(), ConnectionPool(Limits())
    connection = Connection(service, pool, _BUFFER, _SOCKET, "127.0.0.1")
    pool.add(connection, 20)
    connection.connection_made(transport)  # type: ignore[arg-type]
    turns = 0
    for piece in pieces:
        while transport.is_paused and not transport.is_closed:
            await asyncio.sleep(0)
            turns += 1
            assert turns < _TURNS, "it does not read on"
        if transport.is_closed:
            break
        if piece:
            connection.get_buffer(-1)[: len(piece)] = piece
            connection.buffer_updated(len(piece))
    for _ in range(4):
        await asyncio.sleep(0)
    while transport.is_paused and not transport.is_closed:
        await asyncio.sleep(0)
        turns += 1
        assert turns < _TURNS, "it does not read on"
    for _ in range(4):
        await asyncio.sleep(0)
    connection.connection_lost(None)
    return _STATUS.findall(transport.written), service.bodies
