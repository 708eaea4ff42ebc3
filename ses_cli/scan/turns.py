"""Batches of spans that are worked on side by side, entered in the order of the log."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from ses_cli.batch import Batch
from ses_cli.engine import Checked
from ses_cli.errors import SourceError

_MOST = 2 << 20  # bytes of lines that are held


class Turn(Protocol):
    """When the callbacks of a span are entered among those seen."""

    def has_come(self) -> bool:
        """Whether those of all earlier spans are entered."""

    def wait(self) -> None:
        """Waits until they are."""


def in_turn(
    batches: Iterator[Checked],
    turn: Turn,
    prepare: Callable[[Batch], None],
    held: deque[Checked],
    room: Callable[[], int],
) -> Iterator[Checked]:
    """The batches when their turn has come. Until then they go to `held`, up to `room` bytes. Raises SourceError.

    What is entered in turn is little of the work, and the rest goes on meanwhile.
    """
    error: SourceError | None = None
    try:
        for each in batches:
            prepare(each.batch)
            held.append(each)
            if turn.has_come() or sum(each.size for each in held) >= min(room(), _MOST):
                turn.wait()
                while held:
                    yield held.popleft()
    except SourceError as found:
        error = found
    turn.wait()
    while held:
        yield held.popleft()
    if error is not None:
        raise error
