"""What goes over the wire, and what is made of the answers."""

import base64
import hashlib
import hmac
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from ses_cli import __version__
from ses_cli.batch.records import Lane
from ses_cli.errors import UsageError
from ses_cli.replay.engine import ReplayPolicy
from ses_cli.replay.http.client import Client
from ses_cli.replay.http.headers import static_headers
from ses_cli.replay.http.options import HttpOptions
from ses_cli.replay.http.signing import parse_secrets
from ses_cli.replay.http.target import resolve_target
from ses_cli.replay.job import Attempt, Job
from ses_cli.replay.result.report import RunEnd
from tests.conftest import LIMIT

from .logs import jobs, lines, replay
from .servers import CLOSE, OK, RESET, Request, serve, status

FAST = ReplayPolicy(concurrency=4, give_up_after=1000, give_up_time=5.0)


def test_bodies_arrive_byte_for_byte() -> None:
    """Every body arrives exactly as captured, whatever bytes it holds, and nothing else does."""
    raws = [
        *lines(50),
        '{"event":"open","email":"ä@b.c","bulkId":"b","timestamp":1,\t "x":"€ \\u0000"}  '.encode(),
        b'{"event":"open","email":"big@b.c","bulkId":"b","timestamp":1,"x":"%s"}' % (b"y" * 2_000_000),
    ]
    with serve() as server:
        report = replay(raws, server.url, FAST).run()
        assert sorted(server.bodies()) == sorted(raws)
        assert report.delivered == report.attempts == len(raws)


def test_headers_of_a_request() -> None:
    """A request carries type, agent, id and time, and the id is the body's hash."""
    raws = lines(1)
    with serve() as server:
        replay(raws, server.url + "?token=x", FAST).run()
        request = server.requests[0]
    assert request.start == "POST /callback?token=x HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"ses-events/{__version__}"
    assert request.headers["webhook-id"] == hashlib.sha256(raws[0]).hexdigest()[:32]
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
    assert "expect" not in request.headers
    assert "webhook-signature" not in request.headers


def test_own_headers_and_method() -> None:
    """Headers given replace the defaults, and the method is the one asked for."""
    wire = HttpOptions(method="PUT", headers=[("Content-Type", "text/x"), ("X-Key", "v"), ("user-agent", "me")])
    with serve() as server:
        replay(lines(1), server.url, FAST, options=wire).run()
        request = server.requests[0]
    assert request.start.startswith("PUT ")
    assert request.headers["content-type"] == "text/x"
    assert request.headers["x-key"] == "v"
    assert request.headers["user-agent"] == "me"


@pytest.mark.parametrize("header", [("webhook-id", "1"), ("a b", "1"), ("x", "1\r\ny: 2"), ("", "1")])
def test_headers_that_are_refused(header: tuple[str, str]) -> None:
    """A header that is none, that smuggles another, or that the replay sets itself, is refused."""
    with pytest.raises(UsageError):
        static_headers([header])


def test_signature_is_that_of_standard_webhooks() -> None:
    """A receiver with the secret can verify id, time and body."""
    key = b"0123456789abcdef01234567"
    secret = "whsec_" + base64.b64encode(key).decode()
    with serve() as server:
        replay(lines(1), server.url, FAST, options=HttpOptions(keys=parse_secrets(secret + "\n"))).run()
        request = server.requests[0]
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == "v1," + expected


@pytest.mark.parametrize("text", ["", "abc", "whsec_", "whsec_!!", "whsec_MDEy\nnonsense"])
def test_secrets_that_are_none(text: str) -> None:
    """What is no secret is refused, without being shown."""
    with pytest.raises(UsageError) as caught:
        parse_secrets(text)
    assert "nonsense" not in str(caught.value)
    assert "!!" not in str(caught.value)


def test_connections_are_kept() -> None:
    """A run uses no more connections than its concurrency."""
    with serve() as server:
        replay(lines(200), server.url, FAST).run()
        assert server.connections <= 4


