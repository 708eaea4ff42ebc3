"""Opening a journal: begin one, take up the one that is there, or look at it without a trace."""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from time import time

from ses_cli.errors import SourceError, reason
from ses_cli.leftovers import temporary_directory
from ses_cli.replay.journal import store
from ses_cli.replay.journal.contract import Content
from ses_cli.replay.journal.database import FileDatabase
from ses_cli.replay.journal.entry import State
from ses_cli.replay.journal.recognise import Recogniser
from ses_cli.replay.journal.scope import ALL, Scope
from ses_cli.replay.journal.sqlite import FLIGHT, SqliteJournal
from ses_cli.replay.journal_path import FORMER_SUFFIX, MARK, beside, target_key


@dataclass(frozen=True, slots=True)
class JournalSubject:
    """What a journal is about: one target, and for each log in one scope."""

    url: str
    masked: str  # the URL as it may be shown
    scope: Scope = ALL
    is_same_target: bool = False  # this is what the journal's target is called now


def open_journal(
    path: Path, sent: JournalSubject, limit: int, on_durable: Callable[[], None] | None = None
) -> SqliteJournal:
    """Open or begin a journal in which at most `limit` callbacks are in flight.

    SourceError if it is no journal, another target's, damaged, or in use; TargetError if it cannot be written.
    """
    refuse_former(path)
    fd = store.open_file(path)
    try:
        base = store.connect(path, fd)
        try:
            _begin(base, path, sent)
            store.sync_directory(path)
            with store.reading(path):
                return SqliteJournal(path, FileDatabase(path, fd, base, on_durable), sent.scope, limit)
        except BaseException:
            base.close()
            raise
    except BaseException:
        store.close(fd)
        raise


def refuse_former(path: Path) -> None:
    """SourceError where a journal of the version before stands in the place of one that is not there yet."""
    former = path.with_suffix(FORMER_SUFFIX)
    if MARK in path.name and not path.exists() and former != path and former.exists():
        with former.open("rb") as file:
            store.check(former, file.fileno())


@contextmanager
def look(path: Path, sent: JournalSubject) -> Iterator[SqliteJournal]:
    """The journal as `open_journal` would find it, in a copy: nothing of it stays. Raises as that does."""
    refuse_former(path)
    with temporary_directory() as folder:
        copy = folder / "journal"
        snapshot(path, copy)
        journal = open_journal(copy, sent, 1)
        try:
            yield journal
        finally:
            journal.close()


def snapshot(path: Path, copy: Path) -> bool:
    """Copy a journal, in use or not, without a trace. Whether it is in use. SourceError if it is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SourceError(f"{path}: {reason(error)}") from None
    try:
        store.check(path, fd)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with (
                store.reading(path),
                closing_base(f"{path.absolute().as_uri()}?mode=ro") as base,
                closing_base(str(copy)) as there,
            ):
                base.backup(there)
            return True
        for suffix in ("", "-wal", "-journal"):  # what a killed run left is in the others
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
        return False
    except OSError as error:
        raise SourceError(f"{path}: {reason(error)}") from None
    finally:
        store.close(fd)


def journals_of(log: Path, content: Content, sent: JournalSubject, path: Path) -> list[tuple[Path, str, bool]]:
    """Other journals beside a log that know it: their files, their targets, masked, and whether that is this target."""
    found = []
    for other in beside(log):
        if other == path.absolute():
            continue
        with suppress(SourceError), temporary_directory() as folder:
            copy = folder / "journal"
            snapshot(other, copy)
            with closing_base(str(copy)) as base, store.reading(other):
                if store.is_whole(base, other) and Recogniser(base, other, sent.scope).knows(content):
                    target, is_same = _target(base, sent)
                    found.append((other, target, is_same))
    return found


def _begin(base: sqlite3.Connection, path: Path, sent: JournalSubject) -> None:
    """Make it this target's, and take in what a killed run left in flight."""
    with store.reading(path):
        salt = read_meta(base, "salt")
        target, is_same = _target(base, sent)
        statements = landed(base)
    if not is_same:
        if salt and not sent.is_same_target:
            other = target if target != sent.masked else f"{target}, with other secrets"
            raise SourceError(
                f"{path}: a journal of another target: {other}",
                "--same-target resumes it if that is the same one; otherwise name another --journal",
            )
        salt = salt or token_hex(16)
        rows: list[tuple[store.Value, ...]] = [
            ("salt", salt),
            ("key", target_key(sent.url, salt)),
            ("target", sent.masked),
        ]
        statements.append(("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows))
        statements.append(("INSERT OR IGNORE INTO meta VALUES ('created', ?)", [(time(),)]))
    if statements:
        try:
            store.write(base, statements)
        except sqlite3.Error as error:
            raise store.unwritable(path, error) from None


def landed(base: sqlite3.Connection) -> list[store.Statement]:
    """What makes unknown of all that a killed run left in flight."""
    (flight,) = base.execute("SELECT entries FROM flight").fetchone()
    if not flight:
        return []
    unknown = [
        (log, line, offset, identity, int(State.UNKNOWN))
        for log, line, offset, _, identity in FLIGHT.iter_unpack(flight)
    ]
    return [
        ("INSERT OR REPLACE INTO exception VALUES (?, ?, ?, ?, ?)", unknown),
        ("UPDATE flight SET entries = x'' WHERE one = ?", [(1,)]),
    ]


def _target(base: sqlite3.Connection, sent: JournalSubject) -> tuple[str, bool]:
    """The target of a journal, masked, and whether it is the one that is sent to."""
    salt = read_meta(base, "salt")
    return read_meta(base, "target"), bool(salt) and target_key(sent.url, salt) == read_meta(base, "key")


def closing_base(name: str) -> closing[sqlite3.Connection]:
    """A database by its path or `file:` URL, closed at the end."""
    return closing(sqlite3.connect(name, isolation_level=None, uri=name.startswith("file:")))


def read_meta(base: sqlite3.Connection, key: str) -> str:
    """A value of the journal as a whole, "" where there is none."""
    row = base.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""
