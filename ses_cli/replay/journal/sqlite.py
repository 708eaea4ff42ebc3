"""The journal in a database: what was said is gathered, one transaction a commit, and synced in the background."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from struct import Struct
from time import time

from ses_cli.batch import Piece
from ses_cli.batch.records import Row
from ses_cli.callback import Callback
from ses_cli.replay.journal import store
from ses_cli.replay.journal.contract import Content, Opened, Range, settle
from ses_cli.replay.journal.database import Database
from ses_cli.replay.journal.entry import Entry, State
from ses_cli.replay.journal.finished import finish, is_finished
from ses_cli.replay.journal.identity import place_in
from ses_cli.replay.journal.log import OpenLog
from ses_cli.replay.journal.recognise import Recogniser
from ses_cli.replay.journal.scope import Scope
from ses_cli.replay.journal.statements import cut_statements, log_statements

FLIGHT = Struct("<IQQI16s")  # log, line, offset, attempt, id
_GAP = 64 << 10  # bytes between two exceptions that are read rather than sought over
_PAGE = 1000
_log_of = attrgetter("log")


class SqliteJournal:
    """A journal in a database that it alone writes. One thread uses it.

    It holds hashes, places and times; no body, no address, no secret. Only its owner may read it all the same, for it
    says what was sent where and when.
    """

    def __init__(self, path: Path, database: Database, scope: Scope, limit: int) -> None:
        """Takes over the database. `path` is what it is called in messages."""
        self._path, self._database = path, database
        self._reader = database.reader
        self._limit = limit
        self._scope = scope
        self._recogniser = Recogniser(self._reader, path, scope)
        self._logs: dict[int, OpenLog] = {}
        self._counted = 0  # delivered before, as of opening
        self._flight: dict[Entry, int] = {}  # the number of the attempt
        self._rows: dict[tuple[int, int], tuple[int, int, int, bytes, int] | None] = {}  # exceptions; None: no more
        self._statements: list[store.Statement] = []
        self._touched: set[OpenLog] = set()
        self._is_dirty = False
        self._is_only_looked_at = False
        self._batch = 1

    @property
    def durable(self) -> int:
        """The number of the last commit that is on disk."""
        return self._database.durable

    @property
    def delivered(self) -> int:
        """Callbacks of the opened logs and this selection that are known to be delivered by runs before."""
        return self._counted + sum(log.found for log in self._logs.values())

    @property
    def is_empty(self) -> bool:
        """Whether no run before has opened a log."""
        return self._recogniser.is_empty

    def candidates(self, content: Content) -> Mapping[int, int]:
        """The logs of runs before that this may be, and how many bytes of it are known by each."""
        with store.reading(self._path):
            return self._recogniser.candidates(content)

    def resembles(self, content: Content) -> bool:
        """Whether it begins like a log that a run before has opened."""
        with store.reading(self._path):
            return self._recogniser.resembles(content)

    def is_finished(self, log: int) -> bool:
        """Whether nothing is left of a log that was retired."""
        with store.reading(self._path):
            return is_finished(self._reader, log)

    def open_log(self, name: str, content: Content, among: Collection[int] | None = None) -> Opened:
        """Recognise a log by its content. SourceError where what was sent of it cannot be told in this scope."""
        with store.reading(self._path):
            found, log, statements = self._recogniser.recognise(name, content, among)
        self._statements += statements
        self._is_dirty = self._is_dirty or bool(statements)
        log.is_only_looked_at = self._is_only_looked_at
        self._logs[log.number] = log
        self._counted += found.delivered
        return found

    def ranges(self, log: int) -> Iterator[Range]:
        """What of a plain file is still to be read, in order."""
        opened = self._logs[log]
        end = Range(opened.frontier.offset, opened.began)
        if self._scope.selection.dedupe or opened.recounts:
            yield Range(0, 1)
            return
        held: Range | None = None
        for line, offset in self._exceptions(log, end.line):
            if held is not None and held.end is not None and offset - held.end < _GAP:
                held = held._replace(end=offset + 1)
                continue
            if held is not None:
                yield held
            held = Range(offset, line, offset + 1)
        if held is not None:
            yield held
        yield end

    def _exceptions(self, log: int, end: int) -> Iterator[tuple[int, int]]:
        """Line and offset of the exceptions before a line."""
        line = 0
        text = "SELECT line, offset FROM exception WHERE log = ? AND line > ? AND line < ? ORDER BY line LIMIT ?"
        while rows := self._read(text, log, line, end, _PAGE):
            yield from ((row[0], row[1]) for row in rows)
            line = rows[-1][0]

    def unknown(self, log: int) -> Iterator[int]:
        """The lines whose outcome is unknown."""
        line = 0
        text = "SELECT line FROM exception WHERE log = ? AND line > ? AND line < ? AND state = ? ORDER BY line LIMIT ?"
        number, end = self._logs[log].origin
        while rows := self._read(text, number, line, end, State.UNKNOWN, _PAGE):
            yield from (row[0] for row in rows)
            line = rows[-1][0]

    def _read(self, text: str, *values: int) -> list[tuple[int, ...]]:
        with store.reading(self._path):
            return self._reader.execute(text, values).fetchall()

    def feed(self, log: int, piece: Piece) -> None:
        """The next lines of a log."""
        opened = self._logs[log]
        opened.trail.feed(piece)
        self._touched.add(opened)

    def admit(self, log: int, rows: Sequence[Row], records: Sequence[Callback] | None = None) -> list[Entry]:
        """The next callbacks that are selected."""
        return self._logs[log].admit(rows, records)

    def finish(self, log: int) -> None:
        """All there is of a log was admitted, for now."""
        self._logs[log].trail.finish()
        self._touched.add(self._logs[log])

    def retire(self, log: int) -> None:
        """When all of it is delivered, forget it."""
        self._logs[log].is_retired = True
        self._touched.add(self._logs[log])

    def needs_records(self, log: int) -> bool:
        """Whether runs with another selection have sent of this log."""
        return bool(self._logs[log].others)

    def leave(self, entry: Entry) -> None:
        """It is left as it is in this run."""
        log = self._logs[entry.log]
        if not log.is_only_looked_at:  # else the frontier stays before it: what follows it is not kept
            settle(entry, State.NEVER, is_final=True)
        log.pending -= 1
        self._touched.add(log)

    def look_only(self) -> None:
        """From now on what is admitted is not sent, nor kept in memory."""
        self._is_only_looked_at = True
        for log in self._logs.values():
            log.is_only_looked_at = True

    def intend(self, attempts: Sequence[tuple[Entry, int]]) -> int:
        """Attempts are about to leave."""
        self._flight.update(attempts)
        assert len(self._flight) <= self._limit, "more in flight than there may be"
        self._is_dirty = True
        return self._batch

    def deliver(self, entries: Sequence[Entry]) -> int:
        """These attempts ended in a delivery."""
        flight, never, delivered = self._flight, State.NEVER, State.DELIVERED
        for number, group in groupby(entries, key=_log_of):
            log, lines, pending = self._logs[number], [], 0
            for entry in group:
                del flight[entry]
                entry.state, entry.is_final, entry.place = delivered, True, None
                pending += 1
                if entry.is_lost:
                    continue
                lines.append(entry.line)
                if entry.row is not never:
                    entry.row, self._rows[number, entry.line] = never, None
            log.pending -= pending
            log.deliver(lines)
            self._touched.add(log)
        self._is_dirty = True
        return self._batch

    def outcome(self, entry: Entry, state: State, *, is_final: bool = True) -> int:
        """How the attempt ended."""
        del self._flight[entry]
        settle(entry, state, is_final)
        self._is_dirty = True
        log = self._logs[entry.log]
        if entry.is_final:
            log.pending -= 1
            entry.place = None
        if entry.is_lost:
            return self._batch
        self._touched.add(log)
        if entry.state is State.DELIVERED:
            log.deliver([entry.line])
        worth = entry.state if entry.is_final or entry.state is State.UNKNOWN else entry.row
        kept = State.NEVER if worth is State.DELIVERED else worth
        if kept is not entry.row:
            entry.row = kept
            row = (entry.log, entry.line, entry.offset, entry.id, int(kept))
            self._rows[entry.log, entry.line] = None if kept is State.NEVER else row
        return self._batch

    def cut(self, log: int, offset: int, line: int, content: Content) -> None:
        """The log was truncated: what stands from here on is new."""
        opened = self._logs[log]
        mark = place_in(content, offset, line)
        opened.cut(mark, line)
        self._rows = {key: row for key, row in self._rows.items() if key[0] != log or key[1] < line}
        self._statements += cut_statements(log, mark, line)
        self._touched.add(opened)
        self._is_dirty = True

    def commit(self) -> None:
        """Write all that was said and begin to sync it, unless a commit is still being synced."""
        if not self._database.is_ready():
            return
        statements = self._gather()
        if not statements:
            return
        self._database.write(statements, self._batch)
        self._batch += 1

    def flush(self) -> None:
        """Wait until the commit that was begun is on disk."""
        self._database.wait()

    def close(self) -> None:
        """Write all and unlock. TargetError if that fails; closed all the same."""
        self._touched.update(self._logs.values())
        for log in self._logs.values():
            log.is_closing = True
        try:
            self.flush()
            self.commit()
            self.flush()
        finally:
            self._database.close()

    def _gather(self) -> list[store.Statement]:
        """What a commit has to write, so that on disk all is as it is now."""
        statements, self._statements = self._statements, []
        for log in self._touched:
            statements += log_statements(log)
        retired = [log for log in self._touched if log.is_retired and not log.pending and not log.others]
        self._touched.clear()
        if self._rows:
            rows = [row for row in self._rows.values() if row]
            gone = [key for key, row in self._rows.items() if not row]
            if rows:
                statements.append(("INSERT OR REPLACE INTO exception VALUES (?, ?, ?, ?, ?)", rows))
            if gone:
                statements.append(("DELETE FROM exception WHERE log = ? AND line = ?", gone))
            self._rows = {}
        for log in retired:
            self._counted += log.found
            del self._logs[log.number]
            statements += finish(log.number)
        if statements or self._is_dirty:
            pack = FLIGHT.pack
            left = [pack(entry.log, entry.line, entry.offset, n, entry.id) for entry, n in self._flight.items()]
            flight = b"".join(left)
            statements.append(("UPDATE flight SET entries = ?, time = ?", [(flight, time())]))
        self._is_dirty = False
        return statements
