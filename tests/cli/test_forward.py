"""`ses-events listen --forward-to`: what is stored is sent on, by the real programs."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journals import commit_time, content, delivered
from tests.replay.servers import Server, serve

from .running import LIMIT, Listener, callback, run

SECRET = "hush-hush-hush-hush"


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
    """Logs are rotated and packed while they are forwarded, and by a listener that forwards nothing."""
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
        seen: set[float] = set()
        until(lambda: len(seen.__ior__(set(map(commit_time, journals(tmp_path))))) > 3)
        with serve(port=port) as server:
            arrived(server, sent)
            for lane in (0, 1):
                assert [body for body in server.bodies() if body in sent[lane::2]] == sent[lane::2]


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
        until(lambda: sum(map(delivered, journals(tmp_path))) == 5)
        os.kill(forwarder, signal.SIGKILL)
        listener.until(r"error: forwarding ended with status -9 and starts again in \d+ s")
        assert listener.post(*bodies(5, 8)) == [200] * 3
        arrived(server, bodies(0, 8))


def journals(home: Path) -> list[Path]:
    """The journals of all forwarders."""
    return list(home.rglob("*.replay-*.db"))


@pytest.mark.parametrize("url", ["http://203.0.113.7/", "ftp://x/", "nothing"])
def test_where_nothing_may_be_sent_nothing_is_received(tmp_path: Path, url: str) -> None:
    """A public host without a yes, and what is no URL, is status 2 before anything is opened."""
    status, _, stderr = run(tmp_path, "listen", "--port", "0", "--forward-to", url)
    assert status == 2
    assert "Traceback" not in stderr
    assert not (tmp_path / "data").exists()
