"""`listen` as users run it: real processes, real sockets, and what the other commands make of its log."""

import io
import json
import signal
import socket
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from ses_cli.callback import Callback
from ses_cli.capture.server_events import Note, ReceiverFailure, Refused, Rejected, ServerEvent, Stored
from ses_cli.cli.listen.lines import TextLines
from ses_cli.cli.listen.output import EventPrinter

from .running import ROOT, Listener, Running, callback, run

TOKEN = "b51d0af4c7e2"
OFFICIAL = (ROOT / "examples" / "official.jsonl").read_bytes()


def test_from_the_socket_to_the_report(tmp_path: Path) -> None:
    """The official samples, posted with curl, are found by the other commands without being told where."""
    with Listener(tmp_path) as listener:
        assert [listener.curl(line) for line in OFFICIAL.splitlines()] == [200] * 3
        status, out, _ = run(tmp_path, "summarize", "--json")  # while it runs
        assert (status, json.loads(out)["records"]["valid"]) == (0, 3)
        assert listener.stop() == 0
    assert (tmp_path / "data" / "ses-events" / "callbacks.jsonl").read_bytes() == OFFICIAL
    assert json.loads(run(tmp_path, "summarize", "--json")[1])["events"]["bounce"] == 2
    assert run(tmp_path, "bounces", "--hard", "-f", "plain") == (0, "example@example.com\n", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_totals(tmp_path: Path, number: signal.Signals) -> None:
    """Status 0, and one line that says what was done."""
    with Listener(tmp_path) as listener:
        assert listener.post(callback(1), callback(2, event="open"), b"{}", target="/") == [200, 200, 200]
        assert listener.post(callback(3), target="/elsewhere") == [404]
        assert listener.stop(number) == 0
    last = listener.seen.decode().splitlines()[-1]
    assert last == ("stopped: 2 stored (1 delivered, 1 open); 1 invalid, in the rejects file; refused: 1 with 404")


def test_the_start_says_what_to_do(tmp_path: Path) -> None:
    """Where it listens, where it writes, what belongs into the console, and what to think of."""
    with Listener(tmp_path, "--log", "log.jsonl", "--path", "/hook") as listener:
        listener.stop()
    text = listener.seen.decode()
    assert f"listening on http://127.0.0.1:{listener.port}/hook\n" in text
    assert "writing to log.jsonl\n" in text
    assert f"callback address for Tencent's console: http://YOUR-HOST:{listener.port}/hook\n" in text
    assert "note: 127.0.0.1 can be reached from this machine only" in text
    assert "note: Tencent posts to the ports 8080, 8081 and 8082 only" in text


def test_the_token_opens_and_is_never_shown(tmp_path: Path) -> None:
    """In the query or as the last part of the path it opens; whatever happens, it is in no output and no file."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    for given in (("--token-file", "token"), ()):
        changes = {} if given else {"SES_EVENTS_TOKEN": TOKEN}
        with Listener(tmp_path, "--path", "/in", *given, **changes) as listener:
            assert "/in?token=***\n" in listener.seen.decode()
            for target, status in [
                (f"/in?token={TOKEN}", 200),
                (f"/in/{TOKEN}", 200),
                (f"/in/{TOKEN}?x=1", 200),
                ("/in", 404),
                (f"/in?token={TOKEN}x", 404),
                (f"/{TOKEN}", 404),
            ]:
                assert (target, listener.curl(callback(1), target)) == (target, status)
            assert listener.curl(b"no json", f"/in/{TOKEN}") == 200
            assert listener.stop() == 0
        assert TOKEN not in listener.seen.decode()
    for file in (tmp_path / "data" / "ses-events").iterdir():
        assert TOKEN not in file.read_text()


def test_nobody_else_reads_what_is_captured(tmp_path: Path) -> None:
    """The directory is made for its owner alone, and no file in it is for everyone."""
    with Listener(tmp_path) as listener:
        listener.post(callback(1), b"no json")
        listener.stop()
    folder = tmp_path / "data" / "ses-events"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list(folder.iterdir())
    assert {"callbacks.jsonl", "callbacks.rejects.jsonl"} < {file.name for file in files}
    assert all(file.stat().st_mode & 0o007 == 0 for file in files)


def test_one_log_has_one_writer(tmp_path: Path) -> None:
    """A second one is told who writes already, and the first goes on."""
    with Listener(tmp_path, "--log", "log.jsonl") as listener:
        status, _, said = run(tmp_path, "listen", "--port", "0", "--log", "log.jsonl")
        assert status == 3
        assert f"log.jsonl is being written by process {listener.process.pid}\nhint: " in said
        status, _, said = run(tmp_path, "listen", "--port", str(listener.port), "--log", "other.jsonl")
        assert status == 3
        assert said.startswith(f"error: cannot listen on 127.0.0.1:{listener.port}: Address already in use\nhint: ")
        assert listener.post(callback(1)) == [200]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--log", "no/log.jsonl"], 3, "no: no such directory"),
        (["--token-file", "no"], 2, "no: no such file or directory"),
        (["--token-file", "odd"], 2, "odd: the token holds more than letters, digits"),
        (["--token-file", "empty"], 2, "empty: the token is empty"),
        (["--tls-key", "empty"], 2, "--tls-key needs --tls-cert"),
        (["--tls-cert", "no"], 2, "no: no such file"),
        (["--tls-cert", "odd"], 2, "certificate odd: no certificate, or no key for it, in PEM form"),
        (["--allow", "10.0.0.0/99"], 2, 'invalid network: "10.0.0.0/99"'),
        (["--path", "in"], 2, '--path: expected a path such as /callbacks, got "in"'),
        (["--keep", "3"], 2, "--compress and --keep need --rotate"),
        (["--rotate", "1M", "--rotate", "2M"], 2, "--rotate: expected one size"),
        (["--rotate", "weekly"], 2, "--rotate: expected a size such as"),
        (["--max-connections", "999999999"], 2, "the system allows"),
        (["--host", "203.0.113.1"], 3, "this machine does not have that address"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, arguments: list[str], status: int, said: str) -> None:
    """A wrong option ends it at once with a message, a secret is not shown, and no log is begun."""
    (tmp_path / "odd").write_text("s3cret/+")
    (tmp_path / "empty").touch()
    got, out, text = run(tmp_path, "listen", "--port", "0", *arguments)
    assert (got, out) == (status, "")
    assert said in text
    assert "Traceback" not in text
    assert "s3cret" not in text
    assert not (tmp_path / "data" / "ses-events" / "callbacks.jsonl").exists()


def test_listen_and_validate_agree(tmp_path: Path) -> None:
    """Of the lines of the broken example, those are stored that the reading commands count, and none is lost."""
    text = (ROOT / "examples" / "broken.jsonl").read_bytes()
    lines = [line for line in text.split(b"\n") if not line.startswith(b"[")]  # arrays are taken apart
    with Listener(tmp_path, "--log", "log.jsonl") as listener:
        assert set(listener.post(*lines)) == {200}
        listener.stop()
    (tmp_path / "lines.jsonl").write_bytes(b"\n".join(lines))
    expected = json.loads(run(tmp_path, "validate", "--json", "--quiet", "lines.jsonl")[1])["records"]
    got = json.loads(run(tmp_path, "validate", "--json", "--quiet", "log.jsonl")[1])["records"]
    assert (got["valid"], got["invalid"]) == (expected["valid"], 0)
    rejects = [json.loads(line) for line in (tmp_path / "log.rejects.jsonl").read_bytes().splitlines()]
    assert len(rejects) == len(lines) - expected["valid"]
    assert all(reject["problems"] for reject in rejects)


def test_bodies_that_come_at_once_are_validated_each(tmp_path: Path) -> None:
    """Valid, invalid, empty and array bodies side by side are answered each for itself."""
    kinds = [(callback(1), 200), (b"{}", 400), (b"", 400), (b"[" + callback(2) + b"," + callback(3) + b"]", 200)]
    kinds += [(b"[" + callback(4) + b",7]", 400), (b"{\n}", 400), (b'{"a":[', 400), (b"]}", 400)]
    with Listener(tmp_path, "--log", "log.jsonl", "--reject-invalid") as listener:
        bodies = [kinds[n % len(kinds)] for n in range(400)]
        with ThreadPoolExecutor(16) as pool:
            got = pool.map(lambda part: listener.post(*[body for body, _ in part]), [bodies[n::16] for n in range(16)])
            assert list(got) == [[status for _, status in bodies[n::16]] for n in range(16)]
        assert listener.stop() == 0
    lines = (tmp_path / "log.jsonl").read_bytes().splitlines()
    assert sorted(lines) == sorted([callback(n) for n in (1, 2, 3, 4)] * 50)


def test_a_body_of_the_limit_is_read_back(tmp_path: Path) -> None:
    """The largest callback that is stored is not too long for the commands that read."""
    body = callback(1, reason="")
    body = body.replace(b'"reason": ""', b'"reason": "' + b"x" * ((1 << 20) - len(body)) + b'"')
    assert len(body) == 1 << 20
    with Listener(tmp_path, "--log", "log.jsonl") as listener:
        assert listener.post(body) == [200]
        assert listener.post(body + b" ") == [413]
        listener.stop()
    assert json.loads(run(tmp_path, "summarize", "--json", "log.jsonl")[1])["records"]["valid"] == 1


def test_rotation_keeps_every_line(tmp_path: Path) -> None:
    """With a small size, logs are rotated and compressed, and together they hold all that was posted."""
    (tmp_path / "logs").mkdir()
    rotate = ["--rotate", "2K", "--rotate", "daily", "--compress", "zstd"]
    with Listener(tmp_path, "--log", "logs/log.jsonl", *rotate) as listener:
        assert set(listener.post(*map(callback, range(100)))) == {200}
        listener.until("note: compressed ")
        assert listener.stop() == 0
    assert list((tmp_path / "logs").glob("log-*.jsonl.zst"))
    report = json.loads(run(tmp_path, "summarize", "--json", "--dedupe", "logs")[1])
    assert (report["records"]["counted"], report["records"]["duplicates"]) == (100, 0)


def test_a_terminal_shows_what_comes(tmp_path: Path) -> None:
    """Time, type, recipient and reason of each, harmless whatever they hold, and the totals below."""
    with Listener(tmp_path, see="terminal") as listener:
        listener.until("0 stored")
        odd = callback(1, event="bounce", bounceType="hard_bounce", reason="550 \x1b[2Jgone\r\nfor " + "ever" * 40)
        assert listener.post(odd, b'{"event":"\x1b[2J"}') == [200, 200]
        assert listener.curl(callback(2), "/no") == 404
        listener.until("refused.*refused: 1 with 404")
        assert listener.stop(signal.SIGINT) == 0
    text = listener.seen.decode()
    line = next(line for line in text.splitlines() if "user1@example.com" in line)
    assert "\x1b[31mbounce\x1b[0m" in line
    assert "hard_bounce  550 ␛[2Jgone␍␊for ever" in line
    assert line.endswith("…")
    assert "\x1b[2J" not in text
    last = "stopped: 1 stored (1 bounce); 1 invalid, in the rejects file; refused: 1 with 404"
    assert text.removesuffix("\x1b[J").endswith(f"{last}\r\n")


def test_a_terminal_that_stands_still_stops_nothing(tmp_path: Path) -> None:
    """While nobody reads the terminal, callbacks are stored and answered as ever."""
    with Listener(tmp_path, see="terminal") as listener:
        bodies = [callback(number, reason="x" * 60) for number in range(300)]
        assert set(listener.post(*bodies)) == {200}
        listener.until("300 stored")
        assert listener.stop() == 0


def test_a_closed_terminal_ends_it(tmp_path: Path) -> None:
    """When its window is closed, it ends in order, and does not stay behind."""
    with Listener(tmp_path, "--log", "log.jsonl", see="terminal") as listener:
        listener.hang_up()
        assert listener.post(callback(1)) == [200]
        assert listener.process.wait(20) in (0, -signal.SIGTERM)
    assert (tmp_path / "log.jsonl").read_bytes() == callback(1) + b"\n"


def test_it_outlives_those_who_listen_to_it(tmp_path: Path) -> None:
    """A pipe that nobody reads any more is no reason to stop."""
    with Listener(tmp_path) as listener:
        listener.hang_up()
        assert listener.post(callback(1), b"no json") == [200, 200]
        listener.process.terminate()
        assert listener.process.wait(20) == 0


def test_quiet(tmp_path: Path) -> None:
    """With --quiet nothing is said, on a terminal neither."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Running(tmp_path, "listen", "-q", "--port", str(port), see="terminal") as running:
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
                    assert answer.status == 200
                break
            except URLError:  # it has not begun to listen
                assert running.process.poll() is None
        assert running.stop() == 0
    assert running.seen == b""


def test_off_a_terminal_there_is_a_line_a_period() -> None:
    """It tells what came since the last one and in all; a period in which nothing came is passed over."""
    stored = Stored(0.0, Callback(event="open", email="", bulk_id="", timestamp=1))
    news: list[tuple[list[ServerEvent], bytes]] = [
        ([stored, stored], b"2 stored (2 open); 2 in all\n"),
        ([Rejected(0.0, [])], b"0 stored; 1 invalid, in the rejects file; 2 in all\n"),
        ([stored, Refused(0.0, 404, "", "")], b"1 stored (1 open); refused: 1 with 404; 3 in all\n"),
    ]
    for period, is_told in ((0.0, True), (60.0, False)):
        out = io.BytesIO()
        with EventPrinter(out, TextLines(lambda _: []), period=period) as printer:
            for events, line in news:
                before = len(out.getvalue())
                for event in events:
                    printer(event)
                while is_told and len(out.getvalue()) == before:
                    time.sleep(0.01)
                assert out.getvalue()[before:] == (line if is_told else b"")


def test_notes_and_trouble_are_told_at_once() -> None:
    """Whatever the mode; only trouble, when quiet. What they hold cannot drive a terminal."""
    for quiet, expected in ((False, "note: a\nerror: b␛[2J\n"), (True, "error: b␛[2J\n")):
        out = io.BytesIO()
        with EventPrinter(out, TextLines(lambda _: []), quiet) as printer:
            printer(Note("a"))
            printer(ReceiverFailure("b\x1b[2J"))
        assert out.getvalue().decode() == expected
