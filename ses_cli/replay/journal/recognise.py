"""Which of the logs that a journal knows a log is, told by its content."""

import sqlite3
from collections.abc import Collection
from functools import partial
from pathlib import Path

from ses_cli.errors import SourceError
from ses_cli.replay.journal.contract import Content, Opened
from ses_cli.replay.journal.entry import State
from ses_cli.replay.journal.finished import beginning, finished_like
from ses_cli.replay.journal.identity import Mark, begin, first_line, matches, shared
from ses_cli.replay.journal.log import Exceptional, Exceptions, OpenLog, Other, decode_lines
from ses_cli.replay.journal.scope import Scope
from ses_cli.replay.journal.store import Statement

_PAGE = 1000
_MARK = "offset, line, start, digest"


class Cursor:
    """How far a scope of a log is done, as it is on disk."""

    def __init__(self, row: tuple[int, str, int, int, int, bytes, int, bytes | None], spilled: list[int]) -> None:
        self.number, self.text = row[:2]
        self.scope = Scope.load(self.text)
        self.frontier = Mark._make(row[2:6])
        self.delivered, self.beyond = row[6:]
        self.spilled = spilled

    @property
    def marks(self) -> list[Mark]:
        """By which it is told whether another log has all that this one was done with."""
        return [self.frontier, *decode_lines(self.beyond)[0]]

    def before(self, mark: Mark) -> "Cursor":
        """As far as it goes before a place."""
        _, lines = decode_lines(self.beyond)
        spilled = [line for line in [*lines, *self.spilled] if line < mark.line]
        row = (self.number, self.text, *min(self.frontier, mark), 0, None)
        return Cursor(row, spilled)


