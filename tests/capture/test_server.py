"""The receiver answers by what became of a callback, and stands what clients do."""

import gzip
import random
import signal
import socket
import ssl
import subprocess
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest

from ses_cli.capture.access import Access, parse_network
from ses_cli.capture.connection import MAX_HEAD
from ses_cli.capture.handler import ReceiverPolicy
from ses_cli.capture.pool import Limits
from ses_cli.capture.server import ReceiverSettings

from .receiver import Receiver, answer, callback, numbers, request, start


def test_what_is_posted_is_stored_as_it_came(tmp_path: Path) -> None:
    """Bodies of every form are answered 200 and stand in the log or the rejects, byte for byte."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        odd = b'{"event":"open",\r\n  "email" : "a@b.c","x":"\\n \xe2\x80\xa8",\n"bulkId":"1","timestamp":1}'
        assert receiver.post(odd) == 200
        assert receiver.post(b"[" + callback(2) + b",\n" + callback(3) + b", 7]") == 200
        assert receiver.post(gzip.compress(callback(4)), "/", "content-encoding: gzip") == 200
        assert receiver.post(callback(5), "/", "content-type: application/x-www-form-urlencoded") == 200
        for body in (b"", b"no json", b"\xff\xfe{}", b'{"event":"open"}'):
            assert receiver.post(body) == 200
        totals = receiver.stop()
    first = odd.replace(b"\r\n", b"  ").replace(b"\n", b" ")
    lines = [first, *map(callback, (2, 3, 4, 5))]
    assert receiver.log.read_bytes() == b"".join(line + b"\n" for line in lines)
    rejects = [orjson.loads(line) for line in receiver.rejects.read_bytes().splitlines()]
    assert [reject.get("raw") for reject in rejects] == ["7", "", "no json", None, '{"event":"open"}']
    assert rejects[3]["raw_base64"] == "//57fQ=="
    assert (totals["stored"], totals["rejected"], totals["refused"]) == (5, 5, {})


def test_methods_and_paths(tmp_path: Path) -> None:
    """Reading the address is fine, other methods and paths are not, and none of them stores anything."""
    policy = ReceiverPolicy(Access("/in", "s3cret"))
    with (
        Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0, policy=policy)) as receiver,
        receiver.connect() as client,
    ):
        for method, path, status in [
            ("GET", "/in?token=s3cret", 200),
            ("HEAD", "/in/s3cret", 200),
            ("GET", "/healthz", 200),
            ("POST", "/healthz", 405),
            ("PUT", "/in/s3cret", 405),
            ("DELETE", "/in/s3cret", 405),
            ("GET", "/in", 404),
            ("POST", "/in", 404),
            ("POST", "/in?token=wrong", 404),
            ("POST", "/", 404),
        ]:
            client.sendall(request(b"" if method in ("GET", "HEAD") else callback(1), path, method=method))
            if method == "HEAD":
                assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
                continue
            got, headers, _ = answer(client)
            assert (method, path, got) == (method, path, status)
            assert ("allow" in headers) == (status == 405)
        receiver.stop()
        assert "s3cret" not in str(receiver.events)
        assert receiver.log.read_bytes() == receiver.rejects.read_bytes() == b""


def test_networks_and_the_proxys_word(tmp_path: Path) -> None:
    """Whoever is not allowed is answered 403, and a forged header does not help."""
    access = Access(networks=(parse_network("203.0.113.0/24"),))
    trusting = Access(networks=access.networks, proxy_header="x-real-ip")
    with Receiver(ReceiverSettings(tmp_path / "a.jsonl", port=0, policy=ReceiverPolicy(access))) as receiver:
        assert receiver.post(callback(1), "/", "x-real-ip: 203.0.113.1") == 403
        assert receiver.log.read_bytes() == b""
    with Receiver(ReceiverSettings(tmp_path / "b.jsonl", port=0, policy=ReceiverPolicy(trusting))) as receiver:
        assert receiver.post(callback(1), "/", "x-real-ip: 203.0.113.1") == 200
        assert receiver.post(callback(1), "/", "x-real-ip: 203.0.114.1") == 403


def test_invalid_bodies_are_kept_when_they_are_refused(tmp_path: Path) -> None:
    """With `reject_invalid` the sender hears why, and the body is still among the rejects."""
    with Receiver(
        ReceiverSettings(tmp_path / "log.jsonl", port=0, policy=ReceiverPolicy(reject_invalid=True))
    ) as receiver:
        with receiver.connect() as client:
            client.sendall(request(b"[" + callback(1) + b",7]"))
            status, _, text = answer(client)
        assert (status, text) == (400, b"$: expected an object, got the integer 7 [not-object]\n")
        assert numbers(receiver.log) == [1]
        assert b'"raw":"7"' in receiver.rejects.read_bytes()


def test_too_large_bodies(tmp_path: Path) -> None:
    """413 at once where it is announced, else while counting, and for a gzip bomb; the limit passes."""
    policy = ReceiverPolicy(max_body=1000)
    with (
        Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0, policy=policy)) as receiver,
        receiver.connect() as client,
    ):
        client.sendall(request(b"")[:-4].replace(b"length: 0", b"length: 1001") + b"\r\nexpect: 100-continue\r\n\r\n")
        assert answer(client)[0] == 413
        with receiver.connect() as chunked:
            chunk = b"100\r\n" + b"x" * 256 + b"\r\n"
            chunked.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + chunk * 3)
            chunked.sendall(chunk)
            assert answer(chunked)[0] == 413
        assert receiver.post(gzip.compress(bytes(100_000))) == 413
        assert receiver.post(callback(1).ljust(1000)) == 200
        receiver.stop()
        assert receiver.rejects.read_bytes() == b""


def test_an_answered_body_is_read_to_its_end(tmp_path: Path) -> None:
    """A client that sends all before it reads hears 413, no reset, and goes on."""
    policy = ReceiverPolicy(max_body=300_000)
    with (
        Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0, policy=policy)) as receiver,
        receiver.connect() as client,
    ):
        client.sendall(request(b"x" * 2_000_000) + request(callback(1)))
        assert answer(client)[0] == 413
        assert answer(client)[0] == 200
        assert numbers(receiver.log) == [1]


def test_pieces_and_pipelines(tmp_path: Path) -> None:
    """A thousand requests in one write, and one byte by byte, are answered in order and stored once."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver, receiver.connect() as client:
        client.sendall(b"".join(request(callback(n), "/" if n % 2 else "/no") for n in range(1000)))
        assert [answer(client)[0] for _ in range(1000)] == [404, 200] * 500
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request(callback(1001)):
            client.sendall(bytes([byte]))
        assert answer(client)[0] == 200
        client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        for byte in callback(1003):
            client.sendall(b"1;ext=y\r\n%c\r\n" % byte)
        client.sendall(b"0\r\ntrailer: x\r\n\r\n")
        assert answer(client)[0] == 200
        assert numbers(receiver.log) == [*range(1, 1000, 2), 1001, 1003]


