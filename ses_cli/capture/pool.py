"""All open connections: how many there may be, which one goes when there are too many, and what their bodies weigh."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may do."""

    connections: int = 512
    request_timeout: float = 20.0  # seconds, from the first byte of a request to its last
    idle_timeout: float = 75.0  # seconds; more than a proxy's, or its next request meets a closed connection
    bodies: int = 64 << 20  # bytes of all bodies that are being received


class Member(Protocol):
    """A connection, as the pool sees it."""

    network: str  # what one client may have all addresses of
    deadline: float  # of the client's next move, in seconds of the monotonic clock
    buffered: int  # bytes of a body that is being received

    def expire(self) -> None:
        """The deadline has passed."""
        ...

    def shut_down(self) -> None:
        """The server stops."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


class ConnectionPool:
    """Knows every connection from its acceptance to its end.

    `_waiting` holds those whose client has the next move (to begin a request, to end one, to take an answer), in the
    order in which that wait began. When another needs a place, the first of them goes that is of the network with the
    most of them. So with 600 connections that send nothing, or half a head, a callback that comes in one piece is never
    the first to go, and however fast one client connects, it takes the places of its own.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.evicted = 0
        self.stopping = False
        self._members: set[Member] = set()
        self._waiting: dict[Member, None] = {}
        self._networks: Counter[str] = Counter()  # of those that wait
        self._bodies = 0  # bytes

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(tuple(self._members))

    def add(self, member: Member, seconds: float) -> None:
        """A connection was accepted, whose client has so long for its first request."""
        self._members.add(member)
        self.wait(member, seconds)

    def remove(self, member: Member) -> None:
        """A connection has ended."""
        self.resize(member, 0)
        self._members.discard(member)
        self.work(member)

    def wait(self, member: Member, seconds: float) -> None:
        """The client has the next move, from now on, and so long for it."""
        if member in self._members:
            self.work(member)
            self._waiting[member] = None
            self._networks[member.network] += 1
            member.deadline = monotonic() + seconds

    def work(self, member: Member) -> None:
        """The server has the next move: this connection is not closed for any other."""
        member.deadline = float("inf")
        if member in self._waiting:
            del self._waiting[member]
            self._networks[member.network] -= 1
            if not self._networks[member.network]:
                del self._networks[member.network]

    def make_room(self) -> bool:
        """Close the connection that is the first to go, where all places are taken. False where none waits."""
        if len(self._members) < self.limits.connections:
            return True
        if not self._waiting:
            return False
        most = max(self._networks.values())
        self._evict(next(member for member in self._waiting if self._networks[member.network] == most))
        return True

    def resize(self, member: Member, size: int) -> None:
        """A connection holds so many bytes of a body. Where all of them are too many, the oldest one goes."""
        self._bodies += size - member.buffered
        member.buffered = size
        while self._bodies > self.limits.bodies and (oldest := self._oldest_body()):
            self._evict(oldest)

    def sweep(self) -> None:
        """See to those whose time is over."""
        now = monotonic()
        for member in [member for member in self._waiting if member.deadline < now]:
            member.expire()

    def _oldest_body(self) -> Member | None:
        return next((member for member in self._waiting if member.buffered), None)

    def _evict(self, member: Member) -> None:
        self.evicted += 1
        self.remove(member)
        member.abort()
