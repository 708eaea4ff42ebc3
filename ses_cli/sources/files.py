"""Local files, directories and pipes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from ses_cli.errors import SourceError, reason
from ses_cli.sources.archives import refuse_archive
from ses_cli.sources.decompress import MAGIC_BYTES, codec_of
from ses_cli.sources.names import LOGS, is_log
from ses_cli.sources.source import STDIN, Source, shown
from ses_cli.sources.storage import HEAD, SourceFound


class Files:
    """See `ses_cli.sources.storage.Storage`."""

    def find(self, name: str) -> Iterator[SourceFound | SourceError | str]:
        """A file or a pipe, or the logs in a directory."""
        if name == STDIN or not os.path.isdir(name):  # raises nothing, unlike Path.is_dir
            yield _found(name)
            return
        is_empty = True
        for item in _logs(name):
            if isinstance(item, str):
                is_empty = False
                yield _found(item)
            else:
                is_empty = is_empty and item[1] is None and os.path.isdir(item[0])
                yield left_out(*item)
        if is_empty:
            hint = f"logs are named {', '.join(LOGS[::5])}, compressed or not"
            yield SourceError(f"{shown(name)}: a directory without logs", hint)

    def open(self, source: Source, start: int = 0, end: int | None = None) -> _File:
        """An open file."""
        del end  # the system reads ahead
        return _File(source, start)

    def here(self, source: Source) -> Source:
        """The same file: device numbers are a machine's own."""
        status = os.stat(source.path)
        if source.identity is None or source.identity[1] != status.st_ino or status.st_size < (source.size or 0):
            raise SourceError(f"{source.name}: another file")
        return source._replace(identity=(status.st_dev, status.st_ino))

    def has_grown(self, source: Source) -> bool:
        """Whether the file is longer now."""
        try:
            return source.size is not None and os.stat(source.path).st_size > source.size
        except OSError:
            return False  # gone by now, but it was read to its end


class _File:
    def __init__(self, source: Source, start: int) -> None:
        self._source = source
        self._file = _open(source)
        if start:
            self._file.seek(start)

    def read(self, n: int, /) -> bytes:
        return self._file.read(n)

    def tell(self) -> int:
        return self._file.tell()

    def check(self, end: int | None) -> None:
        if end is None:
            end = self._source.size
        if end is not None and (size := os.fstat(self._file.fileno()).st_size) < end:
            name, before = self._source.name, self._source.size
            raise SourceError(f"{name}: shrank from {before:,} to {size:,} bytes while it was read", "read it again")

    def close(self) -> None:
        self._file.close()


def _open(source: Source) -> BinaryIO:
    if source.path == STDIN:
        return open(0, "rb", buffering=0, closefd=False)
    file = open(source.path, "rb", buffering=0)
    status = os.fstat(file.fileno())
    if source.identity not in (None, (status.st_dev, status.st_ino)):
        file.close()
        raise SourceError(f"{source.name}: was replaced while it was read", "read it again")
    return file


def _found(path: str) -> SourceFound | SourceError | str:
    try:
        return _stat(path)
    except OSError as error:
        return left_out(path, error)
    except SourceError as error:
        return error


def _stat(path: str) -> SourceFound:
    if path == STDIN:
        return SourceFound(Source(STDIN, STDIN, None, None, None), b"")
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        return SourceFound(Source(shown(path), path, None, None, None), b"")
    with open(path, "rb", buffering=0) as file:
        head = file.read(HEAD)
    refuse_archive(shown(path), head)
    codec = codec_of(head[:MAGIC_BYTES])
    return SourceFound(Source(shown(path), path, status.st_size, codec, (status.st_dev, status.st_ino)), head)


def _logs(directory: str) -> Iterator[str | tuple[str, OSError | None]]:
    """The paths of the logs, and what `left_out` is to tell of."""
    from pathlib import Path  # start-up, here and below

    from ses_cli.sources.directories import walk

    unread: list[tuple[str, OSError | None]] = []
    for path in walk(directory, lambda path, error: unread.append((path, error))):
        yield from unread
        unread.clear()
        if is_log(Path(path).relative_to(directory)):
            is_pipe = os.path.exists(path) and not os.path.isfile(path)
            yield (path, None) if is_pipe else path
    yield from unread


def left_out(path: str, error: OSError | None) -> SourceError | str:
    """What to tell of a path that cannot be opened, or (None) is not read unless it is named."""
    if error is not None:
        return SourceError(f"{shown(path)}: {reason(error)}", _hint(path, error))
    if os.path.isdir(path):
        return f"{shown(path)} is a link to a directory and was not followed: name it to read it"
    return f"{shown(path)} is no regular file and was not read: name it to read it"


def _hint(name: str, error: OSError) -> str | None:
    if not isinstance(error, FileNotFoundError):
        return None
    from pathlib import Path

    logs = (path for path in Path(name).parent.glob("*") if is_log(Path(path.name)) and path.exists())
    beside = sorted(shown(path.name) for path in logs)[:3]
    return f"there is {', '.join(beside)}" if beside else None
