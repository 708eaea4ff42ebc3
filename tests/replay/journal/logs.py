"""Logs in memory, and their callbacks as a run admits them."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.json import decode

from ses_cli.batch import Piece
from ses_cli.callback import Callback
from ses_cli.pipeline import raw_rows
from ses_cli.replay.journal import Content, Entry, JournalSubject, Opened, Scope, SqliteJournal, State, open_journal

URL = "http://user:pa55word@127.0.0.1:1/hook?token=hush-hush"
MASKED = "http://***@127.0.0.1:1/hook?token=***"
PIECE = 4096


class Log(Content):
    """The bytes of a log, which counts how many of them are read."""

    def __init__(self, lines: Sequence[bytes], end: bytes = b"\n") -> None:
        self.lines = list(lines)
        self.data = b"\n".join(lines) + (end if lines else b"")
        self.bytes_read = 0

    def head(self) -> bytes:
        """All of it, up to 64 KiB."""
        self.bytes_read += len(self.data[: 64 << 10])
        return self.data[: 64 << 10]

    def read(self, start: int, end: int) -> bytes:
        """A part of it."""
        self.bytes_read += len(self.data[start:end])
        return self.data[start:end]

    def pieces(self, offset: int = 0, line: int = 1, end: int | None = None) -> Iterator[Piece]:
        """The lines that begin in a range, in pieces."""
        size = len(self.data)
        stop = size if end is None else (self.data.find(b"\n", end - 1) + 1 or size)
        while offset < stop:
            cut = self.data.rfind(b"\n", offset, min(offset + PIECE, stop)) + 1 or stop
            piece = Piece("log", offset, self.data[offset:cut], line)
            yield piece
            offset, line = cut, piece.end


def lines(count: int, begin: int = 0, event: str = "open,click,bounce") -> list[bytes]:
    """Different callbacks, of these event types in turn."""
    events = event.split(",")
    return [
        b'{"event":"%s","email":"u%d@example.com","bulkId":"b","timestamp":%d}'
        % (events[n % len(events)].encode(), n % 7, 1_700_000_000 + n)
        for n in range(begin, begin + count)
    ]


def sent(scope: Scope | None = None, url: str = URL, masked: str = MASKED, same: bool = False) -> JournalSubject:
    """What a journal is about."""
    return JournalSubject(url, masked, scope or Scope(), same)


def opened(path: Path, log: Log, scope: Scope | None = None, limit: int = 16) -> tuple[SqliteJournal, Opened]:
    """A journal and the one log that it is of."""
    journal = open_journal(path, sent(scope), limit)
    try:
        return journal, journal.open_log("log", log)
    except BaseException:
        journal.close()
        raise


def admitted(
    journal: SqliteJournal, number: int, log: Log, scope: Scope | None = None, seeking: bool = True
) -> Iterator[Entry]:
    """All that a run selects of a log, as it is read."""
    takes = (scope or Scope()).takes()
    ranges = [(found.offset, found.line, found.end) for found in journal.ranges(number)] if seeking else [(0, 1, None)]
    for offset, line, end in ranges:
        for piece in log.pieces(offset, line, end):
            journal.feed(number, piece)
            rows = list(raw_rows(piece))
            if takes is None and not journal.needs_records(number):
                yield from journal.admit(number, rows)
                continue
            records = [decode(raw, type=Callback) for raw in piece.data.splitlines()]
            found = [pair for pair in zip(rows, records, strict=True) if takes is None or takes(pair[1])]
            yield from journal.admit(number, [row for row, _ in found], [record for _, record in found])
    journal.finish(number)


def send_all(path: Path, log: Log, scope: Scope | None = None, **states: State) -> list[int]:
    """One run that sends all there is to send, each ending in DELIVERED or as `l12=State.FAILED` says; the lines."""
    journal, found = opened(path, log, scope)
    sent = []
    for entry in admitted(journal, found.log, log, scope):
        if entry.state is State.DELIVERED:
            continue
        journal.intend([(entry, 1)])
        journal.commit()
        journal.flush()
        sent.append(entry.line)
        journal.outcome(entry, states.get(f"l{entry.line}", State.DELIVERED))
    journal.close()
    return sent


def states(path: Path, log: Log, scope: Scope | None = None) -> dict[State, list[int]]:
    """What a run would find: the lines by state, read whole."""
    copy = path.with_name("copy")
    crash(path, copy)
    journal, found = opened(copy, log, scope)
    by_state: dict[State, list[int]] = {state: [] for state in State}
    for entry in admitted(journal, found.log, log, scope, seeking=False):
        by_state[entry.state].append(entry.line)
    journal.close()
    return by_state


def crash(path: Path, copy: Path) -> None:
    """What a run that is killed now would leave behind."""
    for suffix in ("", "-wal"):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)
        if path.with_name(path.name + suffix).exists():
            shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
