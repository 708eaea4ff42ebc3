"""The real program under test: traced, spoken to, watched until a deadline."""

import contextlib
import http.server
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.forking import Child
from tests.faults.others import Change, Others
from tests.faults.tracing import Fault, command

PROGRAM = shlex.split(os.environ.get("SES_EVENTS_PROGRAM", "")) or [sys.executable, "-P", "-m", "ses_cli"]
_TREE = str(Path(__file__).parents[2])
_given = threading.Lock()  # whoever has a target at a port that was given
DEADLINE = 90.0  # seconds: what takes longer hangs
_DROPPED = ("SES_EVENTS_", "PYTHONDONTWRITEBYTECODE", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "PYTHONPATH")


@dataclass
class Ended:
    """How one run of the program ended."""

    status: int  # negative: by a signal
    out: bytes
    said: str
    hung: bool


@dataclass
class Seen:
    """What the world outside has seen of a scenario, which the judge holds against the files."""

    answers: dict[str, int] = field(default_factory=dict)  # what was posted -> its status, 0 where none came
    arrivals: list[str] = field(default_factory=list)  # callbacks that the target got, in order
    runs: list[Ended] = field(default_factory=list)
    port: int = 0  # of the target


class Target:
    """A handler that takes everything, and remembers it."""

    def __init__(self, seen: Seen, refused: Collection[str], port: int) -> None:
        lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                one = name_of(body)
                with lock:
                    seen.arrivals.append(one)
                self.send_response(404 if one in refused else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle()

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/"

    def close(self) -> None:
        """No more."""
        self._server.shutdown()
        self._server.server_close()


def name_of(body: bytes) -> str:
    """The bulkId of a callback, without reading it as a program would."""
    found = re.search(rb'"bulkId": ?"([^"]*)"', body)
    return found[1].decode() if found else ""


class Process:
    """A run that is watched: its narration is read as it comes, and it ends by the deadline."""

    def __init__(self, home: Path, arguments: tuple[str, ...], trace: list[str], is_forked: bool) -> None:
        self._said: list[str] = []
        self._news = threading.Condition()
        self._out: list[bytes] = []
        self._is_out = False  # all of it has come
        self.is_traced = bool(trace)
        self.process: subprocess.Popen[bytes] | Child = (
            Child(arguments, home, environment(home))
            if is_forked
            else subprocess.Popen(
                [*trace, *PROGRAM, *arguments],
                env=environment(home),
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        )
        self._readers = [threading.Thread(target=one, daemon=True) for one in (self._listen, self._collect)]
        for reader in self._readers:
            reader.start()
        self.hung = False

    def _listen(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            with self._news:
                self._said.append(line.decode(errors="replace"))
                self._news.notify_all()
        with self._news:
            self._said.append("")
            self._news.notify_all()

    def _collect(self) -> None:
        assert self.process.stdout
        descriptor = self.process.stdout.fileno()
        while chunk := os.read(descriptor, 1 << 16):
            with self._news:
                self._out.append(chunk)
                self._news.notify_all()
        self._is_out = True
        with self._news:
            self._news.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def until(self, pattern: str, seconds: float = DEADLINE) -> re.Match[str] | None:
        """Waits until its narration matches; nothing where it ended, or that took too long."""
        end = time.monotonic() + seconds
        with self._news:
            while True:
                text = "".join(self._said)
                if found := re.search(pattern, text):
                    return found
                left = end - time.monotonic()
                if left <= 0 or (self._said and not self._said[-1]):
                    return None
                self._news.wait(left)

    def until_out(self, text: bytes, seconds: float) -> bool:
        """Waits until its output has a text; false where it ended, or that took too long."""
        end = time.monotonic() + seconds
        with self._news:
            while text not in b"".join(self._out):
                left = end - time.monotonic()
                if self._is_out or left <= 0:
                    return False
                self._news.wait(left)
        return True

    def signal(self, number: signal.Signals) -> None:
        """To the program itself, not to what traces it."""
        with contextlib.suppress(OSError, IndexError):
            os.kill(self._pid(), number)

    def _pid(self) -> int:
        if not self.is_traced:
            return self.process.pid
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def wait(self, seconds: float = DEADLINE) -> Ended:
        """Its end; one that has not come by then is forced."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.hung = True
            status = -9
        self.kill()
        for reader in self._readers:
            reader.join(5)
        return Ended(status, b"".join(self._out), "".join(self._said), self.hung)

    def kill(self) -> None:
        """Ends whatever is left of it, its children too."""
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def environment(home: Path) -> dict[str, str]:
    """UTC, and all that is private to the run below `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
    if "SES_EVENTS_PROGRAM" not in os.environ:
        kept["PYTHONPATH"] = _TREE
    own = {"XDG_DATA_HOME": f"{home}/xdg", "XDG_CONFIG_HOME": f"{home}/xdg", "TMPDIR": f"{home}/tmp", "TZ": "UTC"}
    return {**kept, **own, "PYTHONHASHSEED": "0", "SES_EVENTS_LOG": ""}


@dataclass
class Run:
    """One play of a scenario in a directory of its own. The first start of the program is the one that is traced."""

    home: Path
    record: Path | None = None  # where the trace goes; nothing is traced without
    fault: Fault | None = None
    limit: int | None = None  # bytes that no file may exceed, as where a disk is full
    seen: Seen = field(default_factory=Seen)
    target: Target | None = None
    is_forked: bool = False  # the program starts from a process that has imported it
    changes: list[Change] = field(default_factory=list)  # what others did
    _closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def start(self, *arguments: str | Path) -> Process:
        """Starts the program."""
        record, self.record = self.record, None
        trace = command(record, self.fault, []) if record else []
        if self.limit is not None:
            trace = ["prlimit", f"--fsize={self.limit}:", *trace]
            self.limit = None
        process = Process(self.home, tuple(map(str, arguments)), trace, self.is_forked)
        process.is_traced = record is not None
        return process

    def go(self, *arguments: str | Path) -> Ended:
        """Runs the program to its end."""
        return self.end(self.start(*arguments))

    def end(self, process: Process) -> Ended:
        """Waits for the end of a run, and remembers how it was."""
        ended = process.wait()
        self.seen.runs.append(ended)
        return ended

    @property
    def others(self) -> Others:
        """Those who write and rename the logs."""
        return Others(self.home, self.changes)

    def serve(self, refused: Collection[str], port: int = 0) -> None:
        """Has a target from now on, which refuses some callbacks for good. A given port has one run at a time."""
        if port:
            _given.acquire()
            self._closing.callback(_given.release)
        self.target = Target(self.seen, refused, port)
        self.seen.port = self.target.port
        self._closing.callback(self.target.close)

    @property
    def port(self) -> str:
        """The port of the target."""
        return f"-{self.target.port}." if self.target else "no target"

    def close(self) -> None:
        """All is over."""
        self._closing.close()


def get(port: int, count: int) -> None:
    """So many requests that nothing comes of, on one connection."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        for _ in range(count):
            client.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            if not client.recv(4096):
                return


def post(port: int, body: bytes) -> int:
    """The status that a body earns on a connection of its own; 0 where it got no answer."""
    head = f"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(head + body)
            got = b""
            while b"\r\n\r\n" not in got and (more := client.recv(4096)):
                got += more
    except OSError:
        return 0
    found = re.match(rb"HTTP/1\.1 (\d+)", got)
    return int(found[1]) if found else 0
