"""One writer for a log: a lock file beside it that names the process that holds it."""

import errno
import fcntl
import os
from pathlib import Path

from ses_cli.errors import TargetError


class Lock:
    """Held from construction to `close`, or until the process ends, however it ends.

    It lies beside the log, not on it: a rotation gives the log a new inode. The file stays when the lock is
    given back, since to unlink it would let two processes each hold a lock of that name.
    """

    def __init__(self, log: Path) -> None:
        """Raise `TargetError` where another process holds the lock, or the file cannot be made."""
        path = log.with_name(f"{log.name}.lock")
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise TargetError(f"{path}: {error.strerror}") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, b"%d\n" % os.getpid(), 0)
        except OSError as error:
            holder = os.pread(self._fd, 20, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise TargetError(f"{path}: {error.strerror}") from error
            raise TargetError(
                f"{log} is being written by process {holder or 'unknown'}",
                hint="stop that process, or give this one another log",
            ) from None

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._fd)