@pytest.mark.parametrize("seed", range(3))
def test_requests_cut_anywhere(tmp_path: Path, seed: int) -> None:
    """Requests of every form, sent in pieces of any size, are answered in order and stored once, byte for byte."""
    chance = random.Random(seed)
    sent, statuses, bodies = b"", [], []
    for number in range(300):
        body = callback(number, reason="\r\n" * chance.randrange(3)).replace(b",", b",\r\n\r\n", chance.randrange(3))
        cut = chance.randrange(1, len(body))
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:cut], body[cut:]))
        chunked = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n"
        forms = [request(body), b"\r\n" + request(body), chunked + b"\r\n", chunked + b"x: y\r\n\r\n"]
        if chance.random() < 0.7:
            sent += chance.choice(forms)
            bodies.append(body.replace(b"\r\n", b"  "))
            statuses.append(200)
        else:
            sent += request(b"x" * chance.randrange(99), "/no", method=chance.choice(["GET", "POST"]))
            statuses.append(404)
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver, receiver.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while sent:
            size = chance.choice([1, 2, 3, 50, 500, 5000, 100_000])
            client.sendall(sent[:size])
            sent = sent[size:]
        assert [answer(client)[0] for _ in statuses] == statuses, f"seed {seed}"
        receiver.stop()
    assert receiver.log.read_bytes().splitlines() == bodies, f"seed {seed}"


def test_an_offer_to_upgrade_is_ignored(tmp_path: Path) -> None:
    """A POST that offers HTTP/2, as Java's client sends it, keeps its body, and so does the next one."""
    offer = (
        "connection: Upgrade, HTTP2-Settings",
        "upgrade: h2c",
        "http2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA",
    )
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver, receiver.connect() as client:
        client.sendall(request(callback(1), "/", *offer) + request(callback(2), "/", *offer))
        assert [answer(client)[0] for _ in range(2)] == [200, 200]
        client.sendall(request(callback(3)))
        assert answer(client)[0] == 200
        assert numbers(receiver.log) == [1, 2, 3]
        client.sendall(request(b"", "x:1", method="CONNECT"))
        assert answer(client)[0] == 405


