"""Order within a lane, freedom between lanes, and a bound on what waits."""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, Protocol, TypeVar


class Laned(Protocol):
    """What can be kept in order: its lane (None: none to keep), and the bytes it holds in memory."""

    @property
    def lane(self) -> Hashable: ...

    @property
    def size(self) -> int: ...


T = TypeVar("T", bound=Laned)


class Lanes(Generic[T]):
    """The window: items read and not yet final, each ready only when its lane's former one is final.

    The window is bounded, in items and bytes. While one lane is blocked (a retry waits its time) others
    go on, for as long as the window holds one of theirs; when all of it waits behind blocked lanes,
    reading stops until one of them moves. Reading on instead would hold the log in memory, and
    leaving the lane behind would lose its order.
    """

    def __init__(self, window: int = 4096, window_bytes: int = 32 << 20) -> None:
        self.ready: deque[T] = deque()
        self.held = 0  # items in the window
        self._bytes = 0
        self._window = window
        self._window_bytes = window_bytes
        self._busy: dict[Hashable, deque[T] | None] = {}

    @property
    def room(self) -> bool:
        """Whether one more item may come in. A single item may be of any size."""
        return self.held < self._window and (self._bytes < self._window_bytes or not self.held)

    @property
    def free(self) -> tuple[int, int]:
        """Items and bytes that may come in; of the bytes one item may take more."""
        return self._window - self.held, self._window_bytes - self._bytes

    def offer(self, items: Iterable[T]) -> None:
        """Take the next items of the log."""
        ready, busy = self.ready.append, self._busy
        for item in items:
            self.held += 1
            self._bytes += item.size
            lane = item.lane
            if lane is None:
                ready(item)
            elif lane not in busy:
                busy[lane] = None
                ready(item)
            else:
                queue = busy[lane]
                if queue is None:
                    queue = busy[lane] = deque()
                queue.append(item)

    def waiting(self) -> Iterator[T]:
        """What is in the window and was not taken from it."""
        yield from self.ready
        for queue in self._busy.values():
            yield from queue or ()

    def finish(self, items: Iterable[T]) -> None:
        """These are final: the next of their lanes become ready, before what is read ahead.

        So the first callback that is open is never far behind the last one that is done: a journal keeps all between.
        """
        busy = self._busy
        for item in items:
            self.held -= 1
            self._bytes -= item.size
            lane = item.lane
            if lane is None:
                continue
            queue = busy[lane]
            if not queue:
                del busy[lane]
            else:
                self.ready.appendleft(queue.popleft())
