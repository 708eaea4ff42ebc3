"""`ses-events replay` where something is wrong: what is said, the status, and that it can go on."""

import json
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import LIMIT, Program
from tests.logs import log, record
from tests.replay.servers import OK, Request, serve, status

SOON = ("--give-up-time", "100ms", "--connect-timeout", "20s")


@pytest.fixture
def source(run: Program) -> Path:
    """A log of some callbacks."""
    path = run.home / "log.jsonl"
    path.write_bytes(log(*(record(bulkId=str(n)) for n in range(400))))
    return path


@contextmanager
def speaking(answer: bytes) -> Iterator[int]:
    """A port where each connection gets the answer, whatever it says first, and is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            while True:
                try:
                    with listener.accept()[0] as connection:
                        connection.recv(65536)
                        connection.sendall(answer)
                except OSError:
                    return

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(LIMIT)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--to", "log.jsonl"), 2, "not an HTTP(S) URL: log.jsonl\nhint: like http://"),
        (("--to", "http://127.0.0.1:x/"), 2, "not an HTTP(S) URL: http://***/\nhint: the host or the port is invalid"),
        (("--to", "http://no-such-host.invalid/"), 3, "hint: check the host in --to"),
        (("--to", "https://127.0.0.1:9/", "--cacert", "none.pem"), 2, "--cacert none.pem: no such file"),
        (("--to", "http://127.0.0.1:9/", "-H", "Authorization"), 2, "hint: like -H 'Authorization: Bearer"),
        (
            ("--to", "http://127.0.0.1:9/", "--journal", "log.jsonl/j"),
            3,
            "not a directory\nhint: --journal FILE",
        ),
        (("--to", "http://127.0.0.1:9/", "--journal", "log.jsonl"), 2, "this file is an input\nhint: choose another"),
        (("--to", "http://127.0.0.1:9/", "--failed", "-"), 2, "standard output has the report\nhint: choose another"),
        (("--to", "http://127.0.0.1:9/", "--failed", "./r", "--rejects", "r"), 2, "the same output as --failed ./r"),
    ],
)
def test_what_makes_no_sense(run: Program, source: Path, options: tuple[str, ...], code: int, said: str) -> None:
    """Nothing is sent, and the message says what is wrong and what to do."""
    before = source.read_bytes()
    done = run("replay", *options, "log.jsonl")
    assert done.status == code
    assert said in done.stderr
    assert done.stdout == ""
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("code", "hint"), [(401, "-H 'Authorization: ...'"), (404, "check the path in --to"), (302, "name the new address")]
)
@pytest.mark.usefixtures("source")
def test_a_target_that_refuses_all(run: Program, code: int, hint: str) -> None:
    """A wrong path or missing credentials cost a request or two, and the note says why and what may help."""
    where = ("Location: http://127.0.0.1/?t=hush",) if code == 302 else ()
    with serve(lambda _n, _request: status(code, *where, body=b"who?")) as server:
        done = run("replay", "--to", server.url, *SOON, "log.jsonl")
        assert len(server.bodies()) <= 2
    assert done.status == 1
    said = "redirects to http://127.0.0.1/?t=***" if code == 302 else "who?"
    ended = "ended: 127.0.0.1 answered" if code == 302 else "gave up: 127.0.0.1 failed for too long, at last with"
    assert f"{ended} status {code} ({said}); 400 callbacks are left to send" in done.stderr
    assert "run again to resume: ses-events replay" in done.stderr
    assert hint in done.stderr


@pytest.mark.parametrize(
    ("scheme", "answer", "hint"),
    [
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "a target without TLS needs http://"),
        ("http", b"\x15\x03\x01\x00\x02\x02\x46", "speaks no HTTP: check the port in --to, and http or https"),
        ("http", b"", "if the target speaks TLS, --to needs https://"),
    ],
)
@pytest.mark.usefixtures("source")
def test_tls_where_there_is_none_and_the_other_way(run: Program, scheme: str, answer: bytes, hint: str) -> None:
    """The hint names the other scheme."""
    with speaking(answer) as port:
        done = run("replay", "--to", f"{scheme}://127.0.0.1:{port}/", *SOON, "log.jsonl")
    assert done.status == 1
    assert hint in done.stderr


def test_a_target_that_dies_and_comes_back(run: Program, source: Path) -> None:
    """What could not be delivered meanwhile is delivered then, by the same run."""
    dead = threading.Event()

    def script(number: int, _request: Request) -> bytes | None:
        if number < 40:
            return OK
        if number > 40 + 2 * 4:  # libcurl may send each of four once more: one has failed by now
            dead.set()
        return None

    options = ("-c", "4", "--retries", "99", "--give-up-time", "never", "--json")
    with serve(script) as first:
        process = run.start("replay", "--to", first.url, *options, "log.jsonl")
        assert dead.wait(LIMIT)
    with serve(port=first.port) as second:
        out, _ = process.communicate(timeout=LIMIT)
        arrived = {*first.bodies()[:39], *second.bodies()}
    found = json.loads(out)["replay"]
    assert (process.returncode, found["delivered"], found["failed"]) == (0, 400, 0)
    assert found["attempts"] > 400
    assert found["last_failure"]
    assert arrived == set(source.read_bytes().splitlines())


def test_a_full_disk_for_the_journal(run: Program, source: Path) -> None:
    """The run ends with status 3 and can be resumed: nothing was sent that the journal has no intent of."""
    limited = replace(run, argv=("bash", "-c", 'ulimit -f 64; exec "$0" "$@"', *run.argv))
    with serve() as server:
        full = limited("replay", "--to", server.url, "log.jsonl", env={"PYTHONDONTWRITEBYTECODE": "1"})
        sent = len(server.bodies())
        again = run("replay", "--to", server.url, "--json", "log.jsonl")
        assert set(server.bodies()) == set(source.read_bytes().splitlines())
        found = json.loads(again.out)["replay"]
        assert len(server.bodies()) - 400 <= found["resent"]
    assert full.status == 3
    assert "the journal cannot be written" in full.stderr
    assert "the journal cannot remember" in full.stderr
    assert b"delivered in" in full.out
    assert 0 < sent < 400
    assert (again.status, found["skipped"] > 0) == (0, True)


def test_a_log_that_vanishes(run: Program, source: Path) -> None:
    """The others are sent, the one that is gone is told of, with status 3."""
    (run.home / "second.jsonl").write_bytes(log(record(event="open")))

    def script(_number: int, _request: Request) -> bytes:
        (run.home / "second.jsonl").unlink(missing_ok=True)
        return OK

    with serve(script) as server:
        done = run("replay", "--to", server.url, "log.jsonl", "second.jsonl")
        assert sorted(server.bodies()) == sorted(source.read_bytes().splitlines())
    assert done.status == 3
    assert "error: second.jsonl: no such file or directory" in done.stderr


def test_more_logs_than_files_may_be_open(run: Program) -> None:
    """A directory of logs is read one by one."""
    (run.home / "logs").mkdir()
    for n in range(100):
        (run.home / "logs" / f"{n}.jsonl").write_bytes(log(record(bulkId=str(n))))
    limited = replace(run, argv=("bash", "-c", 'ulimit -n 64; exec "$0" "$@"', *run.argv))
    with serve() as server:
        done = limited("replay", "--to", server.url, "--journal", "j", "logs")
        assert (done.status, len(server.bodies())) == (0, 100)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.usefixtures("source")
def test_what_an_interrupted_run_says(run: Program, number: signal.Signals) -> None:
    """Without a journal it does not promise to go on, and the file of what failed is said not to be all."""
    first = threading.Event()

    def script(_number: int, _request: Request) -> bytes:
        first.set()
        return status(400)

    with serve(script) as server:
        options = ("--no-journal", "--rate", "5", "--failed", "rest.jsonl", "--json")
        process = run.start("replay", "--to", server.url, *options, "log.jsonl")
        assert first.wait(LIMIT)
        process.send_signal(number)
        out, stderr = process.communicate(timeout=LIMIT)
    found = json.loads(out)["replay"]
    assert process.returncode == 130
    assert found["selected"] == found["failed"] + found["unsent"]
    assert len((run.home / "rest.jsonl").read_bytes().splitlines()) == found["failed"]
    assert b"note: no journal was kept: another run would send everything again" in stderr
    assert b"note: rest.jsonl has what failed, not what this run never got to" in stderr
