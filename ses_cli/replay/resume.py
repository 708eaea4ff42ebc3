"""Opening a journal: begin one, or take up the one that is there, if it is of this replay."""

import fcntl
import os
import re
from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
from time import time
from urllib.parse import urlsplit

import orjson

from ses_cli.errors import SourceError, TargetError, UsageError
from ses_cli.replay.jsonl import Journal
from ses_cli.replay.past import SCHEMA, Known, Past, Source, load, target_key


def open_journal(path: Path, url: str, masked: str, sources: Sequence[Source]) -> Journal:
    """Open or begin the journal of sending `sources` to `url`.

    SourceError if it is another replay's, damaged or in use; TargetError if it cannot be written;
    UsageError if a source comes twice.
    """
    fd = _open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        _lock(fd, path)
        return Journal(path, fd, _begin(fd, path, url, masked, sources))
    except BaseException:
        os.close(fd)
        raise


def _open(path: Path, flags: int) -> int:
    """A descriptor; of nothing, where the file is not there and would only be read."""
    try:
        return os.open(path, flags | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not flags & os.O_CREAT:
            return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        hint = "--journal FILE puts it elsewhere; --no-journal does without, and a second run sends all again"
        raise TargetError(f"{path}: the journal cannot be opened: {str(error.strerror).lower()}", hint) from None


def _lock(fd: int, path: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SourceError(f"{path}: another run is writing this journal", "wait for it, or stop it") from None


def read_journal(path: Path, url: str, masked: str, sources: Sequence[Source]) -> Known:
    """What `open_journal` would find, without a trace: the file is neither made nor changed. Raises as that does."""
    fd = _open(path, os.O_RDONLY)
    try:
        return _recognise(fd, path, url, masked, sources)[0]
    finally:
        os.close(fd)


def _recognise(
    fd: int, path: Path, url: str, masked: str, sources: Sequence[Source]
) -> tuple[Known, int, list[dict[str, str | int]]]:
    """What is known of these sources, the bytes that are whole lines, and the lines to be added."""
    names = sorted(source.name for source in sources)
    for name, again in pairwise(names):
        if name == again:
            raise UsageError(f"{name}: named twice, and a journal tells logs by their names", "use --no-journal")
    past, whole = load(fd, str(path))
    rows: list[dict[str, str | int]] = []
    if past.key:
        _same(past, path, url, masked, sources)
    else:
        past.salt = token_hex(16)
        past.key, past.target = target_key(url, past.salt), masked
        rows.append({"schema": SCHEMA, "target": masked, "key": past.key, "salt": past.salt, "time": int(time())})
    known = Known(past, {}, str(path))
    rows += [row for row in map(known.add, sources) if row]
    return known, whole, rows


def _begin(fd: int, path: Path, url: str, masked: str, sources: Sequence[Source]) -> Known:
    known, whole, rows = _recognise(fd, path, url, masked, sources)
    try:
        # a torn write was not on disk, so nothing was done on its word
        os.ftruncate(fd, whole)
        _write(fd, b"".join(orjson.dumps(row) + b"\n" for row in rows))
        _sync_directory(path.parent)
    except OSError as error:
        os.ftruncate(fd, whole)
        raise TargetError(f"{path}: the journal cannot be written: {error.strerror}") from None
    return known


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    os.fsync(fd)


def _same(past: Past, path: Path, url: str, masked: str, sources: Sequence[Source]) -> None:
    hint = "name a new --journal"
    if target_key(url, past.salt) != past.key:
        other = past.target if past.target != masked else f"{masked}, with other secrets"
        raise SourceError(f"{path}: this journal is of a replay to another target: {other}", hint)
    names = {source.name for source in past.sources}
    known = [source for source in sources if past.find(source) is not None]
    for source in sources:
        if source.name in names and source not in known:
            changed = f"the first line of {source.name} is not what it was"
            raise SourceError(f"{path}: this journal is of another log: {changed}", hint)
    if sources and names and not known:
        raise SourceError(f"{path}: this journal is of other logs: {', '.join(sorted(names)[:3])}", hint)


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def fingerprint(first_line: bytes) -> str:
    """What a log is told by, while it grows: a hash of its first line, without the line end."""
    return sha256(first_line).hexdigest()[:32]


def default_path(source: str, url: str) -> Path:
    """`NAME.replay-HOST.jsonl` beside the source; HOST with its port, where the URL names one."""
    parts = urlsplit(url)
    host = (parts.hostname or "") + (f"-{parts.port}" if parts.port else "")
    return Path(source + ".replay-" + re.sub(r"[^A-Za-z0-9.-]", "_", host) + ".jsonl")
