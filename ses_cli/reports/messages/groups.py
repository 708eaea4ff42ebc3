"""Messages by receiver, sender or template, for people."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ses_cli.batch import Value as Key
from ses_cli.message import Count, Totals, merged
from ses_cli.reports.messages.counts import QUANTILES
from ses_cli.table import Column, Kind, Table, Value

Groups = Sequence[tuple[tuple[Key, ...], Totals]]

_ENDS = (
    ("delivered", Count.DELIVERED),
    ("bounced", Count.BOUNCED),
    ("dropped", Count.DROPPED),
    ("no end", Count.PENDING),
    ("end not in log", Count.NOT_LOGGED),
)
_READ = (("clicked", Count.CLICKED), ("spam reports", Count.COMPLAINED), ("unsubscribed", Count.UNSUBSCRIBED))
_TITLES = {"domain": "receiver domain", "from-domain": "sender domain"}


class GroupsShown(NamedTuple):
    """Groups as a table shows them: the largest, what the rest come to, and what all do."""

    by: Sequence[str]
    groups: Groups
    left: int  # groups in the rest
    rest: Totals
    whole: Totals


def tables(by: Sequence[str], groups: Groups, whole: Totals, top: int | None) -> list[Table]:
    """What became of the messages of each group, and how long it took: the largest first, one row for the rest."""
    if not groups:
        return []
    first = groups[:top]
    left = groups[len(first) :]
    shown = GroupsShown(by, first, len(left), merged(totals for _, totals in left), whole)
    title = " and ".join(_TITLES.get(name, name) for name in by)
    found = [_became(shown, f"by {title}")]
    return [*found, _took(shown, f"from sent to delivered, by {title}")] if whole[Count.DELIVERED] else found


def _became(shown: GroupsShown, title: str) -> Table:
    whole = shown.whole
    ends = [(name, count) for name, count in _ENDS if whole[count] or count is Count.DELIVERED]
    shares = [Column(name, Kind.SHARE) for name, _ in ends]
    read = [Column(name, Kind.SHARE, 1) for name in ("opened", "not by proxy", *dict(_READ))]

    def row(totals: Totals) -> list[Value]:
        total, arrived = totals[Count.TOTAL], totals[Count.DELIVERED] + totals[Count.NOT_LOGGED]
        people = totals[Count.OPENED] - totals[Count.OPENED_BY_MACHINE_ONLY]
        acts = [totals[Count.OPENED], people, *(totals[count] for _, count in _READ)]
        return [total, *(_share(totals[count], total) for _, count in ends), *(_share(n, arrived) for n in acts)]

    arrived = "delivered" if not whole[Count.NOT_LOGGED] else "delivered or read"
    note = f"opened and what follows are shares of the messages {arrived}, the others of all messages"
    return _table(shown, title, [Column("messages", Kind.COUNT), *shares, *read], row, [note])


def _took(shown: GroupsShown, title: str) -> Table:
    columns = [Column(name, Kind.DURATION) for name in (*QUANTILES, "max")]
    columns += [Column("retried", Kind.SHARE), Column("to first open p50", Kind.DURATION), Column("p90", Kind.DURATION)]

    def row(totals: Totals) -> list[Value]:
        retries, tried = totals.retries.counts, totals.retries.counts.total()
        times = totals.to_delivered.quantiles(*QUANTILES.values())
        retried = _share(tried - retries[0], tried)
        return [*times, totals.to_delivered.most, retried, *totals.to_open.quantiles(50, 90)]

    return _table(shown, title, columns, row, [])


def _table(
    shown: GroupsShown, title: str, columns: Sequence[Column], row: Callable[[Totals], list[Value]], notes: list[str]
) -> Table:
    empty = [""] * (len(shown.by) - 1)
    return Table(
        title,
        [*(Column(name.replace("-", " "), Kind.KEY) for name in shown.by), *columns],
        [[*values, *row(totals)] for values, totals in shown.groups],
        rest=[f"{shown.left:,} more", *empty, *row(shown.rest)] if shown.left else None,
        total=["total", *empty, *row(shown.whole)],
        notes=notes,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
