"""The undelivered callbacks, as they were: a log that can be replayed in its turn."""

from collections.abc import Callable, Iterable


class DeadLetters:
    """Lines in the input's own form, handed to `write`, which raises what it must."""

    def __init__(self, write: Callable[[Iterable[bytes]], None]) -> None:
        self._write = write

    def write(self, body: bytes) -> None:
        """One undelivered callback."""
        self._write((body, b"\n"))
