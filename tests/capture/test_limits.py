"""Whatever clients send, memory and disk stay bounded, and a callback that comes in one piece is answered."""

import gzip
import random
import select
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import orjson
import pytest

from ses_cli.capture.access import Access, parse_network
from ses_cli.capture.handler import ReceiverPolicy
from ses_cli.capture.pool import Limits
from ses_cli.capture.rejects import previous_path
from ses_cli.capture.server import ReceiverSettings

from .receiver import Receiver, answer, callback, numbers, request

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
MEGABYTE = 1 << 20


@contextmanager
def crowd(receiver: Receiver, size: int, sent: bytes = b"", source: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    """So many connections that have sent something and send nothing more."""
    with ExitStack() as stack:
        clients = []
        for _ in range(size):
            address = ("127.0.0.1", receiver.port)
            client = stack.enter_context(socket.create_connection(address, timeout=10, source_address=(source, 0)))
            client.sendall(sent)
            clients.append(client)
        yield clients


def peak(receiver: Receiver) -> int:
    """The most memory that the process has had, in bytes."""
    status = Path(f"/proc/{receiver.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST / HTTP/1.1\r\nhost: x\r\n", request(callback(0))[:-5], request(callback(0))],
    ids=["nothing", "half a head", "half a body", "idle"],
)
def test_connections_that_wait_shut_nobody_out(tmp_path: Path, sent: bytes) -> None:
    """With three times the allowed connections open, a callback is stored; those that waited longest are closed."""
    settings = ReceiverSettings(tmp_path / "log.jsonl", port=0, limits=Limits(connections=64), stop_timeout=0.1)
    with Receiver(settings) as receiver, crowd(receiver, 200, sent):
        assert [receiver.post(callback(n)) for n in (1, 2, 3)] == [200] * 3
        totals = receiver.stop()
    assert totals["evicted"] >= 200 - 64
    assert [n for n in numbers(receiver.log) if n] == [1, 2, 3]


def test_who_connects_without_end_takes_the_places_of_its_own(tmp_path: Path) -> None:
    """A slow client of another address keeps its connection, however many somebody opens meanwhile."""
    settings = ReceiverSettings(tmp_path / "log.jsonl", port=0, limits=Limits(connections=16), stop_timeout=0.1)
    with Receiver(settings) as receiver, receiver.connect() as slow:
        sent = request(callback(1), "/", "expect: 100-continue")
        slow.sendall(sent[:-5])
        assert answer(slow)[0] == 100
        try:
            with crowd(receiver, 200, source="127.0.0.2"):
                slow.sendall(sent[-5:])
                assert answer(slow)[0] == 200
        except OSError:
            pytest.skip("this machine has one loopback address")
        assert receiver.stop()["evicted"] >= 180


