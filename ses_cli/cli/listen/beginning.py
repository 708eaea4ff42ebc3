"""The log with which forwarding begins, kept until it has begun."""

import os
from contextlib import suppress
from pathlib import Path

from ses_cli.capture.linefile import sync_directory
from ses_cli.errors import TargetError, reason
from ses_cli.replay.journal_path import default_path


class Beginning:
    """The log as it was before the first callback came, whatever it is rotated to, compressed to or replaced by.

    It is held open, and has a second name on disk: the process that forwards may not come to its first callback before
    this one ends. From then on the journal knows where to go on.
    """

    def __init__(self, log: Path, url: str) -> None:
        self.fd: int | None = None
        self._log = log
        self._journal = default_path(str(log), url)
        self.path = self._journal.with_suffix(".begin")

    def keep(self) -> None:
        """The log is there. TargetError where it cannot have a second name: it is held open all the same."""
        try:
            if not self._journal.exists():
                with suppress(FileExistsError):  # forwarding has not begun since
                    os.link(self._log.resolve(), self.path)
                sync_directory(self.path.parent)
        except OSError as error:
            raise TargetError(
                f"{self.path}: {reason(error)}; what is rotated before forwarding has begun is not forwarded"
                " if listen is stopped before"
            ) from None
        finally:
            self._open()

    def _open(self) -> None:
        for path in (self.path, self._log):
            with suppress(OSError):
                self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                return

    def forget(self) -> None:
        """Forwarding has begun."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
            with suppress(OSError):
                self.path.unlink()
