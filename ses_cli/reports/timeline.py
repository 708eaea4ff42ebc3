"""Groups in the order of time: the buckets that nothing fell in are there too, and the newest are shown."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ses_cli.reports.kinds import Key

_ENOUGH = 1000  # rows that are filled in whatever they hold
_SPARSE = 4  # beyond, where more than three of four would be empty, they are left out
_LONG_GAP = 3  # empty rows in a row that people see as one


class TimelineRow(NamedTuple):
    """One group."""

    key: tuple[Key, ...]
    number: int | None  # in the tally, None where nothing fell in it


def fill(
    groups: Sequence[TimelineRow], at: int, names: Sequence[str] | None, size: Callable[[TimelineRow], int]
) -> tuple[Sequence[TimelineRow], bool]:
    """Groups of which `key[at]` is a time bucket, in the order of `names`, with those that nothing fell in.

    The largest of what else they are grouped by comes first.
    Where empty ones would be too many they are left out, and False.
    """
    sizes: Counter[tuple[Key, ...]] = Counter()
    for row in groups:
        sizes[_head(row, at)] += size(row)
    heads = sorted(sizes, key=lambda head: (-sizes[head], *map(str, head)))
    if names is None or len(heads) * len(names) > max(_ENOUGH, _SPARSE * len(groups)):
        order = {head: place for place, head in enumerate(heads)}
        return sorted(groups, key=lambda row: (order[_head(row, at)], str(row.key[at]))), False
    numbers = {row.key: row.number for row in groups}
    keys = [(*head[:at], name, *head[at:]) for head in heads for name in names]
    return [TimelineRow(key, numbers.get(key)) for key in keys], True


def _head(row: TimelineRow, at: int) -> tuple[Key, ...]:
    return row.key[:at] + row.key[at + 1 :]


def recent(
    rows: Sequence[TimelineRow], at: int, top: int | None, name: str
) -> tuple[Sequence[TimelineRow], str | None]:
    """The newest buckets, as many that `top` rows are shown, of the first `top` heads; long gaps as one row.

    And what is left out is called, None where nothing is.
    """
    if name == "weekday":
        return rows, None
    heads: dict[tuple[Key, ...], list[TimelineRow]] = {}
    for row in rows:
        heads.setdefault(_head(row, at), []).append(row)
    lines = list(heads.values())
    if top is None:
        return [row for line in lines for row in _folded(line, at)], None
    each = max(top // len(lines), 1) if lines else 0
    kept, left = [], 0
    for place, line in enumerate(lines):
        seen = _folded(line, at)[-each:] if place < top else []
        kept += seen
        left += len(line) - sum(_width(row, at) for row in seen)
    what = "earlier" if len(lines) == 1 else "more"
    return kept, f"{left:,} {what}" if left else None


class _Gap(str):
    """The name of buckets that nothing fell in."""

    n: int


def _folded(line: Sequence[TimelineRow], at: int) -> list[TimelineRow]:
    folded: list[TimelineRow] = []
    gap: list[TimelineRow] = []
    for row in [*line, None]:
        if row is not None and row.number is None:
            gap.append(row)
            continue
        folded += [_gap(gap, at)] if len(gap) >= _LONG_GAP else gap
        gap = []
        folded += [row] if row else []
    return folded


def _gap(gap: Sequence[TimelineRow], at: int) -> TimelineRow:
    name = _Gap(f"... {len(gap):,} without events")
    name.n = len(gap)
    key = gap[0].key
    return TimelineRow((*key[:at], name, *key[at + 1 :]), None)


def _width(row: TimelineRow, at: int) -> int:
    name = row.key[at]
    return name.n if isinstance(name, _Gap) else 1
