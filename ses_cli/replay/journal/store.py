"""The file of a journal: an SQLite database, with a lock for its one writer."""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ses_cli.errors import SourceError, TargetError, reason

APPLICATION: Final = 0x5E5E7E01  # what makes an SQLite file a journal
VERSION: Final = 1
_MAGIC = b"SQLite format 3\0"
_FORMER = b'{"schema":"ses-events/replay-journal@1"'
HINT = "--journal FILE names another file; --no-journal does without, and a second run sends all again"

# A log is one content; `first` is a digest of its first line. A cursor is how far one scope of it is done: before
# (offset, line) all is, but for exceptions, and behind it the lines of `beyond`, in binary, and of `done`. `start` and
# `digest` make that place a mark. Flight has one row: what left and has no outcome yet, in binary.
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE log (log INTEGER PRIMARY KEY, name TEXT NOT NULL, first BLOB NOT NULL);
CREATE INDEX log_first ON log (first);
CREATE TABLE mark (log INTEGER, offset INTEGER, line INTEGER NOT NULL, start INTEGER NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (log, offset)) WITHOUT ROWID;
CREATE TABLE cursor (cursor INTEGER PRIMARY KEY, log INTEGER NOT NULL, scope TEXT NOT NULL, offset INTEGER NOT NULL,
    line INTEGER NOT NULL, start INTEGER NOT NULL, digest BLOB NOT NULL, delivered INTEGER NOT NULL, beyond BLOB,
    UNIQUE (log, scope));
CREATE TABLE done (cursor INTEGER, line INTEGER, PRIMARY KEY (cursor, line)) WITHOUT ROWID;
CREATE TABLE exception (log INTEGER, line INTEGER, offset INTEGER NOT NULL, id BLOB NOT NULL, state INTEGER NOT NULL,
    PRIMARY KEY (log, line)) WITHOUT ROWID;
CREATE TABLE flight (one INTEGER PRIMARY KEY CHECK (one = 1), entries BLOB NOT NULL, time REAL NOT NULL);
INSERT INTO flight VALUES (1, x'', 0);
"""
FINISHED = """
CREATE TABLE IF NOT EXISTS finished (log INTEGER PRIMARY KEY, first BLOB NOT NULL, delivered INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS finished_first ON finished (first);
"""

Value = str | int | float | bytes | None
Statement = tuple[str, Sequence[Sequence[Value]]]


def connect(path: Path, fd: int) -> sqlite3.Connection:
    """The database behind an open and locked file, made where there is none.

    TargetError where it cannot be made; SourceError where it is something else, which is left as it is, or damaged.
    """
    check(path, fd)
    with reading(path):
        base = sqlite3.connect(path, isolation_level=None, timeout=0)
        is_new = not is_whole(base, path)
    try:
        if is_new:
            base.execute("PRAGMA page_size = 1024")  # a commit writes three pages or four, and the file has dozens
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")  # a commit is synced by whoever made it
        base.execute(
            "PRAGMA wal_autocheckpoint = 8000"
        )  # pages: only where the journal's own checkpoints cannot be made
        if is_new:
            numbers = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"
            base.executescript(f"BEGIN; {numbers} {SCHEMA} COMMIT;")
        base.executescript(FINISHED)  # which journals of the first days lack
    except sqlite3.Error as error:
        base.close()
        raise unwritable(path, error) from None
    return base


def unwritable(path: Path, error: Exception) -> TargetError:
    """What is said when a journal cannot be written."""
    return TargetError(f"{path}: the journal cannot be written: {error}", HINT)


def open_file(path: Path) -> int:
    """A descriptor of a journal, made where there is none, and locked. TargetError, or SourceError if in use."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TargetError(f"{path}: the journal cannot be opened: {reason(error)}", HINT) from None
    # SQLite's own locks are of another kind, which on Linux does not see this one. They are the process's, and go
    # when any of its descriptors of this file is closed: this one is closed last.
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        close(fd)
        raise SourceError(f"{path}: another run is using this journal", "wait for it, or stop it") from None
    except OSError as error:
        close(fd)
        raise TargetError(f"{path}: the journal cannot be locked: {reason(error)}", HINT) from None
    return fd


def close(fd: int) -> None:
    """Let go of a descriptor, which is gone even where the system tells an error: what had to be on disk was synced."""
    with suppress(OSError):
        os.close(fd)


def sync_directory(path: Path) -> None:
    """Until the name of a journal is on disk. TargetError where it cannot be brought there."""
    try:
        fd = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            close(fd)
    except OSError as error:
        raise TargetError(f"{path}: the journal cannot be written: {reason(error)}", HINT) from None


def check(path: Path, fd: int) -> bool:
    """Whether a file is a journal; not where it is empty, as a new one is. SourceError if it is something else.

    One that was being made when the power failed may have a size and no data: SQLite knows what to do with it.
    """
    try:
        head = os.pread(fd, 100, 0)
    except OSError as error:
        raise SourceError(f"{path}: {reason(error)}") from None
    if not head.strip(b"\0"):
        return False
    if head.startswith(_FORMER):
        raise SourceError(
            f"{path}: a journal of an earlier version, which cannot be resumed",
            "finish with that version, or remove it to send everything again; --journal FILE names another file",
        )
    number = int.from_bytes(head[68:72], "big")
    # one that was killed while it was made has no number yet, and nothing in it
    if not head.startswith(_MAGIC) or len(head) < 100 or number not in (0, APPLICATION):
        raise SourceError(f"{path}: not a replay journal", "name another file with --journal")
    return True


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tells errors of SQLite while a journal is read as SourceError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise SourceError(f"{path}: the journal cannot be read: {error}") from None
    except sqlite3.Error as error:
        raise SourceError(f"{path}: the journal is damaged: {error}", "start over with another --journal") from None


def is_whole(base: sqlite3.Connection, path: Path) -> bool:
    """Whether the database was made to its end. SourceError where it is not a journal's, or of a later version."""
    with reading(path):
        (number,), (version,) = base.execute("PRAGMA application_id"), base.execute("PRAGMA user_version")
        (tables,) = base.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if number == (0,) and not tables:
            return False
        if number != (APPLICATION,):
            raise SourceError(f"{path}: not a replay journal", "name another file with --journal")
        if version != (VERSION,):
            raise SourceError(f"{path}: a journal of another version", "start over with another --journal")
    return True


def write(base: sqlite3.Connection, statements: Iterable[Statement]) -> None:
    """All of it in one transaction, which is in the write-ahead log then, and on disk once that is synced."""
    base.execute("BEGIN IMMEDIATE")
    for text, rows in statements:
        if len(rows) == 1:
            base.execute(text, rows[0])
        else:
            base.executemany(text, rows)
    base.execute("COMMIT")
