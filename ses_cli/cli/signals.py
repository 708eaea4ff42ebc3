"""SIGTERM and SIGHUP end a command in order: what it has begun to write is taken away first."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGHUP)


class Terminated(BaseException):
    """A signal that ends the program came."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def terminating() -> Iterator[None]:
    """Raises Terminated where a signal comes, once: a second one ends the program at once.

    A command may handle these signals itself. What is ignored from the start, as by nohup, stays ignored.
    """
    handled = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        for each in handled:
            signal.signal(each, signal.SIG_DFL)
        raise Terminated(number)

    for number in handled:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


def end_by(number: int) -> None:
    """Ends this process by the signal, so that the one that started it sees what ended it."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
