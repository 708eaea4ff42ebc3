"""A log in the memory of a run: what is open, and what is known of its lines from runs before."""

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from struct import Struct
from typing import NamedTuple

from ses_cli.batch.records import Row
from ses_cli.callback import Callback
from ses_cli.replay.journal.entry import Entry, State
from ses_cli.replay.journal.identity import SEGMENT, HashedSpan, Mark, Trail, thin

Exceptional = tuple[int, int, bytes]  # line, state, id
MARK = Struct("<QQQ16s")
_GATHERED = 16  # marks are written when they span this fraction of the log
_ENCODED = 256  # lines done beyond the frontier that are written anew with each commit; more go into rows of their own


class Other(NamedTuple):
    """How far a run with another scope came, and what it sent of the records before."""

    line: int
    takes: Callable[[Callback], bool] | None  # None: all

    def has(self, line: int, record: Callback | None) -> bool:
        """Whether it has sent a record."""
        return line < self.line and (self.takes is None or (record is not None and self.takes(record)))


class Passed:
    """Callbacks that others have delivered, behind one that is open."""

    def __init__(self) -> None:
        self.count = 0


class Exceptions:
    """Lines that are not done though they lie before the frontier, or that were settled beyond it, in rising order.

    They are fetched a thousand at a time, as the log is read: there may be millions.
    """

    def __init__(self, fetch: Callable[[int], list[Exceptional]]) -> None:
        """`fetch` gives the next lines behind a line."""
        self._fetch = fetch
        self._rows: Iterator[Exceptional] = iter(())
        self._next: Exceptional | None = (0, 0, b"")
        self._last = 0

    @property
    def is_over(self) -> bool:
        """Whether there are none behind the line that was asked for last."""
        return self._next is None

    def state(self, line: int, identity: bytes) -> State | None:
        """What is known of a line, if it is still the same. Call it with rising ones."""
        while self._next is not None and self._next[0] < line:
            self._next = next(self._rows, None)
            if self._next is None:
                rows = self._fetch(max(self._last, line - 1))
                self._rows, self._next = iter(rows[1:]), rows[0] if rows else None
                self._last = rows[-1][0] if rows else line
        if self._next is None or self._next[0] != line or self._next[2] != identity:
            return None
        return State(self._next[1])


