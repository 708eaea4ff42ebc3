"""A receiver in a process of its own, and a raw HTTP client for it."""

import base64
import pickle
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from ses_cli.capture.rejects import rejects_path
from ses_cli.capture.server import ReceiverSettings

ROOT = Path(__file__).parents[2]


class Receiver:
    """A running receiver on a port of its own."""

    def __init__(self, settings: ReceiverSettings) -> None:
        self.log = settings.log
        self.rejects = rejects_path(settings.log)
        self.process = start(settings)
        self.events: list[dict[str, Any]] = []
        self.port = int(self.until("Listening")["port"])

    def until(self, kind: str) -> dict[str, Any]:
        """The next event of a kind; those before it stay in `events`."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.events.append(orjson.loads(line))
            if self.events[-1]["event"] == kind:
                return self.events[-1]
        raise AssertionError(f"no {kind} in {self.events}")

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        """A connection that waits at most ten seconds for anything."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10, source_address=(source, 0))

    def post(self, body: bytes, path: str = "/", *headers: str) -> int:
        """The status that a POST earns."""
        with self.connect() as client:
            client.sendall(request(body, path, *headers))
            return answer(client)[0]

    def stop(self) -> dict[str, Any]:
        """End it as a service manager does, and return its totals."""
        self.process.send_signal(signal.SIGTERM)
        totals = self.until("Totals")
        assert self.process.wait(10) == 0
        return totals

    def kill(self) -> None:
        """End it as a power cut does, as far as a process can tell."""
        self.process.kill()
        self.process.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()
        if self.process.stdout:
            self.process.stdout.close()


def start(settings: ReceiverSettings) -> subprocess.Popen[bytes]:
    """The program, which may end at once."""
    module = f"{__package__}.program"
    package = ROOT if module.startswith("tests.") else ROOT / "tests"
    given = base64.b64encode(pickle.dumps(settings)).decode()
    return subprocess.Popen([sys.executable, "-m", module, given], stdout=subprocess.PIPE, cwd=package)


def request(body: bytes, path: str = "/", *headers: str, method: str = "POST") -> bytes:
    """A request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "host: here", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """The next answer on a connection: status, headers, body. Status 0 where it was closed instead."""
    got = b""
    while b"\r\n\r\n" not in got:
        try:
            part = client.recv(1)
        except ConnectionResetError:
            part = b""
        if not part:
            return 0, {}, b""
        got += part
    head = got.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    body = b""
    while len(body) < int(headers.get("content-length", 0)):
        body += client.recv(1)
    return int(head[0].split()[1]), headers, body


def callback(number: int, **more: object) -> bytes:
    """A valid callback that can be told from all others."""
    fields = {"event": "delivered", "email": f"{number}@example.com", "bulkId": str(number), "timestamp": 1654064683}
    return orjson.dumps({**fields, **more})


def numbers(*files: Path) -> list[int]:
    """The numbers of the callbacks in whole logs: each line must be whole."""
    lines = b"".join(path.read_bytes() for path in files)
    assert not lines or lines.endswith(b"\n")
    return [int(orjson.loads(line)["bulkId"]) for line in lines.split(b"\n")[:-1]]
