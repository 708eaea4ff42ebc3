"""One callback as the journal sees it, from being read to its final outcome."""

from enum import IntEnum


class State(IntEnum):
    """What became of a callback."""

    NEVER = 0  # not sent, or known not to have left
    UNKNOWN = 1  # it left and no answer came: it may have arrived
    DELIVERED = 2
    FAILED = 3  # answered, and not delivered


class Entry:
    """One callback: where it is, and what became of it.

    `state` is what is known of it now. Once UNKNOWN it stays so until it is delivered, whatever later attempts end in:
    an answer to the second request says nothing about the first.
    """

    __slots__ = ("id", "is_final", "is_lost", "line", "log", "offset", "place", "row", "state")

    def __init__(self, log: int, line: int, offset: int, identity: bytes, state: State) -> None:
        self.log = log  # the number of its log in the journal
        self.line = line  # from 1
        self.offset = offset  # bytes, in the decompressed log
        self.id = identity  # the first 16 bytes of the SHA-256 of its line
        self.state = state
        self.is_final = False  # done with in this run
        self.is_lost = False  # the log was truncated before its line
        self.place: object = None  # the journal's own, until it is final: what makes a mark of where it is
        self.row = State.NEVER  # and what is on disk of it, where it is an exception
