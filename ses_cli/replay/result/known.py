"""What a journal says, as tables and as a JSON document."""

from collections.abc import Iterable, Mapping

from ses_cli.replay.journal import JournalStatus
from ses_cli.table import Column, Kind, Table
from ses_cli.times import rfc3339

_LISTED = 20  # lines by number


def status_tables(path: str, status: JournalStatus) -> list[Table]:
    """The journal as a whole, its logs, and the lines that are not settled."""
    facts = [("journal", path), ("target", status.target or "none yet")]
    facts += [("begun", rfc3339(int(status.created)))] if status.created else []
    facts += [("last attempt", rfc3339(int(status.last_attempt)))] if status.last_attempt else []
    facts.append(("in use", "yes" if status.is_used else "no"))
    if status.finished.logs:
        facts.append(("finished logs", f"{status.finished.logs:,}, with {status.finished.delivered:,} delivered"))
    rows = [
        (log.name, _selection(one.selection), one.delivered, one.line - 1)
        for log in status.logs
        for one in log.progress
    ]
    columns = (
        Column("log", Kind.KEY),
        Column("selection"),
        Column("delivered", Kind.COUNT),
        Column("lines done", Kind.COUNT),
    )
    tables = [Table("", (Column("replay", Kind.KEY), Column("")), facts)]
    return [*tables, *([Table("logs", columns, rows)] if rows else []), *_unsettled(status)]


def status_document(path: str, status: JournalStatus) -> dict[str, object]:
    """The same for programs, with every line that is not settled."""
    return {
        "schema": "ses-events/replay-status@1",
        "journal": path,
        "target": status.target or None,
        "created": rfc3339(int(status.created)) if status.created else None,
        "last_attempt": rfc3339(int(status.last_attempt)) if status.last_attempt else None,
        "in_use": status.is_used,
        "finished": status.finished._asdict(),
        "logs": [
            {
                "name": log.name,
                "progress": [one._asdict() for one in log.progress],
                "failed": list(log.failed),
                "unknown": list(log.unknown),
                "in_flight": list(log.in_flight),
            }
            for log in status.logs
        ],
    }


def _unsettled(status: JournalStatus) -> list[Table]:
    rows = [
        (log.name, what, len(lines), _listed(lines))
        for log in status.logs
        for what, lines in (("failed", log.failed), ("unknown", log.unknown), ("in flight", log.in_flight))
        if lines
    ]
    columns = (Column("log", Kind.KEY), Column("outcome"), Column("count", Kind.COUNT), Column("lines"))
    return [Table("not delivered", columns, rows)] if rows else []


def _listed(lines: Iterable[int]) -> str:
    numbers = [str(line) for line in lines]
    return ", ".join(numbers[:_LISTED]) + (", ..." if len(numbers) > _LISTED else "")


def _selection(scope: Mapping[str, object]) -> str:
    """What selects, in words of the options; the limit of a line's length does not."""
    parts = []
    for name, value in scope.items():
        if name == "max_line":
            continue
        shown = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        parts.append(name if value is True else f"{name} {shown}")
    return "; ".join(parts) or "all"
