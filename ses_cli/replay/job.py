"""One delivery on its way, one attempt of it, and the contract of what sends them."""

from collections.abc import Hashable
from typing import NamedTuple, Protocol

from ses_cli.replay.deliveries import Delivery


class Job:
    """A delivery on its way: what the engine knows of it."""

    __slots__ = (
        "again",
        "attempt",
        "batch",
        "delivery",
        "due",
        "is_unknown",
        "lane",
        "number",
        "place",
        "size",
        "source",
        "timestamp",
    )

    def __init__(self, delivery: Delivery, number: int, source: int, again: bool) -> None:
        self.delivery = delivery
        self.number = number  # in the order of the log
        self.source = source  # its number in the journal
        self.again = again  # its outcome in a run before is unknown
        self.is_unknown = again  # an attempt may have arrived that had no answer
        self.attempt = 0  # how many have begun
        self.due = 0.0  # seconds from the start of the run
        self.batch = 0  # of the journal, with the intent
        self.place = ""  # as the journal's lines about it have it
        self.timestamp = delivery.timestamp
        self.lane: Hashable = delivery.lane
        self.size = len(delivery.body) + 1024  # with what Python needs to hold it


class Attempt(NamedTuple):
    """How one attempt ended."""

    job: Job
    status: int  # 0: no answer
    error: str  # what kept it from being one, a word of KINDS; "" with a status
    seconds: float
    detail: str = ""  # fit to be shown
    retry_after: float = 0.0  # seconds that the target asks to wait
    is_unknown: bool = False  # no answer, though the request may have left


class Sender(Protocol):
    """Sends requests concurrently. Never blocks but in `poll`."""

    @property
    def in_flight(self) -> int: ...

    def send(self, job: Job) -> None:
        """Begin an attempt."""

    def poll(self, wait: float) -> list[Attempt]:
        """What ended; waits `wait` seconds at most for something to end."""

    def close(self) -> list[Job]:
        """Drop all connections; the jobs that were still in flight."""