class Recogniser:
    """Finds logs in a journal. Each is found once, so that of two like ones the second is new."""

    def __init__(self, base: sqlite3.Connection, path: Path, scope: Scope) -> None:
        self._base, self._path, self._scope = base, path, scope
        self._text = scope.dump()
        self._claimed: set[int] = set()
        # a log without a line has a cursor only
        numbers = "SELECT coalesce(max(log), 0), coalesce(max(cursor), 0) FROM cursor"
        logs, cursors = base.execute(numbers).fetchone()
        (finished,) = base.execute("SELECT coalesce(max(log), 0) FROM finished").fetchone()
        self._logs, self._cursors = max(int(logs), int(finished)), int(cursors)
        self.is_empty = not self._logs

    def knows(self, content: Content) -> bool:
        """Whether a log is among those that something was sent of."""
        first, _ = first_line(content)
        for number, _ in self._alike(first) if first else []:
            places = [mark for cursor in self._load_cursors(number) for mark in cursor.marks]
            if max(places, default=begin(0, 1)).offset and matches([*self._marks(number), *places], content):
                return True
        return False

    def candidates(self, content: Content) -> dict[int, int]:
        """The opened logs that it may be, perhaps with another end, and how many bytes of it are known by each."""
        first, _ = first_line(content)
        found = {}
        for number, _ in self._alike(first) if first else []:
            marks = self._marks(number)
            places = [mark for cursor in self._load_cursors(number) for mark in cursor.marks]
            if matches([*marks, *places], content):
                found[number] = max(place.offset for place in [begin(0, 1), *places])
            elif common := shared(marks, content):
                found[number] = common.offset
        for number in finished_like(self._base, first) if first else []:
            if matches(marks := beginning(self._marks(number)), content):
                found[number] = marks[-1].offset
        return found

    def resembles(self, content: Content) -> bool:
        """Whether it begins like one that was opened."""
        first, _ = first_line(content)
        return bool(first and self._alike(first))

    def recognise(
        self, name: str, content: Content, among: Collection[int] | None = None
    ) -> tuple[Opened, OpenLog, list[Statement]]:
        """What is known of a log, one of those `among`, and what the next commit has to write of it.

        SourceError where it cannot be told which of its callbacks runs before have sent.
        """
        first, is_whole = first_line(content)
        alike = [one for one in self._alike(first) if among is None or one[0] in among] if first else []
        best: tuple[Mark, int, str] | None = None
        parted: tuple[Mark, int] | None = None
        for number, known in alike:
            marks, cursors = self._marks(number), self._load_cursors(number)
            places = [mark for cursor in cursors for mark in cursor.marks]
            last = max([begin(0, 1), *places])
            if matches([*marks, *places], content):
                best = max(best or (last, number, known), (last, number, known))
            elif not best and (common := shared(marks, content)):
                parted = max(parted or (common, number), (common, number))
        if best:
            return self._resume(name, best[1], best[2])
        if parted:
            return self._part(name, first, *parted)
        opened, log, statements = self._new(name, first if is_whole else None)
        return opened._replace(resembles=alike[0][1] if alike else None), log, statements

    def _alike(self, first: bytes) -> list[tuple[int, str]]:
        rows = self._base.execute("SELECT log, name FROM log WHERE first = ? ORDER BY log DESC", (first,))
        return [(number, name) for number, name in rows if number not in self._claimed]

    def _marks(self, log: int) -> list[Mark]:
        rows = self._base.execute(f"SELECT {_MARK} FROM mark WHERE log = ? ORDER BY offset", (log,))
        return [Mark._make(row) for row in rows]

    def _load_cursors(self, log: int) -> list[Cursor]:
        text = f"SELECT cursor, scope, {_MARK}, delivered, beyond FROM cursor WHERE log = ? ORDER BY cursor"
        spilled = "SELECT line FROM done WHERE cursor = ?"
        return [
            Cursor(row, [line for (line,) in self._base.execute(spilled, row[:1])])
            for row in self._base.execute(text, (log,)).fetchall()
        ]

    def _new(self, name: str, first: bytes | None) -> tuple[Opened, OpenLog, list[Statement]]:
        self._logs += 1
        self._claimed.add(self._logs)
        start = begin(0, 1)
        log = OpenLog(self._logs, self._next_cursor(), start, Exceptions(lambda _: []))
        statements = [self._cursor_row(log, start, 0)]
        if first is None:
            log.pending_name = name  # until it has a first line
        else:
            statements.append(self._log_row(log.number, name, first))
        return Opened(log.number), log, statements

    def _resume(self, name: str, number: int, known: str) -> tuple[Opened, OpenLog, list[Statement]]:
        self._claimed.add(number)
        cursors = self._load_cursors(number)
        own = next((cursor for cursor in cursors if cursor.text == self._text), None)
        frontier = own.frontier if own else begin(0, 1)
        log = OpenLog(
            number, own.number if own else self._next_cursor(), frontier, Exceptions(partial(self._fetch, number, None))
        )
        log.marks = [mark.offset for mark in self._marks(number)]
        statements = [] if own else [self._cursor_row(log, frontier, 0)]
        if own:
            log.restore(own.beyond, own.spilled)
        self._restore_others(name, log, [cursor for cursor in cursors if cursor is not own])
        if frontier.offset and frontier.offset not in log.marks:
            statements.append(_mark_rows(number, [frontier]))
            log.marks = sorted([*log.marks, frontier.offset])
        if known != name:
            statements.append(("UPDATE log SET name = ? WHERE log = ?", [(name, number)]))
        opened = Opened(number, frontier.offset, frontier.line, own.delivered if own else 0)
        return self._count(opened, None)._replace(name=known if known != name else None), log, statements

    def _part(self, name: str, first: bytes | None, mark: Mark, origin: int) -> tuple[Opened, OpenLog, list[Statement]]:
        """A log that begins like another and goes on differently: all that is known of their beginning holds."""
        opened, log, statements = self._new(name, first)
        log.origin, log.recounts = (origin, mark.line), True
        log.exceptions = Exceptions(partial(self._fetch, origin, mark.line))
        marks = [known for known in self._marks(origin) if known.offset <= mark.offset]
        log.marks = [known.offset for known in marks]
        cursors = [cursor.before(mark) for cursor in self._load_cursors(origin)]
        own = next((cursor for cursor in cursors if cursor.text == self._text), None)
        if own:
            log.frontier, log.began = own.frontier, own.frontier.line
            log.trail = type(log.trail)(*own.frontier[:2])
            log.restore(None, own.spilled)
            statements[0] = self._cursor_row(log, own.frontier, 0)
        others = [cursor for cursor in cursors if cursor is not own]
        for cursor in others:
            self._cursors += 1
            statements.append(_cursor_row(self._cursors, log.number, cursor.text, cursor.frontier))
            if cursor.spilled:
                rows = [(self._cursors, line) for line in cursor.spilled]
                statements.append(("INSERT INTO done VALUES (?, ?)", rows))
        if own and own.spilled:
            statements.append(("INSERT INTO done VALUES (?, ?)", [(log.cursor, line) for line in own.spilled]))
        self._restore_others(name, log, others)
        copy = "INSERT INTO exception SELECT ?, line, offset, id, state FROM exception WHERE log = ? AND line < ?"
        statements += [_mark_rows(log.number, marks), (copy, [(log.number, origin, mark.line)])]
        opened = Opened(log.number, log.frontier.offset, log.began, shared=mark.line - 1)
        return self._count(opened, origin, mark.line), log, statements

    def _restore_others(self, name: str, log: OpenLog, others: list[Cursor]) -> None:
        for cursor in others:
            if option := self._scope.conflict(cursor.scope):
                raise SourceError(
                    f"{self._path}: {name} was sent {option} by an earlier run, and what that left out is not known",
                    "send it the same way, or start over with another --journal",
                )
            log.others.append(Other(cursor.frontier.line, cursor.scope.takes()))
            log.restore_other(cursor.beyond, cursor.spilled)

    def _count(self, opened: Opened, origin: int | None, end: int = 1 << 62) -> Opened:
        text = "SELECT state, count(*) FROM exception WHERE log = ? AND line < ? GROUP BY state"
        counts = dict(self._base.execute(text, (origin or opened.log, end)).fetchall())
        return opened._replace(failed=counts.get(State.FAILED, 0), unknown=counts.get(State.UNKNOWN, 0))

    def _fetch(self, log: int, end: int | None, line: int) -> list[Exceptional]:
        text = "SELECT line, state, id FROM exception WHERE log = ? AND line > ? AND line < ? ORDER BY line LIMIT ?"
        rows: list[Exceptional] = self._base.execute(text, (log, line, end or 1 << 62, _PAGE)).fetchall()
        return rows

    def _next_cursor(self) -> int:
        self._cursors += 1
        return self._cursors

    def _cursor_row(self, log: OpenLog, frontier: Mark, delivered: int) -> Statement:
        return _cursor_row(log.cursor, log.number, self._text, frontier, delivered)

    def _log_row(self, number: int, name: str, first: bytes) -> Statement:
        return "INSERT INTO log VALUES (?, ?, ?)", [(number, name, first)]


def _cursor_row(number: int, log: int, scope: str, frontier: Mark, delivered: int = 0) -> Statement:
    return "INSERT INTO cursor VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)", [(number, log, scope, *frontier, delivered)]


def _mark_rows(log: int, marks: list[Mark]) -> Statement:
    return "INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?, ?)", [(log, *mark) for mark in marks]