@pytest.mark.parametrize("expected", ["100-continue", "100-Continue", "100-CONTINUE"])
def test_the_client_is_asked_to_continue(tmp_path: Path, expected: str) -> None:
    """A client that waits for permission gets it, however it spells that."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver, receiver.connect() as client:
        head, body = request(callback(1), "/", f"expect: {expected}").split(b"\r\n\r\n")
        client.sendall(head + b"\r\n\r\n")
        assert answer(client)[0] == 100
        client.sendall(body)
        assert answer(client)[0] == 200


def test_a_client_that_is_not_asked_to_continue_may_not_send_another_request(tmp_path: Path) -> None:
    """Whether the refused body comes is not known, so the connection ends with the refusal."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver, receiver.connect() as client:
        client.sendall(request(callback(1), "/no", "expect: 100-continue")[: -len(callback(1))])
        status, headers, _ = answer(client)
        assert (status, headers["connection"]) == (404, "close")
        assert receiver.post(callback(2)) == 200


def test_a_half_closed_client_gets_its_answer(tmp_path: Path) -> None:
    """Whoever says that it sends no more is still answered, be it one request or several."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        for requests in (request(callback(1)), request(callback(2)) + request(callback(3))):
            with receiver.connect() as client:
                client.sendall(requests)
                client.shutdown(socket.SHUT_WR)
                assert answer(client)[0] == 200
                while answer(client)[0] == 200:
                    pass
        assert numbers(receiver.log) == [1, 2, 3]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: x\r\n" + b"x: y\r\n" * 100_000, 431),
        (b"POST / HTTP/1.1\r\nx: " + b"y" * (MAX_HEAD + 600_000), 431),
        (b"POST /" + b"y" * (MAX_HEAD + 600_000), 431),
        (b"POST / HTTP/1.0\r\ncontent-length: 0\r\n\r\n", 200),
    ],
)
def test_rubbish_is_answered_and_the_server_goes_on(tmp_path: Path, sent: bytes, status: int) -> None:
    """What is no request, or has too large a head, is refused and closed, and the next one is served."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        with receiver.connect() as client:
            try:
                client.sendall(sent)
            except OSError:
                assert status == 431  # it has closed before all was sent
            got = answer(client)[0]
            assert got == status or (status == 431 and got == 0)
            assert answer(client)[0] == 0
        assert receiver.post(callback(1)) == 200
        assert receiver.stop()["refused"] == ({str(status): 1} if status != 200 else {})


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST / HTTP/1.1\r\nhost: x\r\n", b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n{", b"\r\n" * 9],
)
def test_slow_clients_are_sent_away(tmp_path: Path, sent: bytes) -> None:
    """Whoever does not get a request done is answered 408, closed, and nothing of it is stored."""
    limits = Limits(request_timeout=0.3)
    with (
        Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0, limits=limits)) as receiver,
        receiver.connect() as client,
    ):
        client.sendall(sent)
        assert answer(client)[0] == 408
        assert answer(client)[0] == 0
        assert receiver.stop()["refused"] == {"408": 1}
        assert receiver.rejects.read_bytes() == b""


def test_an_idle_connection_is_closed_without_a_word(tmp_path: Path) -> None:
    """Nothing is amiss with a client that has sent all it had."""
    limits = Limits(request_timeout=0.3, idle_timeout=0.3)
    with (
        Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0, limits=limits)) as receiver,
        receiver.connect() as client,
    ):
        client.sendall(request(callback(1)))
        assert answer(client)[0] == 200
        assert client.recv(1) == b""
        assert receiver.stop()["refused"] == {}


def test_a_new_connection_takes_the_place_of_the_one_idle_longest(tmp_path: Path) -> None:
    """With all places taken, a callback still comes in; who was active last keeps the connection."""
    settings = ReceiverSettings(tmp_path / "log.jsonl", port=0, limits=Limits(connections=2))
    with Receiver(settings) as receiver, receiver.connect() as one, receiver.connect() as two:
        for client in (two, one):
            client.sendall(request(callback(1)))
            assert answer(client)[0] == 200
        assert receiver.post(callback(2)) == 200
        assert answer(two)[0] == 0
        one.sendall(request(callback(3)))
        assert answer(one)[0] == 200
        totals = receiver.stop()
        assert (totals["evicted"], totals["refused"]) == (1, {})


