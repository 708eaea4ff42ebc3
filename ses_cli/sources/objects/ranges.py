"""The bytes of an object, in ranges that are asked for ahead of their turn."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

Ask = Callable[[int, int], "Future[memoryview]"]

RANGE = 1 << 20  # bytes asked for at once
AHEAD = 4  # ranges in flight, or waiting to be read
_MARGIN = 64 << 10  # bytes asked for beyond the end, where the last line ends


class Ranges:
    """See `ses_cli.sources.storage.Stream`. Nothing but the object's own end is taken for the end."""

    def __init__(self, ask: Ask, size: int, start: int, end: int | None) -> None:
        self._ask = ask
        self._size = size
        self._at = self._next = start  # what is read next, and what is asked for next
        self._end = size if end is None else min(end + _MARGIN, size)  # nothing beyond is asked for before its turn
        self._data = memoryview(b"")
        self._asked: deque[Future[memoryview]] = deque()
        self._ask_ahead()

    def read(self, n: int, /) -> bytes:
        """At most `n` bytes; none only at the end of the object. Raises SourceError."""
        if not self._data and self._at < self._size:
            if not self._asked:
                self._ask_next()
            self._data = self._asked.popleft().result()
            self._ask_ahead()
        data = bytes(self._data[:n])
        self._data = self._data[n:]
        self._at += len(data)
        return data

    def tell(self) -> int:
        """The place that is read next."""
        return self._at

    def check(self, end: int | None) -> None:
        """Every range was of the version that was found, or reading it raised."""

    def close(self) -> None:
        """Lets go of what was asked for and is not needed."""
        for future in self._asked:
            future.cancel()
        self._asked.clear()
        self._data = memoryview(b"")

    def _ask_ahead(self) -> None:
        while len(self._asked) < AHEAD and self._next < self._end:
            self._ask_next()

    def _ask_next(self) -> None:
        left = self._end - self._next
        step = _MARGIN if left <= 0 else left if left <= RANGE + 2 * _MARGIN else RANGE
        stop = min(self._next + step, self._size)
        self._asked.append(self._ask(self._next, stop))
        self._next = stop
