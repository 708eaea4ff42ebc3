"""Small objects that were read whole when they were found: asking for each again would take most of the time."""

from concurrent.futures import Future

from ses_cli.sources.objects.ranges import Ask
from ses_cli.sources.source import Identity

SMALL = 64 << 10  # bytes of an object that is read whole
_MOST = 32 << 20  # bytes of all that are held


class SmallObjects:
    """What there is of small objects, until it is read."""

    def __init__(self) -> None:
        self._data: dict[Identity, bytes] = {}
        self._size = 0  # bytes

    def put(self, identity: Identity, data: bytes) -> None:
        """Keeps all there is of an object, if there is room."""
        if self._size + len(data) <= _MOST and identity not in self._data:
            self._data[identity] = data
            self._size += len(data)

    def take(self, identity: Identity) -> Ask | None:
        """Gives bytes of an object that is held, and lets go of it; None where it is not."""
        data = self._data.pop(identity, None)
        if data is None:
            return None
        self._size -= len(data)

        def ask(begin: int, end: int) -> "Future[memoryview]":
            future: Future[memoryview] = Future()
            future.set_result(memoryview(data)[begin:end])
            return future

        return ask


HELD = SmallObjects()