def test_a_client_that_leaves_has_sent_nothing(tmp_path: Path) -> None:
    """Half a body is not stored when its sender is gone."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        with receiver.connect() as client:
            client.sendall(request(callback(1))[:-5])
        assert receiver.post(callback(2)) == 200
        assert numbers(receiver.log) == [2]
        assert receiver.rejects.read_bytes() == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """A request whose body is still coming is answered before the end, idle clients are not waited for."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        with receiver.connect() as idle, receiver.connect() as client:
            sent = request(callback(1), "/", "expect: 100-continue")
            client.sendall(sent[:-5])
            assert answer(client)[0] == 100
            receiver.process.send_signal(number)
            assert idle.recv(1) == b""
            client.sendall(sent[-5:])
            assert answer(client)[0] == 200
        assert receiver.until("Totals")["stored"] == 1
        assert receiver.process.wait(10) == 0
        assert numbers(receiver.log) == [1]


def test_no_post_on_its_way_is_lost_at_the_end(tmp_path: Path) -> None:
    """Clients that connected, or sent another request, before the signal was seen are answered, and not reset."""
    with Receiver(ReceiverSettings(tmp_path / "log", port=0)) as receiver, ExitStack() as stack:
        kept = stack.enter_context(receiver.connect())
        kept.sendall(request(callback(0)))
        assert answer(kept)[0] == 200
        receiver.process.send_signal(signal.SIGSTOP)
        clients = [kept, *(stack.enter_context(receiver.connect()) for _ in range(200))]
        for number, client in enumerate(clients, 1):
            client.sendall(request(callback(number)))
        receiver.process.send_signal(signal.SIGTERM)
        receiver.process.send_signal(signal.SIGCONT)
        assert [answer(client)[0] for client in clients] == [200] * 201
        assert receiver.until("Totals")["stored"] == 202
    assert sorted(numbers(tmp_path / "log")) == list(range(202))


def test_a_second_signal_waits_for_nobody(tmp_path: Path) -> None:
    """A client that never ends its body holds the end up only until the signal comes again."""
    settings = ReceiverSettings(tmp_path / "log.jsonl", port=0, stop_timeout=1000)
    with Receiver(settings) as receiver, receiver.connect() as idle, receiver.connect() as client:
        client.sendall(request(callback(1), "/", "expect: 100-continue")[:-5])
        assert answer(client)[0] == 100
        receiver.process.send_signal(signal.SIGINT)
        assert idle.recv(1) == b""
        receiver.process.send_signal(signal.SIGINT)
        assert receiver.until("Totals")["stored"] == 0
        assert receiver.process.wait(10) == 0


def test_tls(tmp_path: Path) -> None:
    """With a certificate the same is had over TLS; a wrong one is a usage error."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = "openssl req -x509 -newkey ed25519 -nodes -subj /CN=localhost -days 2"
    subprocess.run([*make.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0, tls_cert=cert, tls_key=key)) as receiver:
        context = ssl.create_default_context(cafile=cert)
        with context.wrap_socket(receiver.connect(), server_hostname="localhost") as client:
            client.sendall(request(callback(1)))
            assert answer(client)[0] == 200
        with receiver.connect() as plain:
            plain.sendall(request(callback(2)))
            assert plain.recv(4096)[:5] != b"HTTP/"
        receiver.stop()
        assert numbers(receiver.log) == [1]
    with start(ReceiverSettings(tmp_path / "log.jsonl", port=0, tls_cert=key, tls_key=key)) as process:
        assert process.wait(10) == 2


def test_what_cannot_be_had_is_said(tmp_path: Path) -> None:
    """A port in use and a log in use end the program with status 3 and a message."""
    with Receiver(ReceiverSettings(tmp_path / "log.jsonl", port=0)) as receiver:
        for settings, said in [
            (ReceiverSettings(tmp_path / "other.jsonl", port=receiver.port), "Address already in use"),
            (ReceiverSettings(tmp_path / "log.jsonl", port=0), f"process {receiver.process.pid}"),
            (
                ReceiverSettings(tmp_path / "other.jsonl", host="no.such.host.invalid"),
                "cannot listen on no.such.host.invalid",
            ),
        ]:
            with start(settings) as process:
                out, _ = process.communicate(timeout=20)
                assert process.returncode == 3
                assert said in out.decode()
