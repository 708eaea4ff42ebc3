"""Runs the program in processes that are forked from one which has imported it: a start costs a tenth.

What runs is the same as `python -m ses_cli`: its own process, arguments, environment, directory and streams, and the
interpreter's own end. The start is left out; the command-line tests with SES_EVENTS_PROGRAM have that in all runs.

A request is one message on a Unix socket: `{"argv": ..., "env": ..., "cwd": ...}` with four descriptors: the three
streams and a socket that gets the process id and, at the end, the status, a line each.
"""

import atexit
import gc
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path

_MOST = 1 << 16  # bytes of arguments
_TREE = str(Path(__file__).parent.parent)
# what a start of Python reads, and what a fork does not get any more
_OF_THE_START = ("PYTHON", "LC_", "LANG", "DASK_")
# a run imports these where it needs them
_OUTSIDE = ("jinja2", "orjson", "pycurl", "rich.console", "rich.progress", "rich.table", "sqlite3", "zoneinfo")
_REASON = "551 5.1.1 recipient is not exist"


class Forked:
    """The process that is forked from, as the tests see it."""

    def __init__(self) -> None:
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forked", str(its.fileno())],
                cwd=_TREE,
                env={**os.environ, "TZ": "UTC", "PYTHONPATH": _TREE},
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._socket = mine
        atexit.register(self._end)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()

    def __call__(
        self, arguments: Sequence[str], env: Mapping[str, str], cwd: Path, stdin: bytes | int, stdout: int, limit: float
    ) -> tuple[int, bytes, bytes]:
        """The status of a run, negative where a signal ended it, its output where that is a pipe, and its errors."""
        with ExitStack() as stack:
            mine, its = (stack.enter_context(end) for end in socket.socketpair())
            given, out, errors = _Pipe(stack), _Pipe(stack), _Pipe(stack)
            request = json.dumps({"argv": list(arguments), "env": dict(env), "cwd": str(cwd)}).encode()
            reads = given.reads.fileno() if isinstance(stdin, bytes) else stdin
            writes = out.writes.fileno() if stdout == subprocess.PIPE else stdout
            socket.send_fds(self._socket, [request], [reads, writes, errors.writes.fileno(), its.fileno()])
            for end in (given.reads, out.writes, errors.writes, its):
                end.close()
            told = stack.enter_context(mine.makefile("r"))
            pid = int(told.readline())
            timer = threading.Timer(limit, os.kill, (pid, signal.SIGKILL))
            timer.start()
            with ThreadPoolExecutor() as threads:
                if isinstance(stdin, bytes):
                    threads.submit(given.fill, stdin)
                said = threads.submit(errors.reads.read)
                found = out.reads.read()
                status = int(told.readline())
            assert timer.is_alive(), f"{arguments}: not done after {limit} s"
            timer.cancel()
            return status, found, said.result()


class _Pipe:
    """A pipe's two ends."""

    def __init__(self, stack: ExitStack) -> None:
        reads, writes = os.pipe()
        self.reads = stack.enter_context(open(reads, "rb"))
        self.writes = stack.enter_context(open(writes, "wb"))

    def fill(self, data: bytes) -> None:
        """Writes it all, or what is read of it."""
        with suppress(BrokenPipeError):
            self.writes.write(data)
            self.writes.flush()
        with suppress(BrokenPipeError):
            self.writes.close()


def can_run(arguments: Sequence[str], changes: Mapping[str, str]) -> bool:
    """Whether a run that is forked is the same as one that is started."""
    return not any(name.startswith(_OF_THE_START) for name in changes) and sum(map(len, arguments)) < _MOST


def _serve(requests: socket.socket) -> dict[str, object] | None:
    """Forks for each request. In a fork it returns what is to be run, in the first process None at the end."""
    runs = selectors.DefaultSelector()
    runs.register(requests, selectors.EVENT_READ)
    while True:
        for key, _ in runs.select():
            if key.fileobj is not requests:
                pid, told = key.data
                runs.unregister(key.fd)
                os.close(key.fd)
                _, status = os.waitpid(pid, 0)
                with told, suppress(OSError):  # the test may be gone
                    told.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
                continue
            data, descriptors, _, _ = socket.recv_fds(requests, 2 * _MOST, 4)
            if not data:
                return None
            told = socket.socket(fileno=descriptors[3])
            pid = os.fork()
            if not pid:
                runs.close()
                requests.close()
                told.close()
                for number, descriptor in enumerate(descriptors[:3]):
                    os.dup2(descriptor, number)
                    os.close(descriptor)
                return dict(json.loads(data))
            for descriptor in descriptors[:3]:
                os.close(descriptor)
            told.sendall(b"%d\n" % pid)
            runs.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, told))


def _import_all() -> None:
    import ses_cli

    for module in pkgutil.walk_packages(ses_cli.__path__, "ses_cli."):
        with suppress(ImportError):  # of an extra
            if module.name != "ses_cli.__main__":
                import_module(module.name)
    for name in _OUTSIDE:
        import_module(name)


def main() -> None:
    """Serves until the tests are gone."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    _import_all()
    import_module("ses_cli.reports.addresses").classifier(None).classify(_REASON)  # makes its rules ready
    gc.freeze()  # what is there is not looked through again, and so not copied
    wanted = _serve(requests)
    if wanted is None:
        return
    os.environ.clear()
    os.environ.update(wanted["env"])  # type: ignore[call-overload]
    time.tzset()
    os.chdir(str(wanted["cwd"]))
    sys.argv = ["ses-events", *wanted["argv"]]  # type: ignore[misc]
    _end(_run())


def _run() -> int:
    try:
        runpy.run_module("ses_cli", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, str):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _end(status: int) -> None:
    """Ends as the interpreter does, but does not take apart what is there: that costs more than the run."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = 120
    os._exit(status)


if __name__ == "__main__":
    main()
