"""`ses-events listen --forward-to`: what is stored is sent on, by the real programs."""

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journals import content, delivered
from tests.replay.servers import Server, serve

from .running import LIMIT, ROOT, Listener, callback, run

SECRET = "hush-hush-hush-hush"
DOWN = r"error: forwarding: (?P<waiting>\d+) waiting since \S+ \S+, retrying (?P<when>[^(]+) \(connection refused\)\n"
CRASH = """
import os, sys
if "--follow" in sys.orig_argv and os.path.exists(os.environ["CRASH"]):
    print("Traceback (most recent call last):", "MemoryError: all gone", sep="\\n", file=sys.stderr, flush=True)
    os._exit(1)
"""


def until(is_so: Callable[[], bool]) -> None:
    """Waits for something that must come."""
    end = time.monotonic() + LIMIT
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def forwarders(parent: int) -> list[int]:
    """The processes that forward for a listener, by what they were started with."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--parent" in words and words[words.index(b"--parent") + 1] == str(parent).encode():
            assert SECRET.encode() not in b"".join(words)
            found.append(int(path.parent.name))
    return found


def bodies(begin: int, end: int) -> list[bytes]:
    """Different callbacks."""
    return [callback(n) for n in range(begin, end)]


def arrived(server: Server, wanted: list[bytes]) -> None:
    """Waits for these, each once."""
    until(lambda: set(server.bodies()) >= set(wanted))
    assert sorted(server.bodies()) == sorted(wanted)


def test_what_is_stored_is_sent_on(tmp_path: Path) -> None:
    """Everything arrives, byte for byte, the URL's secret is shown to nobody, and SIGTERM ends both processes."""
    with serve() as server, Listener(tmp_path, "--forward-to", f"{server.url}?token={SECRET}") as listener:
        listener.post(*bodies(0, 20))
        arrived(server, bodies(0, 20))
        assert {request.start for request in server.requests} == {f"POST /callback?token={SECRET} HTTP/1.1"}
        listener.post(*bodies(20, 25))
        arrived(server, bodies(0, 25))
        pid = listener.process.pid
        assert len(forwarders(pid)) == 1
        assert listener.stop() == 0
        assert not forwarders(pid)
        (journal,) = (tmp_path / "data").rglob("*.replay-*")
        assert SECRET.encode() not in content(journal) + listener.seen
        assert f"forwarding what is stored to {server.url}?token=***\n" in listener.seen.decode()
        assert listener.seen.decode().endswith("25 stored (25 delivered)\nforwarding: 25 forwarded\n")


def test_the_url_is_in_no_process_list_where_the_environment_has_it(tmp_path: Path) -> None:
    """Neither the receiver nor its forwarder shows it; and a file beside them is taken for no library of theirs."""
    (tmp_path / "secrets.py").write_text("raise SystemExit('taken for a library')")
    with serve() as server:
        url = f"{server.url}?token={SECRET}"
        with Listener(tmp_path, "--log", "log.jsonl", SES_EVENTS_FORWARD_TO=url) as listener:
            listener.post(*bodies(0, 3))
            arrived(server, bodies(0, 3))
            seen = {path: path.read_bytes() for path in map(_cmdline, forwarders(listener.process.pid))}
            seen[_cmdline(listener.process.pid)] = _cmdline(listener.process.pid).read_bytes()
            assert len(seen) == 2
            assert SECRET.encode() not in b"".join(seen.values())


def _cmdline(pid: int) -> Path:
    return Path(f"/proc/{pid}/cmdline")


