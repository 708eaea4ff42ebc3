"""What the loop of a replay asks of its memory, with or without a file behind it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ses_cli.batch import Piece
from ses_cli.batch.records import Row
from ses_cli.callback import Callback
from ses_cli.replay.journal.entry import Entry, State


class Content(Protocol):
    """The bytes of a log, decompressed. What is piped in is read ahead for it, and kept for whoever reads the log."""

    def head(self) -> bytes:
        """The first line and whatever more can be had at once, 64 KiB at most."""

    def read(self, start: int, end: int) -> bytes:
        """These bytes, fewer at the end of the log. Waits for them. Calls with rising `start` cost least."""


class Range(NamedTuple):
    """Lines that are still to be read: those that begin in [offset, end). The first is line number `line`."""

    offset: int
    line: int
    end: int | None = None  # None: all that follows


class Opened(NamedTuple):
    """What is known of a log that was opened."""

    log: int  # its number, by which the journal speaks of it
    offset: int = 0  # before this everything selected is done, but for `failed` and `unknown`
    line: int = 1  # the number of the line that begins there
    delivered: int = 0  # callbacks of this selection that are delivered already
    failed: int = 0  # callbacks that failed in an earlier run
    unknown: int = 0  # callbacks whose outcome is unknown
    name: str | None = None  # what the log was called before, where that was something else
    shared: int = 0  # where it is another log's beginning with a new end: lines that are the other's
    resembles: str | None = None  # a log that begins alike, where this one is taken for another


class Journal(Protocol):
    """What became of each callback, on disk before anything relies on it.

    The order of calls: `open_log` for each log before it is read; `feed` for each piece, then `admit` for its
    callbacks in the order of the log; for each attempt `intend`, and once `durable` has reached the number that it
    returned the request may leave; then `deliver` or `outcome`. `commit` begins to write what was said so far, in the
    background.

    Between a commit that holds an intent and one that holds its outcome the callback is in flight. At most `limit` are
    at any moment, on disk too: that many are unknown after a kill. So never call `intend` when `limit` entries have an
    intent without an outcome. An outcome and the intent that takes its place go into the same commit.

    All is for one thread. TargetError where the file cannot be written: nothing after that is ever written.
    """

    @property
    def durable(self) -> int:
        """The number of the last commit that is on disk."""

    @property
    def delivered(self) -> int:
        """Callbacks of the opened logs and this selection that are known to be delivered by runs before."""

    @property
    def is_empty(self) -> bool:
        """Whether no run before has opened a log."""

    def candidates(self, content: Content) -> Mapping[int, int]:
        """The logs of runs before that this may be, and how many bytes of it are known by each. It is not opened."""

    def resembles(self, content: Content) -> bool:
        """Whether it begins like a log that a run before has opened: it may be that one, with another end."""

    def is_finished(self, log: int) -> bool:
        """Whether nothing is left of a log that was retired."""

    def open_log(self, name: str, content: Content, among: Collection[int] | None = None) -> Opened:
        """Recognise a log by its content, whatever its name. Each is recognised once a run.

        `among`: it is one of these logs or a new one.
        """

    def ranges(self, log: int) -> Iterator[Range]:
        """What of a plain file is still to be read, in order: the exceptions, then all from `Opened.offset` on.

        What needs no seeking may be read whole: `admit` knows what is done.
        """

    def unknown(self, log: int) -> Iterator[int]:
        """The lines whose outcome is unknown."""

    def feed(self, log: int, piece: Piece) -> None:
        """The next lines of a log; what is admitted next lies in them."""

    def admit(self, log: int, rows: Sequence[Row], records: Sequence[Callback] | None = None) -> list[Entry]:
        """The next callbacks that are selected, all of one piece. A DELIVERED one is done with, and in `delivered`.

        `records` are needed where `needs_records` says so.
        """

    def finish(self, log: int) -> None:
        """All there is of a log was admitted, for now: what stands behind the last callback is read as well."""

    def retire(self, log: int) -> None:
        """A log was left for the one after it, and nothing is added to it: when all is delivered, it is finished."""

    def needs_records(self, log: int) -> bool:
        """Whether runs with another selection have sent of this log, so that `admit` has to look at the record."""

    def leave(self, entry: Entry) -> None:
        """It is left as it is in this run, like an unknown one with `--unknown skip`."""

    def look_only(self) -> None:
        """From now on `admit` only tells what is known: what it admits is not sent, nor kept in memory."""

    def intend(self, attempts: Sequence[tuple[Entry, int]]) -> int:
        """Attempts are about to leave, which have these numbers; the commit that must be durable before they may."""

    def deliver(self, entries: Sequence[Entry]) -> int:
        """These attempts ended in a delivery. Returns the number of the commit that will hold it."""

    def outcome(self, entry: Entry, state: State, *, is_final: bool = True) -> int:
        """How the attempt ended, NEVER where it did not leave; `entry.state` says what that makes of it.

        Not final: another attempt follows in this run.
        Returns the number of the commit that will hold it.
        """

    def cut(self, log: int, offset: int, line: int, content: Content) -> None:
        """The log was truncated and has this content now: what stands from here on is new."""

    def commit(self) -> None:
        """Begin to write all that was said, unless a commit is still being written."""

    def flush(self) -> None:
        """Wait until the commit that was begun is on disk."""

    def close(self) -> None:
        """Write all and unlock."""


class NoJournal:
    """Remembers nothing: everything is new, and as durable as it will get."""

    durable = 0
    delivered = 0

    def __init__(self) -> None:
        self._logs = 0

    is_empty = True

    def candidates(self, content: Content) -> Mapping[int, int]:
        """None."""
        return {}

    def resembles(self, content: Content) -> bool:
        """Never."""
        return False

    def is_finished(self, log: int) -> bool:
        """Nothing is known."""
        return False

    def open_log(self, name: str, content: Content, among: Collection[int] | None = None) -> Opened:
        """Every log is new."""
        self._logs += 1
        return Opened(self._logs)

    def ranges(self, log: int) -> Iterator[Range]:
        """All of it."""
        yield Range(0, 1)

    def unknown(self, log: int) -> Iterator[int]:
        """Nothing is known to be unknown."""
        return iter(())

    def feed(self, log: int, piece: Piece) -> None:
        """Not kept."""

    def admit(self, log: int, rows: Sequence[Row], records: Sequence[Callback] | None = None) -> list[Entry]:
        """Every line is new."""
        never = State.NEVER
        return [Entry(log, line, offset, identity, never) for line, offset, _, _, _, _, _, identity in rows]

    def finish(self, log: int) -> None:
        """Not kept."""

    def retire(self, log: int) -> None:
        """Not kept."""

    def needs_records(self, log: int) -> bool:
        """Never."""
        return False

    def leave(self, entry: Entry) -> None:
        """Not kept."""

    def look_only(self) -> None:
        """Nothing is kept anyway."""

    def intend(self, attempts: Sequence[tuple[Entry, int]]) -> int:
        """Not kept."""
        return 0

    def deliver(self, entries: Sequence[Entry]) -> int:
        """Kept in the entries alone."""
        for entry in entries:
            entry.state, entry.is_final = State.DELIVERED, True
        return 0

    def outcome(self, entry: Entry, state: State, *, is_final: bool = True) -> int:
        """Kept in the entry alone."""
        settle(entry, state, is_final)
        return 0

    def cut(self, log: int, offset: int, line: int, content: Content) -> None:
        """Not kept."""

    def commit(self) -> None:
        """Nothing to do."""

    def flush(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


def settle(entry: Entry, state: State, is_final: bool) -> None:
    """Enters an outcome. What did not leave stays what it was, what may have arrived stays unknown until delivered."""
    if state is State.DELIVERED or (state is not State.NEVER and entry.state is not State.UNKNOWN):
        entry.state = state
    entry.is_final = is_final and entry.state is not State.NEVER


if TYPE_CHECKING:
    _: type[Journal] = NoJournal
