"""The journal's size and what resuming costs depend on what is open, not on how much was sent."""

from pathlib import Path

import pytest

from ses_cli.replay.journal import State

from .logs import Log, admitted, lines, opened


def sent(path: Path, log: Log) -> None:
    """All of it delivered, in commits of sixteen, but for line 7, which fails."""
    journal, found = opened(path, log)
    entries = []
    for entry in admitted(journal, found.log, log):
        journal.intend([(entry, 1)])
        entries.append(entry)
        if len(entries) == 16:
            journal.commit()
            journal.flush()
            for one in entries:
                journal.outcome(one, State.FAILED if one.line == 7 else State.DELIVERED)
            entries.clear()
    for one in entries:
        journal.outcome(one, State.DELIVERED)
    journal.close()


def measured(folder: Path, count: int) -> tuple[int, int]:
    """Bytes of the journal of so many callbacks, and bytes of the log that are read to resume."""
    path, log = folder / f"journal-{count}", Log(lines(count))
    sent(path, log)
    log.bytes_read = 0
    journal, found = opened(path, log)
    left = sum(len(piece.data) for place in journal.ranges(found.log) for piece in log.pieces(*place))
    assert [entry.line for entry in admitted(journal, found.log, log)] == [7]
    journal.close()
    return path.stat().st_size, log.bytes_read + left


@pytest.mark.parametrize("times", [16])
def test_size_and_resuming(tmp_path: Path, times: int) -> None:
    """Of a log many times as long: a few more marks in the journal, and hardly more of the log is read."""
    size, bytes_read = measured(tmp_path, 2000)
    long_size, long_read = measured(tmp_path, times * 2000)
    assert long_size < size + 4096
    assert long_read < 2 * bytes_read
