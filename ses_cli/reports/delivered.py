"""When addresses were last delivered to, for questions that can only be asked at the end of a log.

Every delivery is 16 bytes, a mark of the address and the time, in memory up to a bound and then in a temporary
file: an address may bounce at the end of a log of any size, and its delivery have stood anywhere.
"""

import sys
from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from tempfile import TemporaryFile
from typing import IO, Self

from ses_cli.identity import address

_MOST = 4_000_000  # deliveries in memory: 64 MB


class Delivered:
    """Deliveries, to be asked once all are in."""

    def __init__(self) -> None:
        self._marks = array("Q")
        self._times = array("Q")
        self._spilled: IO[bytes] | None = None
        self._sizes: list[int] = []  # deliveries in each block of the file: their marks, then their times

    def add(self, emails: list[str], times: Iterable[int]) -> None:
        """Deliveries to the addresses at the times, in Unix seconds."""
        is_plain = "".join(emails).islower()
        keys = emails if is_plain else [address(email) for email in emails]
        if keys:
            self._marks.frombytes(b"".join(_marks(keys)))
            self._times.extend(times)

    def merge(self, later: Self) -> None:
        """The deliveries that another has in memory."""
        self._marks.extend(later._marks)
        self._times.extend(later._times)
        if len(self._marks) >= _MOST:
            self._spill()

    def last(self, wanted: Iterable[str]) -> dict[str, int]:
        """The time of the last delivery to each of the addresses that has one."""
        keys = list(wanted)
        names = {int.from_bytes(mark, sys.byteorder): key for mark, key in zip(_marks(keys), keys, strict=False)}
        found: dict[str, int] = {}
        for marks, times in self._blocks():
            for at in [at for at, mark in enumerate(marks) if mark in names]:
                name = names[marks[at]]
                found[name] = max(times[at], found.get(name, 0))
        return found

    def _spill(self) -> None:
        if self._spilled is None:
            self._spilled = TemporaryFile()
        self._marks.tofile(self._spilled)
        self._times.tofile(self._spilled)
        self._sizes.append(len(self._marks))
        self._marks, self._times = array("Q"), array("Q")

    def _blocks(self) -> "Iterator[tuple[array[int], array[int]]]":
        yield self._marks, self._times
        if self._spilled is not None:
            self._spilled.seek(0)
            for size in self._sizes:
                marks, times = array("Q"), array("Q")
                marks.fromfile(self._spilled, size)
                times.fromfile(self._spilled, size)
                yield marks, times


def _marks(keys: list[str]) -> list[bytes]:
    """8 bytes for each, which has no line break in it."""
    return [blake2b(key, digest_size=8).digest() for key in "\n".join(keys).encode().split(b"\n")]
