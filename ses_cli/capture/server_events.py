"""What happens while the receiver runs, as plain values."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from ses_cli.callback import Callback
from ses_cli.events import Problem


class Listening(NamedTuple):
    """The server answers from now on."""

    host: str
    port: int
    tls: bool


class Stored(NamedTuple):
    """One callback is on disk."""

    at: float  # Unix seconds
    record: Callback


class Rejected(NamedTuple):
    """One body, or one element of an array, is on disk among the rejects."""

    at: float  # Unix seconds
    problems: Sequence[Problem]


class Refused(NamedTuple):
    """A request or a connection was refused with this status."""

    at: float  # Unix seconds
    status: int
    why: str
    client: str


class Answered(NamedTuple):
    """A request was answered 200 or 400."""

    status: int
    size: int  # bytes of its body


class Synced(NamedTuple):
    """A group of callbacks is on disk."""

    seconds: float  # to write and sync it
    size: int  # bytes
    waiting: int  # bytes that came meanwhile


class Shipping(NamedTuple):
    """How far rotated files are on their way to a store."""

    shipped: int  # files, in this run
    waiting: int  # files
    size: int  # bytes of them
    oldest: str | None  # the stamp of the first of them
    cause: str | None  # why the last attempt failed
    retry_at: float | None  # Unix seconds

    @property
    def waits(self) -> str:
        """What waits, since when and why; "" where nothing does."""
        if not self.waiting:
            return ""
        files = f"{self.waiting:,} file{'' if self.waiting == 1 else 's'} ({self.size:,} bytes)"
        text = f"{files} waiting since {self.oldest}"
        if self.cause is None:
            return text
        left = 0 if self.retry_at is None else max(0, ceil(self.retry_at - time.time()))
        return f"{text}, retrying {f'in {left} s' if left else 'now'} ({self.cause})"

    def __str__(self) -> str:
        return f"shipping: {', '.join(filter(None, [f'{self.shipped:,} shipped', self.waits]))}"


class Note(NamedTuple):
    """Something the operator should know: a rotation, a moved line, a recovery."""

    message: str


class ReceiverFailure(NamedTuple):
    """Something went wrong, and the receiver goes on."""

    message: str


ServerEvent = Listening | Stored | Rejected | Refused | Answered | Synced | Shipping | Note | ReceiverFailure
EventListener = Callable[[ServerEvent], None]
"""Takes events. It is called from the event loop and from the threads that write, so it must stand that."""


@dataclass(slots=True)
class ReceiverTotals:
    """What a run of the receiver did."""

    stored: int = 0
    rejected: int = 0
    events: Counter[str] = field(default_factory=Counter)  # event type -> stored
    refused: Counter[int] = field(default_factory=Counter)  # status -> requests
    evicted: int = 0  # connections that waited longest when another needed their place
