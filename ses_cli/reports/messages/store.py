"""Steps of messages, however many: in memory up to a bound, and then in a temporary file, by the keys of the messages.

No message is held as such. When the log is read, the steps of one part of all messages after another come back.
"""

from __future__ import annotations

import os
from itertools import accumulate
from typing import IO, TYPE_CHECKING, Self, TypeVar

from ses_cli.batch.collected import MessageBlock, Parts
from ses_cli.engine import threads
from ses_cli.message.row import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ses_cli.batch import Batch, Key, Value
    from ses_cli.batch.collected import CollectedMessages, Judge, Sample

T = TypeVar("T")
MOST = 96 << 20  # bytes in memory
_SMALL = 1 << 20  # bytes


class Run:
    """Bytes in parts, in memory, or at a place in a file."""

    def __init__(self, parts: Parts) -> None:
        self._data: bytes | None = parts.data
        self._starts = list(accumulate(parts.sizes, initial=0))
        self._file, self._place = -1, 0

    def spill(self, file: IO[bytes]) -> None:
        """Puts it at the end of a file."""
        if self._data is not None:
            self._file, self._place = file.fileno(), file.seek(0, os.SEEK_END)
            file.write(self._data)
            self._data = None

    def part(self, at: int) -> bytes:
        """One part; threads may ask side by side."""
        start, end = self._starts[at : at + 2]
        if self._data is not None:
            return self._data[start:end]
        return os.pread(self._file, end - start, self._place + start) if start < end else b""

    def parts(self) -> Parts:
        """All of it."""
        data = os.pread(self._file, self._starts[-1], self._place) if self._data is None else self._data
        return Parts(data, [end - start for start, end in zip(self._starts, self._starts[1:], strict=False)])


class Store:
    """Steps, to be asked for once all are in."""

    def __init__(self, by: Sequence[Key], has_texts: bool, most: int = MOST) -> None:
        self._by = tuple(by)
        self._has_texts = has_texts
        self._most = most
        self._collected: CollectedMessages | None = None
        self._runs: list[tuple[Run, Run]] = []  # rows, and the texts of their messages
        self._held = 0  # bytes of runs in memory
        self._spilled: IO[bytes] | None = None
        self._unassigned = 0
        self.groups: dict[int, tuple[Value, ...]] = {}  # the values that each group stands for
        self.samples: dict[tuple[str, int], Sample] = {}  # see `MessageBlock`

    @property
    def unassigned(self) -> int:
        """Callbacks that tell of no message."""
        return self._unassigned + (self._collected.unassigned if self._collected else 0)

    @property
    def is_small(self) -> bool:
        """Whether it is not worth a second thread."""
        return self._spilled is None and self._size() < _SMALL

    def _size(self) -> int:
        return self._held + (self._collected.size if self._collected else 0)

    def add(self, batch: Batch, judge: Judge | None = None) -> None:
        """Takes in the steps that a batch tells of; the judge is always the same."""
        self._collected = batch.collect_messages(self._by, self._has_texts, judge, self._collected)
        self._bound()

    def merge(self, later: Self) -> None:
        """Takes in all steps that another has, those in its file too."""
        if self._collected is None:
            self._collected = later._collected
        elif later._collected is not None:
            self._collected.merge(later._collected)
        later._collected = None
        self._unassigned += later._unassigned
        self.groups |= later.groups
        self._sample(later.samples)
        for block in later._blocks():
            self._hold(block)
        self._bound()

    def rows(self, at: int) -> bytes:
        """The rows of one part: each message is in one of `PARTS` with all its steps. Settle first."""
        return b"".join([rows.part(at) for rows, _ in self._runs])

    def texts(self, at: int) -> bytes:
        """The texts of one part. Settle first."""
        return b"".join([texts.part(at) for _, texts in self._runs])

    def divided(self, work: Callable[[Sequence[int]], T], jobs: int | None) -> list[T]:
        """What some work makes of shares of the parts, side by side where that pays. Settle first."""
        jobs = 1 if self.is_small else threads(jobs)
        shares = [range(at, PARTS, jobs) for at in range(jobs)]
        if jobs == 1:
            return [work(shares[0])]
        from concurrent.futures import ThreadPoolExecutor  # start-up: most logs are small

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(work, shares))

    def settle(self) -> None:
        """Takes from the engine what it holds, so that it can be asked for."""
        if self._collected is not None and self._collected.size:
            self._hold(self._collected.take())

    def _sample(self, samples: dict[tuple[str, int], Sample]) -> None:
        for key, sample in samples.items():
            self.samples[key] = max(self.samples.get(key, sample), sample)

    def _hold(self, block: MessageBlock) -> None:
        self.groups |= block.groups
        self._sample(block.samples)
        self._runs.append((Run(block.rows), Run(block.texts)))
        self._held += len(block.rows.data) + len(block.texts.data)

    def _bound(self) -> None:
        """Puts what is held into the file, where it is too much."""
        if self._size() < self._most:
            return
        self.settle()
        if self._spilled is None:
            from tempfile import TemporaryFile  # start-up

            self._spilled = TemporaryFile()
        for rows, texts in self._runs:
            rows.spill(self._spilled)
            texts.spill(self._spilled)
        self._spilled.flush()
        self._held = 0

    def _blocks(self) -> Iterator[MessageBlock]:
        """What is not left to the engine."""
        return (MessageBlock(rows.parts(), texts.parts(), {}, {}) for rows, texts in self._runs)

    def __getstate__(self) -> tuple[object, ...]:
        """A file cannot be sent to another process: what is in it can."""
        self.settle()
        return self._by, self._has_texts, self._most, list(self._blocks()), self.groups, self.samples, self.unassigned

    def __setstate__(self, state: _State) -> None:
        by, has_texts, most, blocks, groups, samples, unassigned = state
        self.__init__(by, has_texts, most)  # type: ignore[misc]
        self.groups, self.samples, self._unassigned = groups, samples, unassigned
        for block in blocks:
            self._hold(block)
        self._bound()


if TYPE_CHECKING:
    _Groups = dict[int, tuple[Value, ...]]
    _Samples = dict[tuple[str, int], Sample]
    _State = tuple[Sequence[Key], bool, int, list[MessageBlock], _Groups, _Samples, int]
