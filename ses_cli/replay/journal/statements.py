"""What a commit writes of one log."""

from ses_cli.replay.journal.identity import Mark
from ses_cli.replay.journal.log import MARK, OpenLog
from ses_cli.replay.journal.store import Statement

_CURSOR = (
    "UPDATE cursor SET offset = ?, line = ?, start = ?, digest = ?, delivered = delivered + ?, beyond = ?"
    " WHERE cursor = ?"
)


def log_statements(log: OpenLog) -> list[Statement]:
    """What makes the rows of a log as it is now."""
    place = log.advance()
    statements: list[Statement] = []
    if log.pending_name is not None and log.trail.first is not None:
        statements.append(("INSERT INTO log VALUES (?, ?, ?)", [(log.number, log.pending_name, log.trail.first)]))
        log.pending_name = None
    if lines := log.spill():
        rows = [(log.cursor, line) for line in lines]
        statements.append(("INSERT OR IGNORE INTO done VALUES (?, ?)", rows))
    beyond = log.encode_lines()
    if place != log.frontier or log.delivered or beyond != log.written:
        statements.append((_CURSOR, [(*place, log.delivered, beyond, log.cursor)]))
        log.frontier, log.delivered, log.written = place, 0, beyond
    if log.spilled:
        statements.append(("DELETE FROM done WHERE cursor = ? AND line < ?", [(log.cursor, place.line)]))
        log.spilled = log.spilled if log.spilled >= place.line else 0
    marks, dropped = log.take_marks(place.offset if beyond is None else MARK.unpack_from(beyond)[0])
    if marks:
        statements.append(("INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?, ?)", [(log.number, *m) for m in marks]))
    if dropped:
        rows = [(log.number, offset) for offset in dropped]
        statements.append(("DELETE FROM mark WHERE log = ? AND offset = ?", rows))
    return statements


def cut_statements(log: int, mark: Mark, line: int) -> list[Statement]:
    """What forgets all of a log from a mark on, which is where that line begins."""
    place = "UPDATE cursor SET offset = ?, line = ?, start = ?, digest = ? WHERE log = ? AND offset > ?"
    return [
        ("DELETE FROM mark WHERE log = ? AND offset > ?", [(log, mark.offset)]),
        ("INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?, ?)", [(log, *mark)]),
        ("DELETE FROM exception WHERE log = ? AND line >= ?", [(log, line)]),
        (place, [(*mark, log, mark.offset)]),
    ]
