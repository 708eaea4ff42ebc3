"""The real program while it runs: on pipes, or on a terminal of its own."""

import fcntl
import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
PROGRAM = shlex.split(os.environ.get("SES_EVENTS_PROGRAM", "")) or [sys.executable, "-m", "ses_cli"]
LIMIT = 20.0  # seconds: what takes longer has failed
_OURS = ("SES_EVENTS_LOG", "SES_EVENTS_TOKEN", "SES_EVENTS_TO", "SES_EVENTS_FORWARD_TO")
_DROPPED = (*_OURS, "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")


def environment(home: Path, **changes: str) -> dict[str, str]:
    """UTC, and a data directory of its own."""
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    if "SES_EVENTS_PROGRAM" not in os.environ:
        kept["PYTHONPATH"] = str(ROOT)
    homes = {"XDG_DATA_HOME": str(home / "data"), "XDG_CONFIG_HOME": str(home / "config")}
    return {**kept, "TZ": "UTC", "TERM": "xterm", **homes, **changes}


def run(home: Path, *arguments: str | Path, **changes: str) -> tuple[int, str, str]:
    """The status, output and narration of a run."""
    done = subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        env=environment(home, **changes),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Running:
    """A process, and all it has written to where we look: its narration, its output, or its terminal."""

    def __init__(self, home: Path, *arguments: str | Path, see: str = "stderr", **changes: str) -> None:
        ours, theirs = pty.openpty() if see == "terminal" else os.pipe()
        if see == "terminal":
            _resize(theirs, 80)
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            env=environment(home, **changes),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=theirs if see != "stderr" else subprocess.DEVNULL,
            stderr=theirs if see != "stdout" else subprocess.DEVNULL,
        )
        os.close(theirs)
        self._ours = ours
        self.seen = b""

    def read(self) -> bool:
        """Reads what there is, waiting for it; false at the end."""
        if not select.select([self._ours], [], [], LIMIT)[0]:
            raise AssertionError(f"nothing more came after {self.seen!r}")
        try:
            more = os.read(self._ours, 65536)
        except OSError:  # a terminal's end
            more = b""
        self.seen += more
        return bool(more)

    def until(self, pattern: str) -> "re.Match[str]":
        """Waits until what was written matches."""
        deadline = time.monotonic() + LIMIT
        while not (found := re.search(pattern, self.seen.decode(errors="replace"), re.DOTALL)):
            assert self.read(), f"no {pattern} in {self.seen!r}"
            assert time.monotonic() < deadline, f"no {pattern} in {self.seen!r}"
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends it, and returns the status."""
        self.process.send_signal(number)
        while self.read():
            pass
        return self.process.wait(LIMIT)

    def resize(self, columns: int) -> None:
        """Makes its terminal this wide."""
        _resize(self._ours, columns)

    def hang_up(self) -> None:
        """Looks no more."""
        os.close(self._ours)
        self._ours = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.kill()
        self.process.wait(LIMIT)
        if self._ours >= 0:
            os.close(self._ours)


def _resize(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


class Listener(Running):
    """A running `listen` on a free port."""

    def __init__(self, home: Path, *arguments: str | Path, see: str = "stderr", **changes: str) -> None:
        super().__init__(home, "listen", "--port", "0", *arguments, see=see, **changes)
        is_json = "--log-format" in arguments
        said = r'"port": (\d+).*?\n' if is_json else r"listening on \w+://[^/]*?:(\d+)/.*?\n"
        self.port = int(self.until(said)[1])

    def post(self, *bodies: bytes, target: str = "/") -> list[int]:
        """The statuses that bodies posted on one connection earn."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        statuses = []
        for body in bodies:
            connection.request("POST", target, body)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        return statuses

    def curl(self, body: bytes, target: str = "/") -> int:
        """The status that curl gets, as a user tries it."""
        curl = shutil.which("curl")
        if not curl:
            return self.post(body, target=target)[0]
        url = f"http://127.0.0.1:{self.port}{target}"
        command = [curl, "-s", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@-", url]
        return int(subprocess.run(command, input=body, capture_output=True, check=True, timeout=LIMIT).stdout)


def callback(number: int, **more: object) -> bytes:
    """A valid callback unlike all others."""
    fields = {
        "event": "delivered",
        "email": f"user{number}@example.com",
        "bulkId": f"q-{number}",
        "timestamp": 1654064683,
    }
    return json.dumps({**fields, **more}).encode()
