"""What a journal says, read without a trace, while a run is using it too."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from ses_cli.errors import SourceError
from ses_cli.leftovers import temporary_directory
from ses_cli.replay.journal import store
from ses_cli.replay.journal.entry import State
from ses_cli.replay.journal.finished import Finished, count_finished
from ses_cli.replay.journal.opening import closing_base, read_meta, snapshot
from ses_cli.replay.journal.sqlite import FLIGHT


class LogProgress(NamedTuple):
    """How far a log is sent in one selection."""

    selection: Mapping[str, object]  # as `Scope.dump` has it
    delivered: int
    line: int  # all selected lines before this one are done, but for those that failed and those that are unknown
    offset: int  # bytes: where that line begins


class LogStatus(NamedTuple):
    """What is known of one log. Lines count from 1 and rise."""

    name: str
    progress: Sequence[LogProgress]
    failed: Sequence[int]
    unknown: Sequence[int]
    in_flight: Sequence[int]  # of the run that is using the journal


class JournalStatus(NamedTuple):
    """What is known of one target. Times are Unix seconds."""

    target: str  # masked
    created: float
    last_attempt: float  # 0: none
    is_used: bool  # a run is using it now
    finished: Finished  # logs that were followed, sent to their end and left; they are not among the others
    logs: Sequence[LogStatus]


def read_status(path: Path) -> JournalStatus:
    """Raises SourceError where there is no journal, or it is damaged."""
    if not path.exists():
        raise SourceError(f"{path}: no such journal", "replay --dry-run shows where the journal is")
    with temporary_directory() as folder:
        copy = folder / "journal"
        is_used = snapshot(path, copy)
        with closing_base(str(copy)) as base, store.reading(path):
            if not store.is_whole(base, path):
                return JournalStatus("", 0, 0, is_used, Finished(0, 0), [])
            base.executescript(store.FINISHED)
            entries, time = base.execute("SELECT entries, time FROM flight").fetchone()
            flight: dict[int, list[int]] = {}
            for log, line, *_ in FLIGHT.iter_unpack(entries):
                flight.setdefault(log, []).append(line)
            names = base.execute("SELECT log, name FROM log ORDER BY log").fetchall()
            logs = [_log(base.execute, number, name, sorted(flight.get(number, ())), is_used) for number, name in names]
            created = float(read_meta(base, "created") or 0)
            return JournalStatus(read_meta(base, "target"), created, time, is_used, count_finished(base), logs)


def _log(execute: Any, number: int, name: str, flight: list[int], is_used: bool) -> LogStatus:
    rows = execute("SELECT scope, delivered, line, offset FROM cursor WHERE log = ? ORDER BY cursor", (number,))
    progress = [LogProgress(orjson.loads(scope), *row) for scope, *row in rows]
    lines: dict[int, list[int]] = {State.FAILED: [], State.UNKNOWN: []}
    for line, state in execute("SELECT line, state FROM exception WHERE log = ? ORDER BY line", (number,)):
        lines.setdefault(state, []).append(line)
    # what a killed run had in flight is unknown from now on
    unknown = lines[State.UNKNOWN] if is_used else sorted({*lines[State.UNKNOWN], *flight})
    left = set(unknown)
    failed = [line for line in lines[State.FAILED] if line not in left]
    return LogStatus(name, progress, failed, unknown, flight if is_used else [])
