"""How often each line was seen before: exact, in memory that does not grow with the log."""

import mmap
import os
import tempfile

from ses_cli.errors import TargetError

_FIRST = 1 << 18  # slots
_GROWTH = 4
_ANONYMOUS = 1 << 20  # a table of more slots than this lies in an unlinked temporary file
_RELEASE = 2048  # calls between letting go of the pages of the files: about 8 MiB a table
_COUNT = 0xFF


class Tally:
    """Counts by digest, in open-addressed tables of 8-byte slots: 56 bits of the digest, 8 of its count.

    A million distinct lines take 42 MB, each further million 16 to 64 (tables grow fourfold, so that
    nothing is ever moved). At most 10 MB of it are memory: the larger tables are files whose pages are
    let go as it runs. Two lines that agree in 56 bits only (a pair is to be expected among 300 million
    lines) count as identical, and still get ids of their own: those hold 128 bits.
    """

    def __init__(self) -> None:
        self._tables: list[memoryview] = []
        self._files: list[mmap.mmap] = []
        self._free = 0  # slots of the newest table that may still be filled
        self._calls = 0
        self._many: dict[int, int] = {}  # counts past 255

    def add(self, digest: bytes) -> int:
        """Count one more line of this digest (8 bytes at least); how many there are now, from 1."""
        self._calls += 1
        if not self._calls % _RELEASE:
            for file in self._files:
                file.madvise(mmap.MADV_DONTNEED)
        key = int.from_bytes(digest[:8], "little") | _COUNT
        if not self._free:
            self._grow()
        table, at = self._tables[0], 0
        for table in self._tables:
            mask = len(table) - 1
            at = (key >> 8) & mask
            while found := table[at]:
                if found | _COUNT == key:
                    return self._again(table, at, key)
                at = (at + 1) & mask
        table[at] = key - _COUNT + 1  # in the newest table, where the search ended
        self._free -= 1
        return 1

    def _again(self, table: memoryview, at: int, key: int) -> int:
        if table[at] & _COUNT == _COUNT:
            self._many[key] = count = self._many.get(key, _COUNT) + 1
            return count
        table[at] += 1
        return int(table[at] & _COUNT)

    def _grow(self) -> None:
        slots = _FIRST * _GROWTH ** len(self._tables)
        if slots <= _ANONYMOUS:
            memory = mmap.mmap(-1, slots * 8)
        else:
            try:
                with tempfile.TemporaryFile() as file:
                    # reserved, because a full disk under a mapping would kill the process
                    os.posix_fallocate(file.fileno(), 0, slots * 8)
                    memory = mmap.mmap(file.fileno(), slots * 8)
            except OSError as error:
                raise TargetError(
                    f"no room to count identical lines in {tempfile.gettempdir()}: {error.strerror}",
                    "set TMPDIR to a directory with more room",
                ) from None
            self._files.append(memory)
        self._tables.append(memoryview(memory).cast("Q"))
        self._free = slots // 2  # fuller, and a search that finds nothing gets long
