"""Counts of events by group, in columns: a million groups have to fit."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from operator import add
from typing import TYPE_CHECKING, Any, Self

from ses_cli.batch import Batch, Counts, Value
from ses_cli.batch import Key as BatchKey
from ses_cli.engine import collected_counts
from ses_cli.events import HARD, SOFT
from ses_cli.reports.kinds import UNTYPED, Group, kind, minus, plus

if TYPE_CHECKING:
    from ses_cli.batch.collected import Collected

# A tally as it travels and is kept: keys, groups, columns, how many groups are left out, and their records by kind
TallyState = tuple[list[str], list[Group], dict[str, list[int]], int, dict[str, int]]

_KINDS = {HARD: ("bounce", HARD), SOFT: ("bounce", SOFT), UNTYPED: ("bounce", None)}  # by event and bounce type
_KIND_KEYS = (BatchKey.EVENT, BatchKey.BOUNCE_TYPE)
_AT_ONCE = 1000  # groups that are named together
_MOST_PENDING = 10_000  # at some hundred bytes each


class Tally:  # noqa: PLW1641 - what changes is not hashed
    """One number for each group, and one column of counts for each kind of event.

    A kind is an event type; of bounces hard_bounce, soft_bounce or untyped_bounce. What an engine collected stays with
    it, unless it is called something else here, or other counts are added. Counts by its keys wait to be entered
    together: batch after batch has the same.
    """

    def __init__(self, keys: Sequence[BatchKey] = ()) -> None:
        """`keys`: what an engine counts such groups by, if one can take them."""
        self._keys = keys
        self._groups: list[Group] = []
        self._numbers: dict[Group, int] = {}
        self._columns: dict[str, array[int]] = {}  # shorter than the groups where the last have none
        self._collected: Collected | None = None
        self._enter: Enter | None = None
        self._pending: Counter[tuple[Value, ...]] = Counter()
        self._enter_pending: Callable[[Tally, Counts], object] | None = None
        self._left = 0  # groups that are not there any more, and
        self._left_counts: dict[str, int] = {}  # their records by kind

    def __eq__(self, other: object) -> bool:
        """Whether both counted the same, in whatever order."""
        return isinstance(other, Tally) and self._by_group() == other._by_group()

    def _by_group(self) -> dict[Group, dict[str, int]]:
        self._settle()
        return {group: self.counts(number) for number, group in enumerate(self._groups)}

    def __len__(self) -> int:
        """How many groups there are."""
        held = self._held()
        return len(self._groups) + self._left if held is None else len(held)

    def collect(self, batch: Batch, keys: Sequence[BatchKey], enter: Enter | None) -> bool:
        """Leaves counting to the engine until the counts are asked for. Whether it does that.

        `enter` adds then what it collected to a tally; None where its groups are those that are told.
        """
        collected = batch.collect(keys, self._collected)
        if collected is None:
            return False
        self._collected, self._enter = collected, enter
        return True

    def hold(self, batch: Batch, keys: Sequence[BatchKey], enter: Callable[[Tally, Counts], object]) -> None:
        """Takes in the counts of a batch by keys, always the same ones, which `enter` adds to the groups later."""
        batch.add_counts(keys, self._pending)
        self._have_entered(enter)

    def _have_entered(self, enter: Callable[[Tally, Counts], object]) -> None:
        self._enter_pending = enter
        if len(self._pending) > _MOST_PENDING:
            self._settle()

    def __getstate__(self) -> TallyState:
        """Copies, and what goes to another process, hold the groups themselves."""
        held, count = self._held(), len(self._groups)
        if held is None:
            columns = {name: [*column, *[0] * (count - len(column))] for name, column in self._columns.items()}
            return list(map(str, self._keys)), self._groups, columns, self._left, self._left_counts
        numbers = held.largest()
        return list(map(str, held.keys)), _told(held, numbers), self.columns(numbers), 0, {}

    def __setstate__(self, state: TallyState) -> None:
        keys, groups, columns, left, left_counts = state
        self.__init__(list(map(BatchKey, keys)))  # type: ignore[misc]
        self._left, self._left_counts = left, left_counts
        self._collected = self._collected_elsewhere(groups, columns) if keys and groups and not left else None
        if self._collected is None:
            self.add_columns(groups, columns)

    def _collected_elsewhere(self, groups: list[Group], columns: dict[str, list[int]]) -> Collected | None:
        is_one = len([key for key in self._keys if key not in _KIND_KEYS]) == 1
        values: Any = [groups] if is_one else list(zip(*groups, strict=True))
        counts = {_KINDS.get(name, (name, None)): column for name, column in columns.items()}
        return collected_counts(self._keys, values, counts)

    def split(self, count: int) -> list[Tally]:
        """The groups in so many parts, the same group always in the same one."""
        from zlib import crc32  # start-up

        keys, groups, columns, *_ = self.__getstate__()
        parts = [Tally(list(map(BatchKey, keys))) for _ in range(count)]
        places: list[list[int]] = [[] for _ in parts]
        for place, group in enumerate(groups):
            name = str(group) if isinstance(group, str) else "\0".join(_name(group))
            places[crc32(name.encode(errors="surrogatepass")) % count].append(place)
        for part, own in zip(parts, places, strict=True):
            some = {name: [column[place] for place in own] for name, column in columns.items()}
            part.add_columns([groups[place] for place in own], some)
        return parts

    def keep(self, top: int) -> None:
        """Lets go of all groups but the largest, as if they were one. No group of those may come again."""
        kept, sums, groups = list(self.largest(top)), self.sums(), len(self)
        names, columns = [group for group, _ in kept], self.columns([number for _, number in kept])
        self.__init__()  # type: ignore[misc]
        self.add_columns(names, columns)
        self._left, self._left_counts = groups - len(names), minus(sums, self.sums())

    def _held(self) -> Collected | None:
        """What an engine collected, if that is all there is, and as it is told."""
        if self._enter is None and not self._groups and not self._pending and not self._left:
            return self._collected
        self._settle()
        return None

    def _settle(self) -> None:
        collected, enter, self._collected, self._enter = self._collected, self._enter or _enter, None, None
        if collected is not None:
            enter(self, collected)
        pending, enter_pending, self._pending, self._enter_pending = self._pending, self._enter_pending, Counter(), None
        if enter_pending is not None:
            enter_pending(self, pending)

    def add(self, event: str, bounce_type: str | None, group: Group, n: int) -> None:
        """Counts n records."""
        self._add(kind(event, bounce_type), self._number(group), n)

    def add_columns(self, groups: Sequence[Group], columns: Mapping[str, Sequence[int]]) -> None:
        """Counts records of groups, in columns by kind. A group may come several times."""
        if not self._groups:
            self._numbers = dict(zip(groups, count(), strict=False))
            if len(self._numbers) == len(groups):
                self._groups = list(groups)
                self._columns = {name: _column(column) for name, column in columns.items()}
                return
            self._numbers = {}
        numbers = list(map(self._number, groups))
        for name, column in columns.items():
            for number, n in zip(numbers, column, strict=False):
                if n:
                    self._add(name, number, n)

    def merge(self, later: Self) -> None:
        """Counts what another has counted, which is spent then."""
        if later._collected is not None:
            if self._collected is None:
                self._collected, self._enter = later._collected, later._enter
            else:
                self._collected.merge(later._collected)
            later._collected = None
        self.add_columns(later._groups, later._columns)
        self._keys = self._keys or later._keys
        self._left, self._left_counts = self._left + later._left, plus(self._left_counts, later._left_counts)
        if later._enter_pending is not None:
            self._pending.update(later._pending)
            self._have_entered(later._enter_pending)

    def _number(self, group: Group) -> int:
        number = self._numbers.setdefault(group, len(self._groups))
        if number == len(self._groups):
            self._groups.append(group)
        return number

    def _add(self, name: str, number: int, n: int) -> None:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = array("I")
        try:
            column[number] += n
        except IndexError:
            column.frombytes(bytes(column.itemsize * (number + 1 - len(column))))
            self._add(name, number, n)
        except OverflowError:
            self._columns[name] = array("Q", column)
            self._add(name, number, n)

    def counts(self, number: int | None) -> dict[str, int]:
        """The counts of a group by kind, of the kinds it has; None is a group that nothing fell in."""
        return {name: n for name, (n,) in self.columns([number]).items() if n}

    def columns(self, numbers: Sequence[int | None]) -> dict[str, list[int]]:
        """The counts of several groups by kind, in columns."""
        held = self._held()
        if held is not None:
            columns = held.columns([number for number in numbers if number is not None])
            return {kind(*key): column for key, column in columns.items()}
        return {
            name: [column[number] if number is not None and number < len(column) else 0 for number in numbers]
            for name, column in self._columns.items()
        }

    def totals(self) -> array[int]:
        """The records of each group."""
        self._settle()
        totals = array("Q", bytes(8 * len(self._groups)))
        for column in self._columns.values():
            totals[: len(column)] = array("Q", map(add, totals, column))
        return totals

    def sums(self) -> dict[str, int]:
        """The counts of all groups together, by kind."""
        held = self._held()
        if held is not None:
            return {kind(*key): n for key, n in held.sums().items()}
        return plus({name: sum(column) for name, column in self._columns.items()}, self._left_counts)

    def largest(self, top: int | None = None) -> Iterator[tuple[Group, int]]:
        """Groups and their numbers: those with the most records first, among equals by name; the first `top`."""
        held = self._held()
        if held is not None:
            numbers = held.largest(top)
            some = (numbers[at : at + _AT_ONCE] for at in range(0, len(numbers), _AT_ONCE))
            return ((group, number) for part in some for group, number in zip(_told(held, part), part, strict=True))
        groups, totals = self._groups, self.totals()
        names = list(map(_name, groups))
        if top is None:
            places = sorted(range(len(groups)), key=names.__getitem__)
            places.sort(key=totals.__getitem__, reverse=True)
        else:
            from heapq import nsmallest  # start-up

            places = nsmallest(top, range(len(groups)), key=lambda number: (-totals[number], names[number]))
        return ((groups[number], number) for number in places)


def _column(counts: Sequence[int]) -> array[int]:
    try:
        return array("I", counts)
    except OverflowError:
        return array("Q", counts)


Enter = Callable[[Tally, "Collected"], object]


def _enter(tally: Tally, collected: Collected) -> None:
    numbers = collected.largest()
    columns = {kind(*key): column for key, column in collected.columns(numbers).items()}
    tally.add_columns(_told(collected, numbers), columns)


def _told(collected: Collected, numbers: Sequence[int]) -> list[Group]:
    columns = collected.values(numbers)
    return list(columns[0]) if len(columns) == 1 else list(zip(*columns, strict=True))


def _name(group: Group) -> tuple[str, ...]:
    return tuple(map(str, group)) if isinstance(group, tuple) else (str(group),)
