"""When addresses were last delivered to, for questions that can only be asked at the end of a log.

Every delivery is 16 bytes, a mark of the recipient and the time, in memory up to a bound and then in a temporary
file: an address may bounce at the end of a log of any size, and its delivery have stood anywhere.
"""

from array import array
from collections.abc import Iterator
from typing import IO, Self

from ses_cli.engine import matching

MOST = 4_000_000  # deliveries in memory: 64 MB

Block = tuple["array[int]", "array[int]"]  # marks and times


class Delivered:
    """Deliveries, to be asked once all are in."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._marks = array("Q")
        self._times = array("q")
        self._spilled: IO[bytes] | None = None
        self._sizes: list[int] = []  # deliveries in each block of the file: their marks, then their times

    def add(self, marks: bytes, times: bytes) -> None:
        """Deliveries: a mark of the recipient of each, and its time in Unix seconds, 8 bytes both."""
        self._marks.frombytes(marks)
        self._times.frombytes(times)
        self._bound()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._marks or self._sizes)

    def merge(self, later: Self) -> None:
        """All deliveries that another has, those in its file too."""
        for marks, times in later._blocks():
            self._marks += marks
            self._times += times
            self._bound()

    def find(self, wanted: "array[int]") -> Iterator[tuple[int, int]]:
        """The mark and the time of every delivery whose mark is wanted."""
        for marks, times in self._blocks():
            for at in matching(marks, wanted):
                yield marks[at], times[at]

    def of(self, wanted: "array[int]") -> Self:
        """The last delivery of each of these marks, and no other."""
        last: dict[int, int] = {}
        for mark, time in self.find(wanted):
            last[mark] = max(time, last.get(mark, time))
        found = type(self)(self._most)
        found.add(array("Q", last).tobytes(), array("q", last.values()).tobytes())
        return found

    def _bound(self) -> None:
        if len(self._marks) >= self._most:
            self._spill()

    def _spill(self) -> None:
        if self._spilled is None:
            from tempfile import TemporaryFile  # start-up

            self._spilled = TemporaryFile()
        self._spilled.seek(0, 2)
        self._marks.tofile(self._spilled)
        self._times.tofile(self._spilled)
        self._sizes.append(len(self._marks))
        self._marks, self._times = array("Q"), array("q")

    def _blocks(self) -> Iterator[Block]:
        yield self._marks, self._times
        if self._spilled is None:
            return
        self._spilled.seek(0)
        for size in self._sizes:
            marks, times = array("Q"), array("q")
            marks.fromfile(self._spilled, size)
            times.fromfile(self._spilled, size)
            yield marks, times

    def __getstate__(self) -> tuple[int, list[Block]]:
        """A file cannot be sent to another process: what is in it can."""
        return self._most, list(self._blocks())

    def __setstate__(self, state: tuple[int, list[Block]]) -> None:
        most, blocks = state
        self.__init__(most)  # type: ignore[misc]
        for marks, times in blocks:
            self.add(marks.tobytes(), times.tobytes())
