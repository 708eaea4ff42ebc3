"""Where data goes: standard output, or a file that is written whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Self

from ses_cli.errors import TargetError, reason
from ses_cli.leftovers import forget_leftover, register_leftover
from ses_cli.render.text import safe_lines

if TYPE_CHECKING:
    from types import TracebackType

STDOUT = "-"


class Styled(bytes):
    """Text with colours of ours, in which all that a log held is safe already: a terminal gets it as it is."""


class Output:
    """Standard output for None or "-"; else a temporary file beside the path, renamed when all went well.

    A file that holds what a log holds is made for the readers of that log only, by `like`: see `log_mode`.
    A terminal gets no control characters but those of Styled text.
    Writing raises TargetError; BrokenPipeError where nobody reads standard output any more.
    """

    def __init__(self, path: str | None, like: int | None = None) -> None:
        self._like = like
        self._path = None if path in (None, STDOUT) else path
        self._name = self._path or "standard output"
        self._temporary: str | None = None
        self._file: BinaryIO | None = sys.stdout.buffer if sys.stdout else None  # None when closed
        self._is_terminal = bool(self._file and self._file.isatty())

    def __enter__(self) -> Self:
        if self._path:
            try:
                self._open(self._path)
            except OSError as error:
                raise self._error(error) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._finish()
        except BrokenPipeError:
            raise
        except OSError as trouble:
            raise self._error(trouble) from None
        finally:
            self._drop()

    def write(self, chunks: Iterable[bytes]) -> None:
        """Writes one chunk after another."""
        if not self._file:
            raise TargetError(f"{self._name}: closed")
        try:
            self._file.writelines(map(_visible, chunks) if self._is_terminal else chunks)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._error(error) from None

    def flush(self) -> None:
        """Hands standard output what it waits for; a file has time."""
        if not self._path and self._file:
            self._file.flush()

    def _open(self, path: str) -> None:
        if os.path.exists(path) and not os.path.isfile(path):  # a device or a pipe cannot be replaced
            self._file = open(path, "wb")
            self._is_terminal = self._file.isatty()
            return
        self._is_terminal = False
        target = os.path.realpath(path)  # the file behind a link, not the link
        # named before it is made, so that an interrupt at any point finds what to delete
        folder, name = os.path.split(target)
        self._temporary = os.path.join(folder, f".{name[:200]}.{os.urandom(6).hex()}")
        register_leftover(self._remove)
        descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        os.fchmod(descriptor, _mode(target) if self._like is None else _mode(target) & self._like)

    def _finish(self) -> None:
        if not self._file:
            return
        self._file.flush()
        if self._path and self._temporary:
            os.fsync(self._file.fileno())
            os.replace(self._temporary, os.path.realpath(self._path))
            self._temporary = None

    def _drop(self) -> None:
        if self._path and self._file and not (sys.stdout and self._file is sys.stdout.buffer):
            with suppress(OSError):
                self._file.close()
        self._remove()
        forget_leftover(self._remove)

    def _remove(self) -> None:
        if self._temporary:
            with suppress(FileNotFoundError):
                os.unlink(self._temporary)

    def _error(self, error: OSError) -> TargetError:
        hint = f"{self._path} was left unchanged" if self._path and os.path.exists(self._path) else None
        return TargetError(f"{self._name}: {reason(error)}", hint)


def write(chunks: Iterable[bytes], path: str | None) -> None:
    """Writes all there is, to standard output or a file."""
    with Output(path) as output:
        output.write(chunks)


def log_mode(paths: Iterable[str]) -> int:
    """Who may use a file that holds lines of these logs: all who may read every one of them, and only its owner else.

    Permissions of a group or of others are kept where the logs are all of the user's own and one group.
    """
    mode, owner = 0o666, (os.geteuid(), os.getegid())
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:  # standard input, or gone
            return 0o600
        if (status.st_uid, status.st_gid) != owner:
            return 0o600
        mode &= status.st_mode
    return mode | 0o600


def _visible(chunk: bytes) -> bytes:
    if isinstance(chunk, Styled):
        return chunk
    return safe_lines(chunk.decode(errors="replace"), "\n\t").encode(errors="replace")


def _mode(target: str) -> int:
    """The mode of the file that is replaced, else what a new file gets."""
    if os.path.exists(target):
        return os.stat(target).st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
