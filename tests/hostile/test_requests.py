"""`listen` against the requests of requests.toml: bounded time and memory, and nothing stored but callbacks."""

import socket
import ssl
import struct
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ses_cli.capture.handler import ReceiverPolicy
from ses_cli.capture.pool import Limits
from ses_cli.capture.server import ReceiverSettings
from tests.capture.receiver import Receiver, answer, callback, numbers

Case = dict[str, Any]
CASES: list[Case] = tomllib.loads(Path(__file__).with_name("requests.toml").read_text())["case"]
_RESET = struct.pack("ii", 1, 0)
_LIMITS = Limits(request_timeout=1.5)
_POLICY = ReceiverPolicy(max_body=16 << 10)
_MEMORY = 40 << 20  # bytes that all of them together may take


def exchange(receiver: Receiver, number: int, case: Case) -> list[int]:
    """The statuses that a case is answered with; nothing of it takes longer than ten seconds."""
    with receiver.connect() as client:
        try:
            for data in _pieces(case, callback(number)):
                client.sendall(data)
            if case.get("end", "half-close") == "half-close":
                client.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has heard enough
        if case.get("end") == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return []
        return [] if case.get("tls") else list(_statuses(client))


def _pieces(case: Case, body: bytes) -> Iterator[bytes]:
    for piece in case["send"]:
        if isinstance(piece, str):
            text = piece.replace("<SIZE>", str(len(body))).replace("<HEX>", f"{len(body):x}")
            yield text.encode().replace(b"<BODY>", body)
        elif "drip" in piece:
            for byte in piece["text"].encode():
                yield bytes([byte])
                time.sleep(piece["drip"])  # a slow client is what is tried
        else:
            yield piece["text"].encode() * piece["times"]


def _statuses(client: socket.socket) -> Iterator[int]:
    while status := answer(client)[0]:
        yield status


def _peak(receiver: Receiver) -> int:
    status = Path(f"/proc/{receiver.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_every_request_of_the_corpus(tmp_path: Path) -> None:
    """Each is answered as the file says, together they take little memory, and the log holds what was a callback."""
    cases = sorted((case for case in CASES if not case.get("tls")), key=lambda case: case.get("end") != "open")
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0, policy=_POLICY, limits=_LIMITS)) as receiver:
        assert receiver.post(callback(0)) == 200
        before = _peak(receiver)
        with ThreadPoolExecutor(12) as pool:
            got = list(pool.map(exchange, [receiver] * len(cases), range(1, len(cases) + 1), cases))
        assert receiver.post(callback(len(cases) + 1)) == 200
        assert _peak(receiver) - before < _MEMORY
        receiver.stop()
        wanted = {case["name"]: case["answers"] * case.get("times", 1) for case in cases}
        assert dict(zip(wanted, got, strict=True)) == wanted
        stored = [number for number, case in enumerate(cases, 1) if case.get("stored")]
        assert sorted(numbers(receiver.log)) == [0, *stored, len(cases) + 1]


def test_every_handshake_of_the_corpus(tmp_path: Path) -> None:
    """What is no TLS gets no connection, and the next client does."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = "openssl req -x509 -newkey ed25519 -nodes -subj /CN=localhost -days 2"
    subprocess.run([*make.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    settings = ReceiverSettings(tmp_path / "log.jsonl", port=0, tls_cert=cert, tls_key=key, limits=_LIMITS)
    with Receiver(settings) as receiver:
        for case in CASES:
            if case.get("tls"):
                exchange(receiver, 1, case)
        context = ssl.create_default_context(cafile=cert)
        with context.wrap_socket(receiver.connect(), server_hostname="localhost") as client:
            body = callback(1)
            client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
            assert answer(client)[0] == 200
        receiver.stop()
        assert numbers(receiver.log) == [1]
