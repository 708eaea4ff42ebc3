"""The undelivered callbacks, as they were: a log that can be replayed in its turn."""

from collections.abc import Iterable
from typing import BinaryIO

from ses_cli.errors import TargetError
from ses_cli.replay.exchange import Job
from ses_cli.replay.intake import Intake


class DeadLetters:
    """Lines in the input's own form, flushed when the caller closes the file."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name

    def write(self, body: bytes) -> None:
        """One undelivered callback. TargetError if it cannot be written."""
        try:
            self._file.write(body + b"\n")
        except OSError as error:
            raise TargetError(f"{self._name}: cannot be written: {error.strerror}") from None

    def rest(self, pending: Iterable[Job], intake: Intake) -> None:
        """What a run that ended by itself left: the jobs it had taken in, and the log from there on."""
        for job in pending:
            self.write(job.delivery.body)
        while intake.peek() is not None:
            self.write(intake.take().delivery.body)
