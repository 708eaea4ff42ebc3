"""One writer for a log: a lock file beside it that names the process that holds it."""

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path

from ses_cli.capture.linefile import close
from ses_cli.errors import TargetError, reason


class Lock:
    """Held from construction to `close`, or until the process ends, however it ends.

    It lies beside the log, not on it: a rotation gives the log a new inode. The file stays when the lock is
    given back, since to unlink it would let two processes each hold a lock of that name. The log is locked too
    (`LineFile`): if this file is removed, or the directory is replaced, a second writer still finds that lock.
    """

    def __init__(self, log: Path) -> None:
        """Raise `TargetError` where another process holds the lock, or the file cannot be made."""
        self._log = log
        self._path = log.with_name(f"{log.name}.lock")
        self._fd = self._acquire()

    def renew(self) -> None:
        """Lock the file that lies there now, where that is another one. Raise `TargetError`."""
        with suppress(OSError):
            if os.path.samestat(os.fstat(self._fd), self._path.stat()):
                return
        fd = self._acquire()
        close(self._fd)
        self._fd = fd

    def close(self) -> None:
        """Give the lock back."""
        close(self._fd)

    def _acquire(self) -> int:
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise TargetError(f"{self._path}: {reason(error)}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, 0)
            os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        except OSError as error:
            holder = os.pread(fd, 20, 0).decode("ascii", "replace").strip()
            close(fd)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise TargetError(f"{self._path}: {reason(error)}") from error
            raise TargetError(
                f"{self._log} is being written by process {holder or 'unknown'}",
                hint="stop that process, or give this one another log",
            ) from None
        return fd
