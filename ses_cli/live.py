"""A report over a log that is followed; over its last hours or days only, where the period slides with the clock.

A fold cannot forget. So a report over a period that slides is kept in slices by the time of the events, sixty of them
in the period, and beside them as one fold over all of them, which is made anew when a slice has become too old. What
is shown spans the period that was asked for, and at most one slice more.
"""

import pickle
import time
from collections import Counter
from collections.abc import Callable
from typing import Generic, NamedTuple

from ses_cli.batch import Batch, Checks, Seen
from ses_cli.engine import engine
from ses_cli.follow import Follower, LogChange
from ses_cli.pipeline import Reader, Rejects
from ses_cli.scan import Outcome
from ses_cli.scan.parts import F

_SLICES = 60


class Period(NamedTuple):
    """The last seconds, as of now. At least one of the two is set."""

    since: int | None  # so many seconds ago
    until: int | None = None

    @property
    def step(self) -> int:
        """Seconds of a slice."""
        return max((self.since or self.until or 0) // _SLICES, 1)


class LiveReport(Generic[F]):
    """Read with `advance`, again and again; `outcome` is what there is so far."""

    def __init__(
        self,
        path: str,
        name: str,
        make: Callable[[], F],
        checks: Checks,
        on_change: Callable[[LogChange], None],
        *,
        period: Period | None = None,
        rejects: Rejects | None = None,
    ) -> None:
        """`checks` select by the period as it is now; where it slides, `period` says how."""
        if period and period.until is not None:
            checks = checks._replace(selection=checks.selection._replace(until=None))
        self._reader = Reader(checks, rejects)
        self._follower = Follower(path, checks.max_line, on_change)
        self.outcome: Outcome[F] = Outcome(
            make(), [name], self._reader.ledger, self._reader.first, self._follower.errors
        )
        self._pieces = iter(self._follower)
        self._slices = _Slices(make, checks, period) if period else None

    def advance(self, until: float) -> bool:
        """Reads what has come, but not beyond this time of the monotonic clock. Whether all was read."""
        for piece in self._pieces:
            if piece is None:
                return True
            batch = self._reader.read(piece)
            if self._slices:
                self._slices.add(batch, self.outcome.fold)
            else:
                self.outcome.fold.add(batch)
            if piece.source not in self.outcome.sources:
                self.outcome.sources.append(piece.source)
            if time.monotonic() >= until:
                break
        return False

    def slide(self, now: float) -> bool:
        """Leaves out what is too old by now (Unix seconds), and lets in what is old enough. Whether that changed it."""
        if not self._slices:
            return False
        is_changed = self._slices.slide(now)
        if is_changed:
            self.outcome.fold = self._slices.merged()
        ledger = self.outcome.ledger
        ledger.counted = self._slices.count()
        ledger.filtered = ledger.valid - ledger.duplicates - ledger.counted
        return is_changed

    def close(self) -> None:
        """Lets go of the files."""
        self._follower.close()


class _Slices(Generic[F]):
    """Folds by the time of the events, by number. Those in [first, end) are in the period."""

    def __init__(self, make: Callable[[], F], checks: Checks, period: Period) -> None:
        self._make = make
        self._checks = checks
        self._period = period
        since = checks.selection.since
        self._origin = int(time.time()) - (period.since or 0) if since is None else since
        self._folds: dict[int, F] = {}
        self._counts: Counter[int] = Counter()
        self._seen: Seen | None = engine(checks).seen(is_local=True) if checks.selection.dedupe else None
        self._first, self._end = 0, self._bounds(time.time())[1]

    def add(self, batch: Batch, merged: F) -> None:
        """Enters a batch, in `merged` too as far as it is in the period."""
        found = batch.period()
        if found is None:  # it may tell of deliveries all the same, which no filter leaves out
            newest = min(self._number(int(time.time())), self._end - 1)
            self._enter(max(newest, self._first), batch, merged)
            return
        first, last = map(self._number, found)
        if first == last and self._seen is None:
            self._enter(first, batch, merged)
            return
        for number in range(max(first, self._first), last + 1):
            self._enter(number, self._part(batch, number), merged)

    def _number(self, timestamp: int) -> int:
        return (timestamp - self._origin) // self._period.step

    def _part(self, batch: Batch, number: int) -> Batch:
        """The records of one slice."""
        begin = self._origin + number * self._period.step
        selection = self._checks.selection
        end = begin + self._period.step if selection.until is None else min(begin + self._period.step, selection.until)
        part = engine(self._checks._replace(selection=selection._replace(since=begin, until=end))).check(batch.piece)
        if self._seen is not None:
            part.deduplicate(self._seen)
        return part

    def _enter(self, number: int, batch: Batch, merged: F) -> None:
        if number < self._first:
            return
        if number not in self._folds:
            self._folds[number] = self._make()
        self._folds[number].add(batch)
        self._counts[number] += batch.count
        if number < self._end:
            merged.add(batch)

    def _bounds(self, now: float) -> tuple[int, int]:
        period = self._period
        first = 0 if period.since is None else self._number(int(now) - period.since)
        return max(first, 0), 1 << 62 if period.until is None else self._number(int(now) - period.until)

    def slide(self, now: float) -> bool:
        """Whether that changes what is in the period."""
        before = self._within()
        first, self._end = self._bounds(now)
        self._first = max(first, self._first)  # a clock that is set back brings nothing back
        for number in [number for number in self._folds if number < self._first]:
            del self._folds[number], self._counts[number]
        return self._within() != before

    def _within(self) -> list[int]:
        return sorted(number for number in self._folds if number < self._end)

    def count(self) -> int:
        """Records in the period."""
        return sum(self._counts[number] for number in self._within())

    def merged(self) -> F:
        """One fold over the period. Merging takes over parts of what is merged, so that is a copy."""
        merged = self._make()
        for number in self._within():
            merged.merge(pickle.loads(pickle.dumps(self._folds[number])))
        return merged
