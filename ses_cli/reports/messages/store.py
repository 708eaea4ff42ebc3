"""Steps of messages, however many: in memory up to a bound, and then in a temporary file, by the keys of the messages.

No message is held as such. When the log is read, the steps of one part of all messages after another come back.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from tempfile import TemporaryFile
from typing import IO, Self

from ses_cli.batch import Batch, CollectedMessages, Key, MessageBlock, Value
from ses_cli.message.row import PARTS

MOST = 64 << 20  # bytes in memory


class Store:
    """Steps, to be asked for once all are in."""

    def __init__(self, by: Sequence[Key], has_texts: bool, most: int = MOST) -> None:
        self._by = tuple(by)
        self._has_texts = has_texts
        self._most = most
        self._collected: CollectedMessages | None = None
        self._held: list[MessageBlock] = []
        self._held_size = 0
        self._spilled: IO[bytes] | None = None
        self._places: list[list[int]] = []  # of each block in the file: where each part begins, rows before texts
        self._unassigned = 0
        self.groups: dict[int, tuple[Value, ...]] = {}  # the values that each group stands for

    @property
    def unassigned(self) -> int:
        """Callbacks that tell of no message."""
        return self._unassigned + (self._collected.unassigned if self._collected else 0)

    def add(self, batch: Batch) -> None:
        """Takes in the steps that a batch tells of."""
        self._collected = batch.collect_messages(self._by, self._has_texts, self._collected)
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
        for block in later._blocks():
            self._hold(block)
            self._bound()
        self._bound()

    def rows(self, at: int) -> bytes:
        """The rows of one part: each message is in one of `PARTS` with all its steps."""
        self._settle()
        return b"".join([block.rows[at] for block in self._held] + self._read(at))

    def texts(self, at: int) -> bytes:
        """The texts of one part."""
        self._settle()
        return b"".join([block.texts[at] for block in self._held] + self._read(PARTS + at))

    def _hold(self, block: MessageBlock) -> None:
        self.groups |= block.groups
        self._held.append(block)
        self._held_size += sum(map(len, block.rows)) + sum(map(len, block.texts))

    def _bound(self) -> None:
        """Puts what is held into the file, where it is too much."""
        if self._held_size + (self._collected.size if self._collected else 0) < self._most:
            return
        self._settle()
        if self._spilled is None:
            self._spilled = TemporaryFile()
        for block in self._held:
            start = self._spilled.seek(0, 2)
            chunks = [*block.rows, *block.texts]
            self._spilled.writelines(chunks)
            self._places.append(list(accumulate(map(len, chunks), initial=start)))
        self._held, self._held_size = [], 0

    def _settle(self) -> None:
        """Takes from the engine what it holds."""
        if self._collected is not None and self._collected.size:
            self._hold(self._collected.take())

    def _read(self, at: int) -> list[bytes]:
        """A part of each block in the file."""
        found = []
        for places in self._places:
            start, end = places[at : at + 2]
            if self._spilled is not None and start < end:
                self._spilled.seek(start)
                found.append(self._spilled.read(end - start))
        return found

    def _blocks(self) -> Iterator[MessageBlock]:
        """What is not left to the engine."""
        yield from self._held
        for places in self._places:
            if self._spilled is not None:
                self._spilled.seek(places[0])
                chunks = [self._spilled.read(end - start) for start, end in pairwise(places)]
                yield MessageBlock(chunks[:PARTS], chunks[PARTS:], {})

    def __getstate__(self) -> tuple[object, ...]:
        """A file cannot be sent to another process: what is in it can."""
        self._settle()
        return self._by, self._has_texts, self._most, list(self._blocks()), self.groups, self.unassigned

    def __setstate__(self, state: "_State") -> None:
        by, has_texts, most, blocks, groups, unassigned = state
        self.__init__(by, has_texts, most)  # type: ignore[misc]
        self.groups, self._unassigned = groups, unassigned
        for block in blocks:
            self._hold(block)
            self._bound()


_State = tuple[Sequence[Key], bool, int, list[MessageBlock], dict[int, tuple[Value, ...]], int]
