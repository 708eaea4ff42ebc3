"""Work that goes on in threads while more is read: what it gives is used in the order in which it was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")


class Ahead(Generic[T]):
    """Uses what pieces of work give. With one thread all is done where it is asked for, and so is the first piece."""

    def __init__(self, use: Callable[[T], object], threads: int) -> None:
        self._use = use
        self._threads = threads
        self._is_begun = False
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[T]] = deque()

    def __enter__(self) -> Self:
        return self

    def put(self, work: Callable[[], T]) -> None:
        """Asks for work, and uses what earlier work gave. Raises what it raised."""
        if self._threads < 2 or not self._is_begun:
            self._is_begun = True
            self._use(work())
            return
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # start-up

            self._pool = ThreadPoolExecutor(self._threads, "export")
        self._waiting.append(self._pool.submit(work))
        while self._waiting and (len(self._waiting) > self._threads or self._waiting[0].done()):
            self._use(self._waiting.popleft().result())

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            while self._waiting and kind is None:
                self._use(self._waiting.popleft().result())
        finally:
            if self._pool:
                self._pool.shutdown(cancel_futures=True)
