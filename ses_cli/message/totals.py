"""Messages counted, and how long their steps took: what a group of messages comes to."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, auto
from itertools import accumulate
from typing import Self

from ses_cli.message.life import End, Flag, Life
from ses_cli.message.sent import Sent

EXACT = 1 << 17  # seconds, some 36 hours: what took longer is known to a thousandth
_BITS = 11  # that are kept of what took longer


class Count(IntEnum):
    """What is counted, each message at most once."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[int]) -> int:
        return count

    TOTAL = auto()
    DELIVERED = auto()  # this to `NOT_LOGGED` add up to the total
    BOUNCED = auto()
    DROPPED = auto()
    PENDING = auto()
    NOT_LOGGED = auto()
    OPENED = auto()
    OPENED_BY_MACHINE_ONLY = auto()
    CLICKED = auto()
    COMPLAINED = auto()
    UNSUBSCRIBED = auto()
    IMPOSSIBLE = auto()  # with any of the flags, of which a message may have several
    DELIVERED_AFTER_HARD_BOUNCE = auto()
    OPEN_BEFORE_DELIVERED = auto()
    TWO_ENDS = auto()
    TRY_AFTER_END = auto()
    OPEN_UNDELIVERED = auto()
    SENT_TIMESTAMP = auto()  # this to `SENT_LATER` are of those delivered, and add up to them
    SENT_BULK_ID = auto()
    SENT_UNKNOWN = auto()
    SENT_LATER = auto()  # than it was delivered, by the callbacks


_ENDS = {
    End.PENDING: Count.PENDING,
    End.DELIVERED: Count.DELIVERED,
    End.BOUNCED: Count.BOUNCED,
    End.DROPPED: Count.DROPPED,
    End.NOT_LOGGED: Count.NOT_LOGGED,
}
FLAG_COUNTS = {flag: Count[str(flag.name)] for flag in Flag}
_SENT = {Sent.TIMESTAMP: Count.SENT_TIMESTAMP, Sent.BULK_ID: Count.SENT_BULK_ID, Sent.NOTHING: Count.SENT_UNKNOWN}


@dataclass(slots=True)
class Durations:
    """How often each length of time was met, in seconds or in what else is counted."""

    counts: Counter[int] = field(default_factory=Counter)
    most: int | None = None

    def add(self, value: int) -> None:
        """Takes in one."""
        self.counts[rounded(value)] += 1
        self.most = value if self.most is None else max(value, self.most)

    def merge(self, other: Self) -> None:
        """Takes in what another has met."""
        self.counts.update(other.counts)
        if other.most is not None:
            self.most = other.most if self.most is None else max(other.most, self.most)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.most is not None

    def quantiles(self, *percents: int) -> list[int | None]:
        """For each, the least value that so many percent are not above (nearest rank); None where there is none."""
        values = sorted(self.counts)
        met = list(accumulate(map(self.counts.__getitem__, values)))
        ranks = [-(-percent * met[-1] // 100) for percent in percents] if met else []
        return [values[bisect_left(met, rank)] for rank in ranks] or [None] * len(percents)


def rounded(value: int) -> int:
    """A length of time as it is counted."""
    if value < EXACT:
        return value
    less = value.bit_length() - _BITS
    return value >> less << less


@dataclass(slots=True)
class Totals:
    """What some messages come to."""

    counts: list[int] = field(default_factory=lambda: [0] * len(Count))
    to_delivered: Durations = field(default_factory=Durations)
    to_open: Durations = field(default_factory=Durations)
    to_person: Durations = field(default_factory=Durations)  # to the first open that is no known machine's
    retries: Durations = field(default_factory=Durations)  # of those delivered

    def __getitem__(self, what: Count) -> int:
        return self.counts[what]

    def add(self, life: Life) -> None:
        """Counts a message."""
        counts = self.counts
        counts[Count.TOTAL] += 1
        counts[_ENDS[life.end]] += 1
        counts[Count.OPENED] += life.opens > 0
        counts[Count.OPENED_BY_MACHINE_ONLY] += life.opens > 0 and life.first_person is None
        counts[Count.CLICKED] += life.clicks > 0
        counts[Count.COMPLAINED] += life.has_complained
        counts[Count.UNSUBSCRIBED] += life.has_unsubscribed
        if life.flags:
            counts[Count.IMPOSSIBLE] += 1
            for flag, count in FLAG_COUNTS.items():
                counts[count] += flag in life.flags
        if life.end is End.DELIVERED and life.delivered is not None:
            self._time(life, life.delivered)

    def _time(self, life: Life, delivered: int) -> None:
        self.retries.add(life.retries)
        if life.sent is not None and life.sent > delivered:
            self.counts[Count.SENT_LATER] += 1
        else:
            self.counts[_SENT[life.known_from]] += 1
            if life.sent is not None:
                self.to_delivered.add(delivered - life.sent)
        for opened, times in ((life.first_open, self.to_open), (life.first_person, self.to_person)):
            if opened is not None and opened >= delivered:
                times.add(opened - delivered)

    def merge(self, other: Self) -> None:
        """Counts what another has counted, of other messages."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.to_delivered.merge(other.to_delivered)
        self.to_open.merge(other.to_open)
        self.to_person.merge(other.to_person)
        self.retries.merge(other.retries)


def merged(several: Iterable[Totals]) -> Totals:
    """What the messages of several come to."""
    whole = Totals()
    for totals in several:
        whole.merge(totals)
    return whole
