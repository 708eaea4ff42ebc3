"""The undelivered callbacks, as they were: a log that can be replayed in its turn."""

from collections.abc import Callable, Iterable

from ses_cli.replay.job import Job


class DeadLetters:
    """Lines in the input's own form, handed to `write`, which raises what it must."""

    def __init__(self, write: Callable[[Iterable[bytes]], None]) -> None:
        self._write = write

    def write(self, body: bytes) -> None:
        """One undelivered callback."""
        self._write((body, b"\n"))

    def rest(self, pending: Iterable[Job], remaining: Iterable[Job]) -> int:
        """What a run that ended by itself left: the jobs it had taken, and the `remaining`, which are counted."""
        for job in pending:
            self.write(job.delivery.body)
        count = 0
        for count, job in enumerate(remaining, 1):  # noqa: B007
            self.write(job.delivery.body)
        return count
