"""The undelivered callbacks, as they were: a log that can be replayed in its turn."""

from collections.abc import Callable, Iterable

from ses_cli.replay.exchange import Job
from ses_cli.replay.intake import Intake


class DeadLetters:
    """Lines in the input's own form, handed to `write`, which raises what it must."""

    def __init__(self, write: Callable[[Iterable[bytes]], None]) -> None:
        self._write = write

    def write(self, body: bytes) -> None:
        """One undelivered callback."""
        self._write((body, b"\n"))

    def rest(self, pending: Iterable[Job], intake: Intake) -> int:
        """What a run that ended by itself left: the jobs it had taken, and the rest of the log, counted."""
        for job in pending:
            self.write(job.delivery.body)
        count = 0
        while intake.peek() is not None:
            self.write(intake.take().delivery.body)
            count += 1
        return count
