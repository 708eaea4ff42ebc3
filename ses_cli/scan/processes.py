"""Local processes that work on spans side by side; their parts come out in the order of the spans."""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from traceback import extract_tb, format_exception
from typing import Generic, NamedTuple

from ses_cli.errors import SesEventsError, WorkerTraceback
from ses_cli.leftovers import forget_leftover, register_leftover
from ses_cli.scan.parts import F, Part, Task, Worker
from ses_cli.sources import Span

_AHEAD = 4  # spans a worker may be ahead of the one that is merged, and parts of one that may wait
_HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DYING = 5.0  # seconds that a process may take to end once its connection is closed
_TRIES = 3  # a span that kills its worker as often as this ends the run


_ROOT = Path(__file__).parent.parent


def run(spans: Sequence[Span], task: Task[F], jobs: int) -> Iterator[Part[F]]:
    """The parts of all spans, in their order. A worker that is killed costs its span again, not the run."""
    pool = _Pool(spans, task, jobs)
    try:
        yield from pool.parts()
    finally:
        pool.kill()


class _Failure(NamedTuple):
    """An exception in a worker: a defect, or a reason to stop, but never a process that was killed."""

    error: Exception
    place: str
    traceback: str


class _WorkerHandle(Generic[F]):
    """One worker process, seen from here."""

    def __init__(self, task: Task[F]) -> None:
        # a fork is quick and safe while there is one thread
        forks = sys.platform == "linux" and threading.active_count() == 1
        context = multiprocessing.get_context("fork") if forks else multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs, task, os.getpid()), daemon=True)
        with _interrupts_held():
            self.process.start()
            register_leftover(self.process.kill)
        theirs.close()
        self.span: int | None = None

    def give(self, number: int, span: Span) -> None:
        self.span = number
        with suppress(OSError):  # dead: told when its answer is waited for
            self.connection.send(span)

    def status(self) -> int:
        """The exit status of a process that closed its end, a signal's number being negative."""
        self.process.join(_DYING)
        return -signal.SIGKILL if self.process.exitcode is None else self.process.exitcode

    def kill(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()
        forget_leftover(self.process.kill)


class _Pool(Generic[F]):
    def __init__(self, spans: Sequence[Span], task: Task[F], jobs: int) -> None:
        self._spans = spans
        self._task = task
        self._handles = [_WorkerHandle(task) for _ in range(jobs)]
        self._todo = deque(range(len(spans)))
        self._waiting: list[deque[Part[F]]] = [deque() for _ in spans]
        self._received = [0] * len(spans)  # parts, so that a second try hands over only the rest
        self._skip = [0] * len(spans)
        self._tries = [0] * len(spans)
        self._current = 0

    def parts(self) -> Iterator[Part[F]]:
        while self._current < len(self._spans):
            self._give()
            for handle in self._ready():
                self._take(handle)
            yield from self._in_order()

    def kill(self) -> None:
        for handle in self._handles:
            handle.kill()

    def _give(self) -> None:
        for handle in self._handles:
            if handle.span is None and self._todo and self._todo[0] < self._current + _AHEAD * len(self._handles):
                number = self._todo.popleft()
                handle.give(number, self._spans[number])

    def _ready(self) -> "list[_WorkerHandle[F]]":
        """The workers with something to say. One that is far ahead is left to wait, which bounds what is held here."""
        listened = {
            handle.connection: handle
            for handle in self._handles
            if handle.span is not None and (handle.span == self._current or len(self._waiting[handle.span]) < _AHEAD)
        }
        return [listened[ready] for ready in wait(list(listened)) if isinstance(ready, Connection)]

    def _take(self, handle: "_WorkerHandle[F]") -> None:
        number = handle.span
        if number is None:
            return
        try:
            part: Part[F] | _Failure = handle.connection.recv()
        except (EOFError, OSError):
            self._replace(handle, number)
            return
        if isinstance(part, _Failure):
            raise part.error from WorkerTraceback(part.place, part.traceback)
        if self._skip[number]:
            self._skip[number] -= 1
        else:
            self._received[number] += 1
            self._waiting[number].append(part)
        if part.is_last:
            handle.span = None

    def _replace(self, handle: "_WorkerHandle[F]", number: int) -> None:
        status = handle.status()
        handle.kill()
        self._tries[number] += 1
        if self._tries[number] == _TRIES:
            span = self._spans[number]
            where = f"{span.source.name}, bytes {span.start:,} to {span.end:,}" if span.end else span.source.name
            how = f"was killed {_TRIES} times" if status < 0 else f"ended {_TRIES} times with status {status}"
            hint = "out of memory?" if status == -signal.SIGKILL else None
            raise SesEventsError(f"{where}: the process that read it {how}", hint)
        self._skip[number] = self._received[number]
        self._todo.appendleft(number)
        self._handles[self._handles.index(handle)] = _WorkerHandle(self._task)

    def _in_order(self) -> Iterator[Part[F]]:
        while self._current < len(self._spans) and self._waiting[self._current]:
            part = self._waiting[self._current].popleft()
            if part.is_last:
                self._current += 1
            yield part


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process that is being born must not be interrupted before it can say what it does then."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, task: Task[F], parent: int) -> None:
    """A worker's life: spans in, parts out, until the parent says no more or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all: the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
    worker = Worker(task)
    try:
        while True:
            while not connection.poll(1):
                if os.getppid() != parent:
                    return
            span: Span = connection.recv()
            try:
                for part in worker.parts(span):
                    connection.send(part)
            except Exception as error:
                connection.send(_failure(error))
    except (EOFError, OSError):
        return


def _failure(error: Exception) -> _Failure:
    frames = [frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_ROOT)]
    place = f"{Path(frames[-1].filename).relative_to(_ROOT.parent)}:{frames[-1].lineno}" if frames else "a worker"
    text = "".join(format_exception(error))
    error.__traceback__ = error.__cause__ = error.__context__ = None
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # it does not travel
        error = RuntimeError(f"{type(error).__name__}: {error}")
    return _Failure(error, place, text)
