"""One callback on its way, one attempt of it, and the contract of what sends them."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple, Protocol

from ses_cli.batch import Piece
from ses_cli.batch.records import Row
from ses_cli.replay.journal import Entry


class Job:
    """One callback on its way: what the engine knows of it. What the journal knows is its `entry`."""

    __slots__ = (
        "attempt",
        "body",
        "commit",
        "due",
        "entry",
        "lane",
        "number",
        "row",
        "size",
        "source",
        "spent",
        "successes",
    )

    def __init__(self, piece: Piece, row: Row, entry: Entry, number: int) -> None:
        _, offset, length, _, _, _, lane, _ = row
        start = offset - piece.offset
        self.body = piece.data[start : start + length]  # exact
        self.source = piece.source
        self.row = row
        self.lane: Hashable = lane  # None: no order to keep
        self.entry = entry
        self.number = number  # in the order of the log
        self.attempt = 0  # how many have begun
        self.spent = 0  # of them, those that failed and count against the retries
        self.successes = 0  # of the target, when the last one left
        self.due = 0.0  # seconds from the start of the run
        self.commit = 0  # of the journal, with the intent
        self.size = length + 1024  # bytes, with what Python needs to hold it

    @property
    def timestamp(self) -> int:
        """Unix seconds; 0 where the line is no record."""
        return self.row.timestamp

    @property
    def id(self) -> str:
        """The webhook-id: of the same bytes the same. `printf %s "$line" | sha256sum | head -c 32` makes it again."""
        return self.entry.id.hex()


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

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Attempts of these are about to begin: what can be done before is done now. They may also never begin."""

    def send(self, jobs: Sequence[Job]) -> None:
        """Begin attempts."""

    def poll(self, wait: float) -> list[Attempt]:
        """What ended; waits `wait` seconds at most for something to end."""

    def close(self) -> list[Job]:
        """Drop all connections; the jobs that were still in flight."""
