"""Counts of events by group: the rows, the totals and the rates.

Rates and their denominators: delivery rate and bounce rate are `delivered` and `bounce` divided by
`delivered + bounce + dropped`, the records that tell how a mail ended. A group without any has no rate.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from ses_cli.events import EVENTS, HARD, LEGACY_EVENTS, SOFT
from ses_cli.reports.groups import Key
from ses_cli.table import Column, Data, Kind, Table, Value

UNTYPED = "untyped_bounce"  # a bounce without a bounceType
Counts = Counter[str]  # event type, hard_bounce, soft_bounce or untyped_bounce -> n
Groups = dict[tuple[Key, ...], Counts]

_TITLES = {"spamreport": "spam report", HARD: "hard bounce", SOFT: "soft bounce", UNTYPED: "untyped bounce"}
_COLUMNS = [name for event in EVENTS for name in ((HARD, SOFT, UNTYPED) if event == "bounce" else (event,))]


def grouped(counted: Iterable[tuple[str, str | None, tuple[Key, ...], int]]) -> Groups:
    """(event, bounceType, key, n) by key: the largest first, then by key."""
    groups: Groups = {}
    for event, bounce_type, key, n in counted:
        counts = groups.setdefault(key, Counter())
        counts[event] += n
        if event == "bounce":
            counts[bounce_type or UNTYPED] += n
    return dict(sorted(groups.items(), key=lambda item: (-total(item[1]), *map(str, item[0]))))


def total(counts: Counts) -> int:
    """Records of a group."""
    return sum(counts[event] for event in EVENTS)


def filled(groups: Groups, at: int, names: Sequence[str] | None) -> tuple[Groups, bool]:
    """Groups of which `key[at]` is a time bucket, in the order of `names`, with those that nothing fell in.

    Where these would be too many, only the others, and False.
    """
    heads: Groups = {}
    for key, counts in groups.items():
        heads.setdefault(key[:at] + key[at + 1 :], Counter()).update(counts)
    if names is None or len(heads) * len(names) > 100_000:
        return dict(sorted(groups.items(), key=lambda item: str(item[0][at]))), False
    order = sorted(heads, key=lambda head: (-total(heads[head]), *map(str, head)))
    keys = [(*head[:at], name, *head[at:]) for head in order for name in names]
    return {key: groups.get(key, Counter()) for key in keys}, True


def data(by: Sequence[str], groups: Groups) -> Data:
    """Groups for programs: the key, `total`, one count for each event type, `hard_bounce` and `soft_bounce`."""
    legacy = [event for event in LEGACY_EVENTS if any(counts[event] for counts in groups.values())]
    events = [event for event in EVENTS if event not in LEGACY_EVENTS] + legacy
    counted = (*events, HARD, SOFT)
    names = [*(name.replace("-", "_") for name in by), "total", *counted]
    return Data(names, [[*key, total(n), *(n[event] for event in counted)] for key, n in groups.items()])


def table(title: str, by: Sequence[str], groups: Groups, top: int | None, has_bars: bool) -> Table:
    """Groups for eyes: one column for each event type met, the largest `top` and a row for the rest."""
    whole: Counts = _sum(groups.values())
    view = _View(by, whole, max(map(total, groups.values()), default=0) if has_bars else None)
    cut = len(groups) if top is None or has_bars else top
    listed = list(groups.items())
    return Table(
        title,
        view.columns(),
        [view.row(key, counts) for key, counts in listed[:cut]],
        rest=view.row([f"{len(listed) - cut:,} more"], _sum(n for _, n in listed[cut:])) if listed[cut:] else None,
        total=view.row(["total"], whole) if listed else None,
    )


class _View:
    """The columns that this log asks for."""

    def __init__(self, by: Sequence[str], whole: Counts, largest: int | None) -> None:
        self._by = by
        self._events = [] if "event" in by else [name for name in _COLUMNS if whole[name]]
        self._largest = largest  # total of a group, None for no bars

    def columns(self) -> list[Column]:
        keys = [Column(name.replace("-", " "), Kind.KEY) for name in self._by]
        bars = [] if self._largest is None else [Column("", Kind.BAR)]
        counts = [Column(_TITLES.get(name, name), Kind.COUNT) for name in self._events]
        rates = [Column("delivery rate", Kind.SHARE), Column("bounce rate", Kind.SHARE)] if self._events else []
        return [*keys, Column("total", Kind.COUNT), *bars, *counts, *rates]

    def row(self, key: Sequence[Key], counts: Counts) -> list[Value]:
        n = total(counts)
        keys = [*key, *[""] * (len(self._by) - len(key))]
        is_sum = self._largest is not None and n > self._largest
        bars: list[Value] = [] if self._largest is None else [None if is_sum else n / (self._largest or 1)]
        return [*keys, n, *bars, *(counts[name] for name in self._events), *(_rates(counts) if self._events else [])]


def _sum(groups: Iterable[Counts]) -> Counts:
    whole: Counts = Counter()
    for counts in groups:
        whole.update(counts)
    return whole


def _rates(counts: Counts) -> list[Value]:
    ended = counts["delivered"] + counts["bounce"] + counts["dropped"]
    return [counts[event] / ended if ended else None for event in ("delivered", "bounce")]
