"""What the reasons of failures mean, for each message: in memory up to a bound, and then in a temporary file.

A row is 26 bytes: the key of the message as `message.row` has it, the step, the time in 5 bytes, the highest first, and
4 that stand for the meaning. Rows are kept in parts by the first byte of the key, as the steps of messages are.
"""

from hashlib import blake2b
from tempfile import TemporaryFile
from typing import IO, Self

from ses_cli.batch import Parts
from ses_cli.message.row import KEY, PARTS
from ses_cli.reports.health.meanings import Meaning
from ses_cli.reports.messages.store import Run

MOST = 32 << 20  # bytes in memory
_TIME = KEY + 1
_MARK = _TIME + 5
_ROW = _MARK + 4


class Failing:
    """Failures, to be asked for once all are in."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._parts = [bytearray() for _ in range(PARTS)]
        self._size = 0
        self._spilled: IO[bytes] | None = None
        self._runs: list[Run] = []  # what is in the file
        self._marks: dict[Meaning, bytes] = {}  # what stands for each

    def add(self, key: bytes, step: int, time: int, meaning: Meaning) -> None:
        """One failure of a message."""
        mark = self._marks.get(meaning)
        if mark is None:
            mark = self._marks[meaning] = blake2b("\0".join(meaning).encode(), digest_size=4).digest()
        part = self._parts[key[0]]
        part += key + bytes((step,)) + time.to_bytes(5) + mark
        self._size += _ROW
        if self._size >= self._most:
            self._spill()

    def merge(self, later: Self) -> None:
        """All failures that another has, those in its file too."""
        self._marks |= later._marks
        for at in range(PARTS):
            rows = later._rows(at)
            self._parts[at] += rows
            self._size += len(rows)
        if self._size >= self._most:
            self._spill()

    def meanings(self, at: int) -> dict[tuple[bytes, int, int], Meaning]:
        """The meanings of one part, by key, step and time; of one second the first by its words."""
        names, rows = {mark: meaning for meaning, mark in self._marks.items()}, self._rows(at)
        found: dict[tuple[bytes, int, int], Meaning] = {}
        for start in range(0, len(rows), _ROW):
            row = rows[start : start + _ROW]
            key = bytes(row[:KEY]), row[KEY], int.from_bytes(row[_TIME:_MARK])
            meaning = names[bytes(row[_MARK:])]
            found[key] = min(found.get(key, meaning), meaning)
        return found

    def _rows(self, at: int) -> bytes:
        return b"".join([self._parts[at], *(run.part(at) for run in self._runs)])

    def _spill(self) -> None:
        if self._spilled is None:
            self._spilled = TemporaryFile()
        run = Run(Parts(b"".join(self._parts), list(map(len, self._parts))))
        run.spill(self._spilled)
        self._spilled.flush()
        self._runs.append(run)
        self._parts, self._size = [bytearray() for _ in range(PARTS)], 0

    def __getstate__(self) -> tuple[int, dict[Meaning, bytes], list[bytes]]:
        """A file cannot be sent to another process: what is in it can."""
        return self._most, self._marks, [self._rows(at) for at in range(PARTS)]

    def __setstate__(self, state: tuple[int, dict[Meaning, bytes], list[bytes]]) -> None:
        most, marks, parts = state
        self.__init__(most)  # type: ignore[misc]
        self._marks = marks
        self._parts = [bytearray(part) for part in parts]
        self._size = sum(map(len, parts))
