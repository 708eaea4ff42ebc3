"""A scheduler and workers as processes of their own, as `dask scheduler` and `dask worker` start them."""

import os
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

ROOT = Path(__file__).parents[2]
LIMIT = 60.0  # seconds
_QUIET = ("--no-dashboard",)


class Processes:
    """A cluster on loopback. A context, which ends them all."""

    def __init__(self, directory: Path, environment: Mapping[str, str], protocol: str = "tcp") -> None:
        self._directory = directory
        self._protocol = protocol
        self._environment = {**os.environ, "TZ": "UTC", "PYTHONPATH": str(ROOT), **environment}
        self.workers: list[subprocess.Popen[bytes]] = []
        self.start_scheduler()

    def start_scheduler(self) -> None:
        """A scheduler, to which no worker has come."""
        arguments = ("--protocol", self._protocol, "--host", "127.0.0.1", "--port", "0")
        self.scheduler, self.address = self._start("scheduler", *arguments, said=r"Scheduler at:\s+(\w+://\S+)")

    def start_worker(self, **environment: str) -> "subprocess.Popen[bytes]":
        """One more worker, which is not started again when it dies."""
        arguments = (self.address, "--no-nanny", "--nthreads", "1", "--local-directory", str(self._directory))
        process, _ = self._start("worker", *arguments, said=r"(Starting established connection)", **environment)
        self.workers.append(process)
        return process

    def keep(self, count: int) -> None:
        """A scheduler, and so many workers that live."""
        if self.scheduler.poll() is not None:
            self._kill(*self.workers)
            self.start_scheduler()
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < count:
            self.start_worker()

    def _start(
        self, kind: str, *arguments: str, said: str, **environment: str
    ) -> tuple["subprocess.Popen[bytes]", str]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, *_QUIET],
            env={**self._environment, **environment},
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert process.stderr
        found = _until(process.stderr, said)
        # what nobody reads fills its pipe, at which the process would wait for ever
        threading.Thread(target=process.stderr.read, daemon=True).start()
        return process, found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._kill(*self.workers, self.scheduler)

    @staticmethod
    def _kill(*processes: "subprocess.Popen[bytes]") -> None:
        for process in processes:
            process.kill()
            process.wait()


def _until(stream: IO[bytes], said: str) -> str:
    """What a process says of itself."""
    seen, deadline = b"", time.monotonic() + LIMIT
    while time.monotonic() < deadline and select.select([stream], [], [], LIMIT)[0]:
        data = os.read(stream.fileno(), 65536)
        seen += data
        if found := re.search(said, seen.decode(errors="replace")):
            return found[1]
        assert data, seen.decode()
    raise AssertionError(f"no {said} in {seen.decode()}")
