"""Messages to be looked at, for people: those without an end, and those whose callbacks contradict each other."""

from collections.abc import Sequence
from typing import NamedTuple

from ses_cli.message import FLAG_COUNTS, FLAGS, Count, Life, Totals
from ses_cli.reports.messages.rows import ENDS
from ses_cli.table import Column, Kind, Table
from ses_cli.times import duration


class Named(NamedTuple):
    """A message with its texts."""

    bulk_id: str
    email: str
    life: Life


def pending(found: Sequence[Named], count: int, seconds: int, now: int) -> Table:
    """The messages that wait for their end, the longest first."""
    columns = (
        Column("waiting", Kind.DURATION),
        Column("since", Kind.TIME),
        Column("deferred", Kind.COUNT),
        Column("address", Kind.KEY),
        Column("bulkId"),
    )
    rows = [
        (now - named.life.since, named.life.since, named.life.deferrals, named.email, named.bulk_id) for named in found
    ]
    title = f"without an end for more than {duration(seconds)} when the log ends: {count:,}"
    return Table(title, columns, rows, notes=_more(count, len(found)))


def sequences(totals: Totals, notes: list[str]) -> list[Table]:
    """How often there is what cannot be; no table where there is none."""
    if not totals[Count.IMPOSSIBLE]:
        return []
    columns = (Column("sequence", Kind.KEY), Column("messages", Kind.COUNT), Column("what it is"))
    counted = [(name, totals[FLAG_COUNTS[flag]], text) for flag, (name, text) in FLAGS.items()]
    total = ("messages", totals[Count.IMPOSSIBLE], "one may be in several rows")
    return [Table("what cannot be", columns, [row for row in counted if row[1]], total=total, notes=notes)]


def messages(found: Sequence[Named], count: int) -> Table:
    """The messages of which the callbacks contradict each other."""
    columns = (
        Column("since", Kind.TIME),
        Column("address", Kind.KEY),
        Column("end"),
        Column("sequence"),
        Column("bulkId"),
    )
    rows = [(one.life.since, one.email, ENDS.get(one.life.end), _names(one.life), one.bulk_id) for one in found]
    return Table(f"messages that cannot be so: {count:,}", columns, rows, notes=_more(count, len(found)))


def _names(life: Life) -> str:
    return ", ".join(name for flag, (name, _) in FLAGS.items() if flag in life.flags)


def _more(count: int, shown: int) -> list[str]:
    return [f"{count - shown:,} more: --top all, or -f ndjson"] if count > shown else []