def test_a_rotation_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Logs are rotated and compressed while they are forwarded, and by a listener that forwards nothing."""
    keeping = ("--log", "log.jsonl", "--rotate", "2k", "--compress", "gzip")
    with serve() as server:
        with Listener(tmp_path, *keeping, "--forward-to", server.url) as listener:
            listener.post(*bodies(0, 40))
            arrived(server, bodies(0, 40))
            assert listener.stop() == 0
        with Listener(tmp_path, *keeping) as listener:
            listener.post(*bodies(40, 80))
            assert listener.stop() == 0
        assert list(tmp_path.glob("log-*.jsonl*"))
        with Listener(tmp_path, *keeping, "--forward-to", server.url) as listener:
            listener.post(*bodies(80, 90))
            arrived(server, bodies(0, 90))
            assert listener.stop() == 0


def test_a_handler_that_is_down_gets_all_when_it_is_back(tmp_path: Path) -> None:
    """Callbacks are answered while the handler refuses connections, and reach it in order once it listens."""
    with serve() as server:
        port = server.port
    with Listener(tmp_path, "--forward-to", f"http://127.0.0.1:{port}/") as listener:
        sent = [
            callback(n, bulkId=f"b-{n % 2}", email="a@example.com", reason=str(n)) for n in range(12)
        ]  # two messages, in turn
        assert listener.post(*sent) == [200] * 12
        said = listener.until(DOWN)
        assert said["waiting"] == "12"
        assert re.fullmatch(r"in \d+ s|now", said["when"])
        with serve(port=port) as server:
            arrived(server, sent)
            for lane in (0, 1):
                assert [body for body in server.bodies() if body in sent[lane::2]] == sent[lane::2]
            listener.until(r"note: forwarding: the handler is accepting callbacks again, \d+ waiting\n")
    assert listener.seen.count(b"waiting since") == 1


def test_killed_and_started_again(tmp_path: Path) -> None:
    """After SIGKILL the forwarder is gone as well, and the next listener sends on what is left."""
    with serve() as server:
        with Listener(tmp_path, "--forward-to", server.url) as listener:
            listener.post(*bodies(0, 5))
            arrived(server, bodies(0, 5))
            pid = listener.process.pid
            os.kill(pid, signal.SIGKILL)
            until(lambda: not forwarders(pid))
        with Listener(tmp_path, "--forward-to", server.url) as listener:
            listener.post(*bodies(5, 8))
            arrived(server, bodies(0, 8))


def test_a_forwarder_that_dies_is_started_again(tmp_path: Path) -> None:
    """It is said, receiving goes on, and nothing is lost or doubled."""
    with serve() as server, Listener(tmp_path, "--forward-to", server.url) as listener:
        listener.post(*bodies(0, 5))
        arrived(server, bodies(0, 5))
        (forwarder,) = forwarders(listener.process.pid)
        until(lambda: done(tmp_path) == 5)
        os.kill(forwarder, signal.SIGKILL)
        listener.until(r"error: forwarding was killed by SIGKILL; restarting in \d+ s")
        assert listener.post(*bodies(5, 8)) == [200] * 3
        arrived(server, bodies(0, 8))
        until(lambda: done(tmp_path) == 8)
        assert listener.stop() == 0


def test_a_crash_is_told_as_itself(tmp_path: Path) -> None:
    """Whatever its status: it is no verdict. What went wrong is said, and it is started again until it works."""
    (tmp_path / "sitecustomize.py").write_text(CRASH)
    crash = tmp_path / "crash"
    crash.touch()
    path = f"{tmp_path}:{ROOT}"
    with (
        serve() as server,
        Listener(tmp_path, "--forward-to", server.url, PYTHONPATH=path, CRASH=str(crash)) as listener,
    ):
        assert listener.post(*bodies(0, 3)) == [200] * 3
        listener.until(r"error: forwarding crashed with status 1: MemoryError: all gone; restarting in 1 s\n")
        assert not server.bodies()
        crash.unlink()
        arrived(server, bodies(0, 3))


@pytest.mark.parametrize("compression", [(), ("--compress", "gzip")])
def test_what_was_rotated_before_forwarding_began_is_sent(tmp_path: Path, compression: tuple[str, ...]) -> None:
    """The process that forwards never began; the next listener's begins with the log that was written to then."""
    (tmp_path / "sitecustomize.py").write_text(CRASH)
    crash = tmp_path / "crash"
    crash.touch()
    path = f"{tmp_path}:{ROOT}"
    with serve() as server:
        keeping = ("--log", "log.jsonl", "--rotate", "500", *compression)
        with Listener(tmp_path, *keeping) as listener:
            listener.post(*bodies(0, 9))  # before forwarding was asked for
            assert listener.stop() == 0
        forwarding = (*keeping, "--forward-to", server.url)
        with Listener(tmp_path, *forwarding, PYTHONPATH=path, CRASH=str(crash)) as listener:
            listener.post(*bodies(9, 30))
            listener.until(r"error: forwarding crashed")
            assert listener.stop() == 0
        written = b"".join(file.read_bytes() for file in (tmp_path / "log.jsonl", *tmp_path.glob("*.begin")))
        assert len(list(tmp_path.glob("log-*"))) > 2
        assert not server.bodies()
        crash.unlink()
        with Listener(tmp_path, *forwarding) as listener:
            until(lambda: set(server.bodies()) >= set(bodies(9, 30)))
            until(lambda: not list(tmp_path.glob("*.begin")))
            assert listener.stop() == 0
        assert set(server.bodies()) - set(bodies(9, 30)) <= set(written.splitlines())
        assert len(server.bodies()) == len(set(server.bodies()))