class OpenLog:
    """One log of a run, as far as its own scope goes."""

    def __init__(self, number: int, cursor: int, frontier: Mark, exceptions: Exceptions) -> None:
        self.number = number
        self.cursor = cursor
        self.frontier = frontier  # as it is on disk
        self.began = frontier.line  # what lies before it is known to be done, but for exceptions
        self.origin = (number, 1 << 62)  # whose exceptions these are, up to which line: it may begin like another log
        self.is_only_looked_at = False  # what is admitted is not sent in this run
        self._is_blocked = False
        self.is_closing = False  # nothing is gathered any more
        self.is_retired = False  # it is read to its end, for good
        self.pending = 0  # callbacks that are admitted and not final
        self.recounts = False  # what lies before `began` was not counted
        self.trail = Trail(frontier.offset, frontier.line)
        self.exceptions = exceptions
        self.others: list[Other] = []
        self.found = 0  # callbacks found delivered that were not counted when the log was opened
        self.delivered = 0  # callbacks to be counted as delivered with the next commit
        self.marks: list[int] = []  # offsets of the marks on disk, rising
        self.spilled = 0  # the last line that has a row of its own as done beyond the frontier
        self.written: bytes | None = None  # what `encode_lines` gave, as it is on disk
        self.pending_name: str | None = None  # of a log that had no line yet when it was opened
        self._top = frontier  # behind the last line that is done, as of runs before
        self._done: dict[int, bool] = {}  # lines delivered beyond it in runs before; whether by this scope
        self._beyond: set[int] = set()  # lines that this scope has delivered behind one that is open
        self._open: deque[Entry | Passed] = deque()  # from the frontier on, in the order of the log

    def restore(self, encoded: bytes | None, spilled: list[int]) -> None:
        """What this scope had done beyond its frontier."""
        tops, lines = decode_lines(encoded)
        self._done |= dict.fromkeys([*lines, *spilled], True)
        self._beyond.update(lines)
        self._top = max([self._top, *tops])
        self.spilled = max(spilled, default=0)
        self.written = encoded

    def restore_other(self, encoded: bytes | None, spilled: list[int]) -> None:
        """What another scope had done beyond its frontier."""
        for line in [*decode_lines(encoded)[1], *spilled]:
            self._done.setdefault(line, False)

    def take_marks(self, end: int) -> tuple[list[Mark], list[int]]:
        """The marks up to a place to be written, and the offsets of those on disk to be dropped for them.

        Most would be dropped soon after, so they are gathered until they span a part of the log.
        """
        waiting = self.trail.marks
        if not self.is_closing and len(waiting) * SEGMENT * _GATHERED < end:
            return [], []
        marks: dict[int, Mark] = {}
        while waiting and waiting[0].offset <= end:
            mark = waiting.popleft()
            marks[mark.offset] = mark
        if not marks:
            return [], []
        offsets = sorted({*self.marks, *marks})
        dropped = set(thin(offsets))
        on_disk = dropped.intersection(self.marks)
        self.marks = [offset for offset in offsets if offset not in dropped]
        return [mark for offset, mark in marks.items() if offset not in dropped], sorted(on_disk)

    def admit(self, rows: Sequence[Row], records: Sequence[Callback] | None) -> list[Entry]:
        """The next callbacks, of one piece, and what is known of them."""
        is_known = not self.exceptions.is_over or self._done or self.others
        if is_known or self._is_blocked or self.is_only_looked_at or not rows or rows[0].line < self.began:
            return [self._admit(*row) for row in zip(rows, records or repeat(None), strict=False)]
        entries, number, trail = [], self.number, self.trail
        place, end = None, -1
        never = State.NEVER
        for line, offset, _, _, _, _, _, identity in rows:
            if offset >= end:
                place = trail.reach(offset, line)
                end = place.end
            entry = Entry(number, line, offset, identity, never)
            entry.place = place
            entries.append(entry)
        trail.reach(rows[-1].offset, rows[-1].line)
        self._open.extend(entries)
        self.pending += len(entries)
        return entries

    def _admit(self, row: Row, record: Callback | None) -> Entry:
        line, offset, identity = row.line, row.offset, row.id
        entry = Entry(self.number, line, offset, identity, State.NEVER)
        if not self.exceptions.is_over and (state := self.exceptions.state(line, identity)) is not None:
            entry.state = entry.row = state
        elif (line < self.began or self._done or self.others) and self._is_done(entry, record):
            entry.state, entry.is_final = State.DELIVERED, True
            return entry
        self.pending += 1
        if line >= self.began and not self._is_blocked:
            entry.place = self.trail.reach(offset, line)
            self._open.append(entry)
            self._is_blocked = self.is_only_looked_at  # at this one the frontier stays, so the others need not be kept
        return entry

    def _is_done(self, entry: Entry, record: Callback | None) -> bool:
        line = entry.line
        if line < self.began:
            self.found += self.recounts
            self.delivered += self.recounts
        elif self._done.get(line):
            self._keep(entry)
        elif line in self._done or any(other.has(line, record) for other in self.others):
            self._pass()
        else:
            return False
        return True

    def _keep(self, entry: Entry) -> None:
        """One that this scope had delivered beyond its frontier: so it stays until the frontier has passed it."""
        if self._open:
            self._open.append(entry)
        else:
            self._beyond.discard(entry.line)

    def _pass(self) -> None:
        """One that another scope had delivered. On disk it is counted when the frontier passes it."""
        self.found += 1
        if not self._open:
            self.delivered += 1
            return
        last = self._open[-1]
        if not isinstance(last, Passed):
            last = Passed()
            self._open.append(last)
        last.count += 1

    def deliver(self, lines: Sequence[int]) -> None:
        """These lines are delivered in this run."""
        self.delivered += len(lines)
        began = self.began
        self._beyond.update([line for line in lines if line >= began])

    def advance(self) -> Mark:
        """The first place that is not done.

        It may lag behind lines that are not selected: whether there is more to come of a piece, the next one tells.
        """
        while self._open:
            head = self._open[0]
            if isinstance(head, Passed):
                self.delivered += head.count
            elif head.is_final:
                self._beyond.discard(head.line)
            else:
                assert isinstance(head.place, HashedSpan)
                is_here = head.offset == self.frontier.offset
                return self.frontier if is_here else head.place.mark(head.offset, head.line)
            self._open.popleft()
        end = self.trail.here()
        return end if end.offset > self.frontier.offset else self.frontier

    def spill(self) -> list[int]:
        """Lines done beyond the frontier that are too many to be written anew each time."""
        if len(self._beyond) <= _ENCODED:
            return []
        lines = sorted(self._beyond)
        self._beyond.clear()
        self.spilled = max(self.spilled, lines[-1])
        return lines

    def encode_lines(self) -> bytes | None:
        """The other lines done beyond the frontier, behind the mark by which these lines are told again."""
        if not self._beyond and not self.spilled:
            return None
        here = self.trail.here()
        top = here if here.offset > self._top.offset else self._top
        return MARK.pack(*top) + array("Q", self._beyond).tobytes()

    def cut(self, mark: Mark, line: int) -> None:
        """What stood from this line on is gone."""
        kept: deque[Entry | Passed] = deque()
        for item in self._open:
            if isinstance(item, Entry) and item.line >= line:
                item.is_lost = True
            else:
                kept.append(item)
        self._open = kept
        self._beyond = {done for done in self._beyond if done < line}
        self._done = {done: own for done, own in self._done.items() if done < line}
        self.others = [Other(min(other.line, line), other.takes) for other in self.others]
        self.exceptions = Exceptions(lambda _: [])  # what comes is new
        self.began, self.frontier = min(self.began, line), min(self.frontier, mark)
        marks = [reached for reached in self.trail.marks if reached.offset <= mark.offset]
        self.trail, self._top = Trail(mark.offset, mark.line), min(self._top, mark)
        self.trail.marks.extend(marks)
        self.marks = [*(offset for offset in self.marks if offset < mark.offset), mark.offset]


def decode_lines(beyond: bytes | None) -> tuple[list[Mark], list[int]]:
    """The lines that `encode_lines` was given, and their mark if there is one."""
    if not beyond:
        return [], []
    lines = array("Q")
    lines.frombytes(beyond[MARK.size :])
    return [Mark._make(MARK.unpack_from(beyond))], list(lines)
