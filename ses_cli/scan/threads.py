"""Threads that work on spans side by side, for an engine that does without the interpreter's lock.

The parts come out in the order of the spans. A thread that fails hands its exception over, which is raised as it is.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Generic, NamedTuple

from ses_cli.batch import Piece, Seen
from ses_cli.engine import engine
from ses_cli.scan.parts import F, Part, Task, Worker
from ses_cli.sources import Span

_AHEAD = 4  # spans a thread may be ahead of the one that is merged, and parts of one that may wait as they are
_PIECES = 2  # read ahead
_PATIENCE = 5.0  # seconds that a thread has to leave what it does


def run(spans: Sequence[Span], task: Task[F], jobs: int, seen: Seen | None = None) -> Iterator[Part[F]]:
    """The parts of all spans, in their order. `seen` are callbacks that were met before."""
    pool = _Pool(spans, task, jobs, seen)
    try:
        yield from pool.parts()
    finally:
        pool.stop()


class _Stopped(Exception):
    """Nobody wants what a thread works on any more."""


class _Pool(Generic[F]):
    def __init__(self, spans: Sequence[Span], task: Task[F], jobs: int, seen: Seen | None) -> None:
        self._spans = spans
        self._task = task
        self._changed = threading.Condition()
        self._next = 0  # the span that the next free thread takes
        self._current = 0  # the span that is merged
        self._entered = 0  # the span whose callbacks are entered among those seen
        self._waiting: list[deque[Part[F]]] = [deque() for _ in spans]
        self._failed: BaseException | None = None
        self._is_stopped = False
        self._jobs = min(jobs, len(spans))
        self._feed = read_ahead if len(spans) < jobs else iter  # where a core is left for reading
        self._seen = (seen or engine(task.checks).seen(is_local=True)) if task.checks.selection.dedupe else None
        self._threads = [threading.Thread(target=self._work, name="scan", daemon=True) for _ in range(self._jobs)]

    def parts(self) -> Iterator[Part[F]]:
        for thread in self._threads:
            thread.start()
        while self._current < len(self._spans):
            yield self._merged()

    def _merged(self) -> Part[F]:
        """The next part to be merged. Raises what a thread failed of."""
        with self._changed:
            waiting = self._waiting[self._current]
            self._changed.wait_for(lambda: waiting or self._failed)
            if not waiting and self._failed:
                raise self._failed
            part = waiting.popleft()
            self._current += part.is_last
            self._changed.notify_all()
            return part

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(_PATIENCE)

    def _wait(self, ready: Callable[[], bool]) -> None:
        """Waits, with the lock held."""
        self._changed.wait_for(lambda: self._is_stopped or ready())
        if self._is_stopped:
            raise _Stopped

    def _work(self) -> None:
        try:
            worker = Worker(self._task, self._seen, self._feed)
            while (at := self._take()) is not None:
                for part in worker.parts(self._spans[at], _Turn(self, at) if self._seen else None):
                    self._put(at, part)
        except _Stopped:
            pass
        except BaseException as error:
            with self._changed:
                self._failed = self._failed or error
                self._changed.notify_all()

    def _take(self) -> int | None:
        with self._changed:
            if self._next == len(self._spans):
                return None
            at = self._next
            self._next += 1
            self._wait(lambda: at < self._current + _AHEAD * self._jobs)
            return at

    def has_entered(self, at: int) -> bool:
        """Whether the callbacks of all spans before this one are among those seen."""
        return self._entered == at

    def wait_for(self, at: int) -> None:
        """Waits until they are."""
        with self._changed:
            self._wait(lambda: self.has_entered(at))

    def _put(self, at: int, part: Part[F]) -> None:
        """Hands over a part. Where many of its span wait, it becomes one with the last of them."""
        waiting = self._waiting[at]
        with self._changed:
            if part.is_last and self._seen is not None:
                self._wait(lambda: self.has_entered(at))
                self._entered += 1
                self._changed.notify_all()
            is_one = len(waiting) >= _AHEAD and not self._task.is_streamed and waiting[-1].has_room_for(part)
            if not is_one:
                self._wait(lambda: at == self._current or len(waiting) < _AHEAD)
            last = waiting.pop() if is_one else None
        if last is not None:
            last.merge(part, self._task.keep)
        with self._changed:
            waiting.append(last or part)
            self._changed.notify_all()


class _Turn(Generic[F]):
    """See `parts.Turn`."""

    def __init__(self, pool: "_Pool[F]", at: int) -> None:
        self._pool = pool
        self._at = at

    def has_come(self) -> bool:
        return self._pool.has_entered(self._at)

    def wait(self) -> None:
        self._pool.wait_for(self._at)


def read_ahead(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Reads pieces in a thread of its own: decompressing and scanning side by side."""
    held: SimpleQueue[Piece | _End] = SimpleQueue()
    room, left = threading.Semaphore(_PIECES), threading.Event()

    def fill() -> None:
        end = _End(None)
        try:
            for piece in pieces:
                room.acquire()
                if left.is_set():
                    return
                held.put(piece)
        except BaseException as error:
            end = _End(error)
        held.put(end)

    threading.Thread(target=fill, daemon=True).start()
    try:
        while not isinstance(item := held.get(), _End):
            yield item
            room.release()
    finally:
        left.set()
        room.release()
    if item.error is not None:
        raise item.error


class _End(NamedTuple):
    """No piece follows."""

    error: BaseException | None
