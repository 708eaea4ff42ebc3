"""Local processes that work on spans side by side; their parts come out in the order of the spans."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic

from ses_cli.errors import SesEventsError
from ses_cli.scan.parts import F, Part, Task, Worker
from ses_cli.sources import Span

_AHEAD = 4  # spans a worker may be ahead of the one that is merged, and parts of one that may wait
_HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TRIES = 3  # a span that kills its worker as often as this ends the run


def run(spans: Sequence[Span], task: Task[F], jobs: int) -> Iterator[Part[F]]:
    """The parts of all spans, in their order. A worker that is killed costs its span again, not the run."""
    pool = _Pool(spans, task, jobs)
    try:
        yield from pool.parts()
    finally:
        pool.kill()


class _Hand(Generic[F]):
    """One worker process, seen from here."""

    def __init__(self, task: Task[F]) -> None:
        # a fork is quick and safe while there is one thread
        forks = sys.platform == "linux" and threading.active_count() == 1
        context = multiprocessing.get_context("fork") if forks else multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs, task, os.getpid()), daemon=True)
        with _interrupts_held():
            self.process.start()
        theirs.close()
        self.span: int | None = None

    def give(self, number: int, span: Span) -> None:
        self.span = number
        with suppress(OSError):  # dead: told when its answer is waited for
            self.connection.send(span)

    def kill(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


class _Pool(Generic[F]):
    def __init__(self, spans: Sequence[Span], task: Task[F], jobs: int) -> None:
        self._spans = spans
        self._task = task
        self._hands = [_Hand(task) for _ in range(jobs)]
        self._todo = deque(range(len(spans)))
        self._waiting: list[deque[Part[F]]] = [deque() for _ in spans]
        self._received = [0] * len(spans)  # parts, so that a second try hands over only the rest
        self._skip = [0] * len(spans)
        self._tries = [0] * len(spans)
        self._current = 0

    def parts(self) -> Iterator[Part[F]]:
        while self._current < len(self._spans):
            self._give()
            for hand in self._ready():
                self._take(hand)
            yield from self._in_order()

    def kill(self) -> None:
        for hand in self._hands:
            hand.kill()

    def _give(self) -> None:
        for hand in self._hands:
            if hand.span is None and self._todo and self._todo[0] < self._current + _AHEAD * len(self._hands):
                number = self._todo.popleft()
                hand.give(number, self._spans[number])

    def _ready(self) -> "list[_Hand[F]]":
        """The workers with something to say. One that is far ahead is left to wait, which bounds what is held here."""
        listened = {
            hand.connection: hand
            for hand in self._hands
            if hand.span is not None and (hand.span == self._current or len(self._waiting[hand.span]) < _AHEAD)
        }
        return [listened[ready] for ready in wait(list(listened)) if isinstance(ready, Connection)]

    def _take(self, hand: "_Hand[F]") -> None:
        number = hand.span
        if number is None:
            return
        try:
            part: Part[F] = hand.connection.recv()
        except (EOFError, OSError):
            self._replace(hand, number)
            return
        if self._skip[number]:
            self._skip[number] -= 1
        else:
            self._received[number] += 1
            self._waiting[number].append(part)
        if part.is_last:
            hand.span = None

    def _replace(self, hand: "_Hand[F]", number: int) -> None:
        hand.kill()
        self._tries[number] += 1
        if self._tries[number] == _TRIES:
            span = self._spans[number]
            where = f"{span.source.name}, bytes {span.start:,} to {span.end:,}" if span.end else span.source.name
            raise SesEventsError(f"{where}: the process that read it was killed {_TRIES} times", "out of memory?")
        self._skip[number] = self._received[number]
        self._todo.appendleft(number)
        self._hands[self._hands.index(hand)] = _Hand(self._task)

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
            for part in worker.parts(span):
                connection.send(part)
    except (EOFError, OSError):
        return
