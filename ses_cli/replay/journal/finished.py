"""Logs that were followed, sent to their end and left: remembered by how they begin, so that none is sent again.

Their files may lie beside the log for a long time, and a later one may begin as one of them does.
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from ses_cli.replay.journal.identity import HEAD, Mark
from ses_cli.replay.journal.store import Statement

_KEPT = 500  # the latest; of those before it only the sums are kept
_IS_FINISHED = "EXISTS (SELECT 1 FROM finished WHERE log = ?1)"
_FINISH = (
    # not while something of it failed or is unknown
    """INSERT OR IGNORE INTO finished SELECT log, first, delivered FROM log JOIN cursor USING (log) WHERE log = ?1
        AND NOT EXISTS (SELECT 1 FROM exception WHERE exception.log = ?1)""",
    f"""INSERT OR IGNORE INTO mark SELECT log, offset, line, start, digest FROM cursor
        WHERE log = ?1 AND offset > 0 AND {_IS_FINISHED}""",
    f"""DELETE FROM mark WHERE log = ?1 AND {_IS_FINISHED} AND offset NOT IN
        (SELECT min(offset) FROM mark WHERE log = ?1 UNION SELECT max(offset) FROM mark WHERE log = ?1)""",
    f"DELETE FROM done WHERE cursor IN (SELECT cursor FROM cursor WHERE log = ?1) AND {_IS_FINISHED}",
    f"DELETE FROM cursor WHERE log = ?1 AND {_IS_FINISHED}",
    f"DELETE FROM log WHERE log = ?1 AND {_IS_FINISHED}",
)
_FORMER = f"(SELECT log FROM finished ORDER BY log DESC LIMIT -1 OFFSET {_KEPT})"
_ADD = (
    "INSERT INTO meta SELECT '{}', {} FROM finished WHERE log IN {} GROUP BY 1"
    " ON CONFLICT (key) DO UPDATE SET value = value + excluded.value"
)
_FORGET = (
    _ADD.format("finished", "count(*)", _FORMER),
    _ADD.format("forgotten", "coalesce(sum(delivered), 0)", _FORMER),
    f"DELETE FROM mark WHERE log IN {_FORMER}",
    f"DELETE FROM finished WHERE log IN {_FORMER}",
)


class Finished(NamedTuple):
    """How many logs are finished, and how many callbacks of them were delivered."""

    logs: int
    delivered: int


def finish(log: int) -> Iterable[Statement]:
    """Remember of a log no more than is needed, unless something of it is open."""
    yield from ((text, [(log,)]) for text in _FINISH)
    yield from ((text, [()]) for text in _FORGET)


def is_finished(base: sqlite3.Connection, log: int) -> bool:
    """Whether a log is finished."""
    return base.execute("SELECT 1 FROM finished WHERE log = ?", (log,)).fetchone() is not None


def finished_like(base: sqlite3.Connection, first: bytes) -> list[int]:
    """The finished logs whose first line has this digest."""
    return [log for (log,) in base.execute("SELECT log FROM finished WHERE first = ? ORDER BY log", (first,))]


def beginning(marks: list[Mark]) -> list[Mark]:
    """Of the marks of a finished log those near its beginning: one is told by what can be read at once."""
    return [mark for mark in marks if mark.offset <= HEAD] or marks[:1]


def count_finished(base: sqlite3.Connection) -> Finished:
    """All that ever were."""
    logs, delivered = base.execute("SELECT count(*), coalesce(sum(delivered), 0) FROM finished").fetchone()
    before = dict(base.execute("SELECT key, value FROM meta WHERE key IN ('finished', 'forgotten')").fetchall())
    return Finished(logs + before.get("finished", 0), delivered + before.get("forgotten", 0))