def test_a_silent_tls_client_is_closed_for_one_that_speaks(tmp_path: Path) -> None:
    """A handshake that does not come counts as a connection, and makes room like any other."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = "openssl req -x509 -newkey ed25519 -nodes -subj /CN=localhost -days 2"
    subprocess.run([*make.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    settings = ReceiverSettings(
        tmp_path / "log.jsonl", port=0, tls_cert=cert, tls_key=key, limits=Limits(connections=8)
    )
    with Receiver(settings) as receiver, crowd(receiver, 30) as clients:
        context = ssl.create_default_context(cafile=cert)
        with context.wrap_socket(receiver.connect(), server_hostname="localhost") as client:
            client.sendall(request(callback(1)))
            assert answer(client)[0] == 200
        assert clients[0].recv(1) == b""
        receiver.stop()


def test_peers_that_are_not_allowed_get_no_connection(tmp_path: Path) -> None:
    """Whoever is outside `--allow` is told so at once, whatever is sent, and takes no place."""
    access = Access(networks=(parse_network("127.0.0.1"),))
    settings = ReceiverSettings(
        tmp_path / "log.jsonl", port=0, policy=ReceiverPolicy(access), limits=Limits(connections=4)
    )
    with Receiver(settings) as receiver:
        try:
            foreign = receiver.connect("127.0.0.2")
        except OSError:
            pytest.skip("this machine has one loopback address")
        with foreign, receiver.connect() as client:
            assert foreign.recv(4096).startswith(b"HTTP/1.1 403 ")
            with crowd(receiver, 50, source="127.0.0.2"):
                client.sendall(request(callback(1)))
                assert answer(client)[0] == 200
        totals = receiver.stop()
    assert (totals["refused"], totals["evicted"]) == ({"403": 51}, 0)


@linux
def test_requests_without_end_take_no_memory(tmp_path: Path) -> None:
    """Forty clients that send request after request and read nothing leave memory flat, and others are answered."""
    one = request(b"", "/healthz", method="GET")
    requests = one * 20_000  # a megabyte
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        assert receiver.post(callback(1)) == 200
        before = peak(receiver)
        with crowd(receiver, 40) as clients:
            for client in clients:
                client.setblocking(False)
            sent = dict.fromkeys(clients, 0)
            for number in range(2, 52):
                for client in select.select([], clients, [], 0)[1]:
                    sent[client] += client.send(requests[sent[client] % len(one) :])
                assert receiver.post(callback(number)) == 200
            assert sum(sent.values()) > 10 * MEGABYTE
        assert peak(receiver) - before < 50 * MEGABYTE  # of the 60 that were sent


def test_who_does_not_read_answers_is_closed(tmp_path: Path) -> None:
    """A client that takes no answers gets no more of them, and loses its connection after the time-out."""
    limits = Limits(request_timeout=0.5)
    with (
        Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0, limits=limits)) as receiver,
        socket.socket() as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        client.settimeout(60)
        client.connect(("127.0.0.1", receiver.port))
        requests = request(b"", "/healthz", method="GET") * 1000
        with pytest.raises(ConnectionError):  # noqa: PT012
            while True:
                client.sendall(requests)


@linux
def test_half_sent_bodies_are_bounded_together(tmp_path: Path) -> None:
    """Of bodies that are too many for memory the oldest one goes, and a callback is stored."""
    policy, limits = ReceiverPolicy(max_body=MEGABYTE), Limits(bodies=8 * MEGABYTE)
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0, policy=policy, limits=limits)) as receiver:
        assert receiver.post(callback(1)) == 200
        before = peak(receiver)
        with crowd(receiver, 60, request(b"x" * MEGABYTE)[:-5]) as clients:
            assert receiver.post(callback(2)) == 200
            assert answer(clients[0])[0] == 0
        assert peak(receiver) - before < 50 * MEGABYTE  # of the 60 that were sent
        assert receiver.stop()["evicted"] >= 50


HARD = {
    "zeros": b"[" + b"0," * 500_000 + b"0]",
    "objects": b"[" + b"{}," * 340_000 + b"{}]",
    "keys": b"{" + b",".join(b'"%d":0' % n for n in range(40_000)) + b"}",
    "nul": bytes(MEGABYTE),
    "brackets": b"[" * MEGABYTE,
}


@pytest.mark.parametrize("shape", HARD)
@pytest.mark.parametrize("is_compressed", [False, True])
@linux
def test_a_body_that_is_hard_to_read_delays_no_other(tmp_path: Path, shape: str, is_compressed: bool) -> None:
    """While four such bodies are read, a callback is stored; each is one reject, and memory and disk stay bounded."""
    body = gzip.compress(HARD[shape]) if is_compressed else HARD[shape]
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        assert receiver.post(callback(1)) == 200
        before = peak(receiver)
        with crowd(receiver, 4, request(body)) as clients:
            assert receiver.post(callback(2)) == 200
            assert [answer(client)[0] for client in clients] == [200] * 4
        assert peak(receiver) - before < 150 * MEGABYTE
        assert receiver.stop()["rejected"] == 4
    assert numbers(receiver.log) == [1, 2]
    assert receiver.rejects.stat().st_size < 4 * (2 * len(body) + 10_000)


def test_gzip_members_are_counted(tmp_path: Path) -> None:
    """Fifty thousand empty members are no body: they are kept among the rejects as they came."""
    body = gzip.compress(b"") * 50_000
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        assert receiver.post(body) == 200
        assert receiver.post(gzip.compress(callback(1)[:9]) + gzip.compress(callback(1)[9:])) == 200
        assert receiver.stop()["rejected"] == 1
    assert numbers(receiver.log) == [1]


def test_rejects_do_not_fill_the_disk(tmp_path: Path) -> None:
    """The rejects file is replaced when it is full: it and the one before it hold the newest rejects."""
    random.seed(7)
    limit = 40_000
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0, max_rejects=limit)) as receiver:
        with receiver.connect() as client:
            for number in range(200):
                client.sendall(request(b"%d " % number + b"x" * random.randrange(2000)))
                assert answer(client)[0] == 200
        receiver.stop()
    files = [previous_path(receiver.rejects), receiver.rejects]
    assert all(file.stat().st_size <= limit for file in files)
    kept = [int(orjson.loads(line)["raw"].split()[0]) for file in files for line in file.read_bytes().splitlines()]
    assert kept == list(range(kept[0], 200))
    assert len(kept) > 20
    assert {file.name for file in tmp_path.iterdir()} == {"log.jsonl", "log.jsonl.lock", *(file.name for file in files)}


def test_connections_queue_while_the_receiver_is_busy(tmp_path: Path) -> None:
    """Three hundred connections made while it does nothing at all are served when it goes on."""
    somaxconn = Path("/proc/sys/net/core/somaxconn")
    if not somaxconn.exists() or int(somaxconn.read_text()) < 1024:
        pytest.skip("the system's own limit is lower")
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        receiver.process.send_signal(signal.SIGSTOP)
        try:
            with crowd(receiver, 300, request(callback(1))) as clients:
                receiver.process.send_signal(signal.SIGCONT)
                assert [answer(client)[0] for client in clients] == [200] * 300
        finally:
            receiver.process.send_signal(signal.SIGCONT)


def test_too_many_headers(tmp_path: Path) -> None:
    """A head of ten thousand short headers is refused as one that is too long."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        assert receiver.post(callback(1), "/", *(f"x{n}: y" for n in range(5000))) == 431
        assert receiver.post(callback(1), "/", *("x: y" for n in range(101))) == 431
        assert receiver.post(callback(1), "/", *(f"x{n}: y" for n in range(90))) == 200