@pytest.mark.parametrize("columns", [80, 160])
def test_a_terminal_shows_what_waits(tmp_path: Path, columns: int) -> None:
    """Below the totals stands how forwarding goes; in a narrow terminal too nothing of it is cut off or left behind."""
    with serve() as server:
        port = server.port
    listening = ("--forward-to", f"http://127.0.0.1:{port}/")
    with Listener(tmp_path, *listening, see="terminal") as listener:
        listener.resize(columns)
        listener.post(*bodies(0, 3))
        listener.until(
            r"3 stored \(3 delivered\)\S*\s+forwarding: 3 waiting since [^\n]*retrying in \d+ s \(connection refused\)"
        )
        with serve(port=port) as server:
            arrived(server, bodies(0, 3))
            listener.until(r"3 stored \(3 delivered\)\S*\s+forwarding: 3 forwarded")
            assert listener.stop(signal.SIGINT) == 0
        screen = shown(listener.seen, columns)
    assert screen[-2:] == ["stopped: 3 stored (3 delivered)", "forwarding: 3 forwarded"]
    assert len([line for line in screen if "retrying" in line]) == 1  # the error; the picture was overwritten


def shown(data: bytes, columns: int) -> list[str]:
    """What stands on a terminal after all that was written to it, as far as it did not scroll."""
    rows, row, column = [""], 0, 0
    for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|.", data.decode(), re.DOTALL):
        if match := re.fullmatch(r"\x1b\[(\d*)([AJK])", token):
            if match[2] == "A":
                row = max(row - int(match[1] or 1), 0)
            else:
                rows[row] = rows[row][:column]
                rows = rows[: row + 1] if match[2] == "J" else rows
        elif token == "\r":
            column = 0
        elif token == "\n":
            row += 1
        elif not token.startswith("\x1b"):
            if column == columns:
                row, column = row + 1, 0
            rows += [""] * (row + 1 - len(rows))
            rows[row] = rows[row][:column].ljust(column) + token + rows[row][column + 1 :]
            column += 1
        rows += [""] * (row + 1 - len(rows))
    return [line for line in rows if line]


def done(home: Path) -> int:
    """How many callbacks the journal has as delivered."""
    return sum(map(delivered, home.rglob("*.replay-*.db")))


@pytest.mark.parametrize("url", ["http://203.0.113.7/", "ftp://x/", "nothing"])
def test_where_nothing_may_be_sent_nothing_is_received(tmp_path: Path, url: str) -> None:
    """A public host without a yes, and what is no URL, is status 2 before anything is opened."""
    status, _, stderr = run(tmp_path, "listen", "--port", "0", "--forward-to", url)
    assert status == 2
    assert "Traceback" not in stderr
    assert not (tmp_path / "data").exists()