BAD = {
    "before": (None, "reset"),
    "in-head": (b"HTTP/1.1 200 OK\r\nContent-Le" + RESET, "reset"),
    "in-body": (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nok" + RESET, "reset"),
    "cut": (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nok" + CLOSE, "cut-short"),
    "cut-chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab" + CLOSE, "cut-short"),
    "silent": (CLOSE, "no-answer"),
    "no-http": (b"hello\r\n\r\n" + CLOSE, "bad-answer"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_answer_that_is_none_is_a_failure_and_tried_again(name: str) -> None:
    """A reset before or in the answer, a cut one, none: the attempt failed, the next one delivers."""
    answer, kind = BAD[name]
    with serve(lambda n, _: answer if n == 1 else OK) as server:
        report = replay(lines(2), server.url, ReplayPolicy(concurrency=1)).run()
    assert report.delivered == 2
    assert report.statuses == {kind: 1, 200: 2}


GOOD = {
    "after": OK + RESET,
    "early-hints": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "until-close": b"HTTP/1.1 200 OK\r\n\r\nok" + CLOSE,
    "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "huge": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * (2 << 20) + CLOSE,
}


@pytest.mark.parametrize("name", GOOD)
def test_an_answer_in_any_form_delivers(name: str) -> None:
    """Informational answers, chunks, an answer without length, an endless one: 2xx is delivered."""
    with serve(lambda _n, _: GOOD[name]) as server:
        report = replay(lines(1), server.url, ReplayPolicy(concurrency=1)).run()
    assert (report.delivered, report.attempts) == (1, 1)


@pytest.mark.parametrize("end", [CLOSE, RESET, b"HTTP/1.1 200" + CLOSE], ids=["closed", "reset", "cut"])
@pytest.mark.parametrize("size", [10, 1_000_000], ids=["small", "large"])
def test_what_arrives_is_what_was_attempted(end: bytes, size: int) -> None:
    """When kept connections die under requests nothing is sent behind the back: arrivals = attempts."""
    raws = [line[:-1] + b',"x":"%s"}' % (b"y" * size) for line in lines(12)]
    with serve(lambda n, _: end if n % 3 == 0 else OK) as server:
        report = replay(raws, server.url, ReplayPolicy(concurrency=4, retries=20), lane=Lane.NONE).run()
        assert len(server.requests) == report.attempts
    assert (report.delivered, report.attempts > 12) == (12, True)
    assert report.attempts == report.statuses.total()


def test_a_head_that_is_cut_off_is_not_an_answer() -> None:
    """An answer that ends inside its head does not deliver, wherever it is cut; after its end it does."""
    answer = b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nX: 1\r\n\r\n"
    for cut in range(len(answer) + 1):
        with serve(lambda _n, _: answer[:cut] + CLOSE) as server:  # noqa: B023
            report = replay(lines(1), server.url, ReplayPolicy(retries=0, give_up_time=0.0)).run()
        assert report.delivered == (cut == len(answer)), answer[:cut]


_CUT = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "hints": b"HTTP/1.1 103 Hints\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no-content": b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n",
}


@pytest.mark.parametrize("name", _CUT)
def test_a_head_that_is_cut_off_after_whole_ones_is_not_an_answer(name: str) -> None:
    """Where the target's answers had a length before, one that ends inside its head does not deliver either."""
    answer = _CUT[name]
    whole = answer.rindex(b"\r\n\r\n", 0, len(answer) - len(b"0\r\n\r\n") * (name == "chunked")) + 4
    for cut in range(1, whole):
        with serve(lambda n, _: OK if n < 3 else answer[:cut] + CLOSE) as server:  # noqa: B023
            report = replay(lines(3), server.url, ReplayPolicy(concurrency=1, retries=0)).run()
        assert (report.delivered, report.failed + report.unknown) == (2, 1), answer[:cut]


def test_empty_chunked_answers_among_others_deliver() -> None:
    """An answer with neither a length nor a body is not taken for one that was cut off, whatever came before it."""
    empty = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with serve(lambda n, _: empty if n % 3 == 0 else OK) as server:
        report = replay(lines(12), server.url, ReplayPolicy(concurrency=1, retries=2)).run()
    assert (report.delivered, report.statuses["cut-short"]) == (12, 0)


def test_slow_answers_time_out() -> None:
    """An answer that does not come in time is a failure by the name of timeout."""
    gate = threading.Event()

    def slow(number: int, _request: Request) -> bytes:
        if number == 1:
            gate.wait(20)
        return OK

    with serve(slow) as server:
        report = replay(lines(1), server.url, FAST, options=HttpOptions(timeout=0.2)).run()
        gate.set()
    assert report.statuses == {"timeout": 1, 200: 1}


def test_answers_that_waited_while_the_process_stood_still_count() -> None:
    """A stop longer than the time-out throws away no answer that came meanwhile; without one, the time-out holds."""
    for answers, expected in ((True, (200, "")), (False, (0, "timeout"))):
        gate, sent = threading.Event(), threading.Event()

        def script(
            _number: int, _request: Request, gate: threading.Event = gate, sent: threading.Event = sent
        ) -> bytes:
            sent.set()
            gate.wait(LIMIT)
            return OK

        with serve(script) as server:
            client = Client(resolve_target(server.url, {}), HttpOptions(timeout=1.0), 1)
            client.send([next(jobs(lines(1)))])
            deadline = time.monotonic() + LIMIT
            while not sent.is_set():
                assert time.monotonic() < deadline
                client.poll(0.01)
            if answers:
                gate.set()
            time.sleep(1.5)  # as if stopped
            deadline = time.monotonic() + LIMIT
            while not (ended := client.poll(0.1)) and time.monotonic() < deadline:
                pass
            assert [(attempt.status, attempt.error) for attempt in ended] == [expected]
            gate.set()
            client.close()


def test_redirects_are_not_followed() -> None:
    """A redirect is a failure that says where to, without the secrets in it."""
    moved = status(302, "Location: https://other.example/x?token=hush")
    with serve(lambda _n, _: moved) as server:
        report = replay(lines(1), server.url, ReplayPolicy(concurrency=1)).run()
        assert len(server.requests) == 1
    assert report.failures["status 302"].detail == "redirects to https://other.example/x?token=***"


def test_secrets_of_the_request_are_not_in_the_sample() -> None:
    """An answer that echoes the token of the URL or of a header does not bring it into the report."""
    echo = status(400, body=b"bad token hunter22 / Bearer s3cr3t / s3cr3t\x1b[31m")
    wire = HttpOptions(headers=[("Authorization", "Bearer s3cr3t")])
    with serve(lambda _n, _: echo) as server:
        report = replay(lines(1), server.url + "?t=hunter22", ReplayPolicy(concurrency=1), options=wire).run()
    assert report.failures["status 400"].detail == "bad token *** / *** / *** [31m"


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_holds_the_whole_target(form: str) -> None:
    """After a 429 with Retry-After nothing is sent, of any lane, before that time."""
    times: list[float] = []

    def script(number: int, _request: Request) -> bytes:
        times.append(time.monotonic())
        value = "1" if form == "seconds" else formatdate(time.time() + 2, usegmt=True)
        return status(429, f"Retry-After: {value}") if number == 1 else OK

    with serve(script) as server:
        report = replay(lines(5), server.url, FAST, lane=Lane.NONE).run()
    assert report.delivered == 5
    assert times[1] - times[0] > 0.7


def test_gone_ends_the_run(tmp_path: Path) -> None:
    """A 410 ends the run: what is left is neither sent nor lost."""
    with serve(lambda n, _: status(410) if n == 3 else OK) as server:
        report = replay(lines(50), server.url, ReplayPolicy(concurrency=1), path=tmp_path / "j").run()
        assert len(server.requests) == 3
    assert (report.end, report.delivered, report.failed) == (RunEnd.GONE, 2, 1)
    with serve(port=server.port) as server:
        report = replay(lines(50), server.url, FAST, path=tmp_path / "j").run()
    assert (report.end, report.delivered, report.skipped) == (RunEnd.DONE, 48, 2)


def test_a_dead_target_costs_one_request_at_a_time_and_ends_the_run() -> None:
    """A target that only fails sees probes, never two at once, and the run gives up in its time."""
    with serve(lambda _n, _: status(503)) as server:
        report = replay(lines(500), server.url, ReplayPolicy(concurrency=16, give_up_time=1.2)).run()
        assert server.most == 1
        assert len(server.requests) == 3  # at 0, 0.5 and, the last, 1.2 s
    assert report.end is RunEnd.GAVE_UP
    assert report.delivered == 0
    assert report.selected == report.failed + report.unsent


def test_a_refused_connection_is_a_failure() -> None:
    """Nobody listening: the cause is told by its name, and nothing is unknown, for nothing left."""
    with serve() as server:
        pass
    report = replay(lines(3), server.url, ReplayPolicy(give_up_time=0.1, retries=0)).run()
    assert set(report.failures) == {"connect"}
    assert report.end is RunEnd.GAVE_UP
    assert (report.unknown, report.failed + report.unsent) == (0, 3)


def test_what_no_connection_took_is_sent_though_unknown_ones_are_skipped(tmp_path: Path) -> None:
    """With `--unknown skip`, a handler that was down gets all when it is back."""
    policy = ReplayPolicy(give_up_time=0.1, retries=0, resend_unknown=False)
    with serve() as server:
        pass
    replay(lines(3), server.url, policy, path=tmp_path / "j").run()
    with serve(port=server.port) as server:
        report = replay(lines(3), server.url, policy, path=tmp_path / "j").run()
        assert sorted(server.bodies()) == sorted(lines(3))
    assert (report.delivered, report.unknown) == (3, 0)


def test_concurrency_ramps_up_and_is_bounded() -> None:
    """The first request goes alone; no more than the concurrency are ever out."""
    gate = threading.Barrier(4)

    def script(number: int, _request: Request) -> bytes:
        if 7 < number <= 11:
            gate.wait(10)  # passes only if four are out at once
        return OK

    with serve(script) as server:
        report = replay(lines(40), server.url, ReplayPolicy(concurrency=4), lane=Lane.NONE).run()
        assert server.most == 4
    assert report.delivered == 40


def test_a_proxy_of_the_environment_is_used() -> None:
    """With http_proxy set the request goes to the proxy, in the absolute form, and the name is left to it."""
    with serve() as server:
        environ = {"http_proxy": f"http://127.0.0.1:{server.port}"}
        report = replay(lines(2), "http://handler.invalid/callback", FAST, environ=environ).run()
        assert server.requests[0].start == "POST http://handler.invalid/callback HTTP/1.1"
    assert report.delivered == 2


def test_a_name_is_looked_up_again() -> None:
    """Where another machine stands behind the name by now, requests go there; not to a public one without a yes."""
    raws = lines(3, lanes=1)
    known = ["127.0.0.1"]

    def look_up(host: str, _port: int) -> tuple[str, ...]:
        assert host == "localhost"
        return tuple(known)

    with serve() as old, serve(host="127.0.0.2", port=old.port) as new:
        target = resolve_target(f"http://localhost:{old.port}/callback", {})._replace(addresses=("127.0.0.1",))
        client = Client(target, HttpOptions(lookup_period=0.05), 1, look_up)
        first, second, third = jobs(raws)
        assert [attempt.status for attempt in _sent(client, first)] == [200]
        known[:] = ["127.0.0.2"]
        before = len(new.bodies())
        deadline = time.monotonic() + LIMIT
        while len(new.bodies()) == before:
            assert time.monotonic() < deadline
            assert [attempt.status for attempt in _sent(client, second)] == [200]
            client.poll(0.05)
        known[:] = ["203.0.113.1"]
        for _ in range(10):
            client.poll(0.05)
        assert [attempt.status for attempt in _sent(client, third)] == [200]
        assert new.bodies()[-1] == raws[2]
        client.close()


def _sent(client: Client, job: Job) -> list[Attempt]:
    client.send([job])
    deadline = time.monotonic() + LIMIT
    while not (ended := client.poll(0.1)):
        assert time.monotonic() < deadline
    return ended
