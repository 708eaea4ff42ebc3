"""Starts of the program without the time its imports take: each is forked from a process that has imported all of it.

    python -P -m tests.faults.forking FD

For each request that comes on the socket FD, a child runs the command line, and its number and status are written back.
"""

import contextlib
import json
import os
import pkgutil
import queue
import signal
import socket
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import IO

_LEFT_OUT = ("ses_cli.scan.cluster", "ses_cli.sources.objects", "ses_cli.__main__")


class Child:
    """A started program, as `subprocess.Popen` has it."""

    def __init__(self, arguments: tuple[str, ...], home: Path, environment: dict[str, str]) -> None:
        self._server = _free()
        out, err = os.pipe(), os.pipe()
        request = json.dumps([arguments, str(home), environment]).encode() + b"\n"
        socket.send_fds(self._server.socket, [request], [out[1], err[1]])
        for fd in (out[1], err[1]):
            os.close(fd)
        self.stdout: IO[bytes] = open(out[0], "rb")
        self.stderr: IO[bytes] = open(err[0], "rb")
        self.pid = int(self._server.lines.readline())
        self._status: int | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        self._status = int(self._server.lines.readline() or "-9")
        _servers.put(self._server)
        self._ended.set()

    def poll(self) -> int | None:
        """Its status, once it has ended."""
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Its status. TimeoutExpired."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("ses-events", timeout or 0)
        assert self._status is not None
        return self._status


class _Server:
    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        root = str(Path(__file__).parents[2])
        command = [sys.executable, "-P", "-m", __name__, str(theirs.fileno())]
        environment = {**os.environ, "PYTHONPATH": root, "PYTHONHASHSEED": "0"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.Popen(command, pass_fds=(theirs.fileno(),), env=environment)
        theirs.close()
        self.lines = self.socket.makefile("r")


_servers: queue.SimpleQueue[_Server] = queue.SimpleQueue()


def _free() -> _Server:
    try:
        return _servers.get_nowait()
    except queue.Empty:
        return _Server()


def _serve(requests: socket.socket) -> None:
    import ses_cli

    for module in pkgutil.walk_packages(ses_cli.__path__, "ses_cli."):
        if not module.name.startswith(_LEFT_OUT):
            with contextlib.suppress(ImportError):
                import_module(module.name)
    for name in ("uvloop", "pycurl", "pyarrow.parquet", "pandas"):
        with contextlib.suppress(ImportError):
            import_module(name)
    while True:
        text, fds, _, _ = socket.recv_fds(requests, 1 << 20, 2)
        if not text:
            return
        pid = os.fork()
        if not pid:
            _run(text, fds, requests)
        for fd in fds:
            os.close(fd)
        requests.sendall(b"%d\n" % pid)
        _, status = os.waitpid(pid, 0)
        requests.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _run(text: bytes, fds: list[int], requests: socket.socket) -> None:
    """The program, in a child."""
    arguments, home, environment = json.loads(text)
    requests.close()
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(fds[0], 1)
    os.dup2(fds[1], 2)
    for fd in fds:
        os.close(fd)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(home)
    sys.argv = ["ses-events", *arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from ses_cli.cli.main import main

    status = 70
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
