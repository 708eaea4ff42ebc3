"""What flows from layer to layer: a piece of a source, and the batch that an engine makes of it.

A batch answers questions, and an engine decides how: the one in Python holds a `Callback` for each record, a native one
holds columns and makes a `Callback` only of what is asked for. So a report asks one question a batch, and never loops
over records to count them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from ses_cli.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from ses_cli.batch.collected import (
        Collected,
        CollectedBounces,
        CollectedColumns,
        CollectedMessages,
        Deliveries,
        Judge,
    )
    from ses_cli.batch.records import Lane, Located, Row
    from ses_cli.callback import Callback
    from ses_cli.events import Problem

BOM = b"\xef\xbb\xbf"
OVERLONG_HEAD = 1024  # bytes kept of a line too long to hold
DEFAULT_MAX_LINE = 1 << 20  # bytes
SLOT = 900  # seconds: no zone's offset has been finer since 1972, but for a few


class Piece(NamedTuple):
    """Whole lines of one source, in their order."""

    source: str
    offset: int  # of the first byte, in the decompressed source
    data: bytes  # ends with a newline, unless it is the last of its source
    line: int = 1  # number of the first line, once it is known
    bytes_read: int = 0  # bytes read of the file as it lies on disk, for progress
    overlong: int = 0  # bytes of the one line this stands for, when too long to hold: then data is its head

    @property
    def end(self) -> int:
        """The number of the line that follows."""
        if self.overlong:
            return self.line + 1
        return self.line + self.data.count(b"\n") + (not self.data.endswith(b"\n"))

    def cut(self, offset: int, length: int) -> bytes:
        """The bytes of a line that lies there in the source."""
        start = offset - self.offset
        return self.data[start : start + length]


class Invalid(NamedTuple):
    """A line that is no record, and all the reasons."""

    problems: Sequence[Problem]
    raw: bytes  # without the line end; the head only, when too long


class Key(StrEnum):
    """What records are counted by. An absent or empty value is None."""

    EVENT = "event"
    BOUNCE_TYPE = "bounce-type"  # in today's spelling; None for every event but bounce
    DOMAIN = "domain"  # the recipient's, as it is compared; "" for an empty address
    FROM_DOMAIN = "from-domain"  # the sender's, as it is compared
    TEMPLATE = "template"
    TASK = "task"
    SENDER = "sender"
    BULK_ID = "bulk-id"  # as written, "" included
    SLOT = "slot"  # timestamp // 900


T = TypeVar("T")
Value = str | int | None
Counts = Mapping[tuple[Value, ...], int]
Kinds = dict[tuple[str, str | None], T]  # by event and bounce type
Fields = Mapping[tuple[str, str], tuple[int, int]]


class Checks(NamedTuple):
    """How an engine checks lines, and which records it counts."""

    max_line: int = DEFAULT_MAX_LINE  # bytes, without the newline
    strict: bool = False  # warnings are errors
    explain: bool = False  # keep the warnings in full
    selection: Selection = EVERYTHING


DEFAULT_CHECKS = Checks()


class Seen(Protocol):
    """The callbacks met so far, for `--dedupe`."""

    def add(self, fingerprints: bytes) -> bytes:
        """Enters fingerprints, 16 bytes each, in order; a byte for each, 1 where it is new."""


class Batch(Protocol):
    """The lines of one piece, checked and selected. What is *counted* is valid, selected and no duplicate.

    Sequences, and `fields`, are in the order of the log; `counts` is in any.
    """

    @property
    def piece(self) -> Piece:
        """What it was made of. An engine may have to make it when it is asked for."""

    @property
    def source(self) -> str:
        """The source of its piece."""

    @property
    def line(self) -> int:
        """The number of its first line."""

    @property
    def lines(self) -> int:
        """All lines: `blank + len(invalid) + count + filtered + duplicates`."""

    @property
    def blank(self) -> int:
        """Lines with nothing on them."""

    @property
    def count(self) -> int:
        """Records that are counted."""

    @property
    def filtered(self) -> int:
        """Valid records that are not selected."""

    @property
    def duplicates(self) -> int:
        """Valid and selected records that `deduplicate` left out."""

    @property
    def invalid(self) -> Sequence[Invalid]:
        """The invalid lines, each with all its problems. An engine may explain a line only when it is asked for."""

    @property
    def problems(self) -> Mapping[str, int]:
        """What is wrong with the invalid lines, warnings on them too: code -> n."""

    @property
    def warnings(self) -> Mapping[str, int]:
        """Warnings of valid lines, selected or not: code -> n. Empty under `strict`."""

    @property
    def explained(self) -> Sequence[Problem]:
        """These warnings in full, under `explain`; else none."""

    def period(self) -> tuple[int, int] | None:
        """First and last timestamp of the counted records, in Unix seconds; None where there are none."""

    def counts(self, keys: Sequence[Key]) -> Counts:
        """The counted records by these keys: one tuple a group, in the order of `keys`."""

    def add_counts(self, keys: Sequence[Key], counts: Counter[tuple[Value, ...]]) -> None:
        """Adds these counts to others by the same keys."""

    def collect(self, keys: Sequence[Key], collected: Collected | None) -> Collected | None:
        """Adds the counts to those of earlier batches, by the same keys; None where this engine does not collect."""

    def collect_bounces(
        self, event: str, bounce_type: str | None, is_local: bool, collected: CollectedBounces | None
    ) -> tuple[CollectedBounces, Deliveries] | None:
        """Adds the counted records of an event: `bounce`, of one type where one is asked for, `deferred` or `dropped`.

        With them what `deliveries(is_local)` says. None where this engine does not collect.
        """

    def collect_messages(
        self, by: Sequence[Key], has_texts: bool, judge: Judge | None, collected: CollectedMessages | None
    ) -> CollectedMessages:
        """Adds the steps that the counted records tell of, grouped by these keys, and where asked for their texts.

        With a judge, what `message.row` says of rows where reasons are judged.
        """

    def collect_columns(self, names: Sequence[str], collected: CollectedColumns | None) -> CollectedColumns | None:
        """Adds the counted records to these columns; `reasons` are what `CollectedColumns.reasons` has.

        None where this engine does not collect.
        """

    def callbacks(self, events: AbstractSet[str] | None = None) -> Sequence[Callback]:
        """The counted records, of these event types only; None is all of them."""

    def located(self, events: AbstractSet[str] | None = None) -> Iterator[Located]:
        """The same, each with its line number, byte offset and raw bytes."""

    def captured(self) -> bytes:
        """The lines of the counted records, byte for byte, each with its end; a newline where the last has none."""

    def rows(self, lane: Lane) -> Sequence[Row]:
        """The counted records for replay."""

    def deliveries(self, is_local: bool = False) -> Deliveries:
        """A mark of the recipient and the time for each valid `delivered` record, *selected or not*.

        No filter may make an address look dead that was delivered to since. Both are 8 bytes each: what
        `identity.marks` says of `identity.recipient(email)`, and Unix seconds in the machine's byte order. With
        `is_local` what `engine.marks` says of it, which holds in this process alone.
        """

    def fingerprints(self) -> bytes:
        """What `identity.fingerprint` says of each counted record, 16 bytes each, one after another."""

    def prepare(self, seen: Seen) -> None:
        """Does the part of `deduplicate` that needs no turn."""

    def deduplicate(self, seen: Seen) -> None:
        """Leaves out what was seen before, and enters the rest. Call it batch after batch in the order of the log."""

    def fields(self) -> Fields:
        """What is met in the objects of counted and of invalid lines: (key, JSON type) -> (row of the first, how many).

        Rows are lines of the piece, from 0. JSON types are string, integer, number, boolean, null, array and object; an
        integer beyond 64 bits is a number. Of a key that comes twice the last value counts.
        """


class Engine(Protocol):
    """Makes batches of pieces. Engines differ in speed only: `schema.line` defines what is valid.

    One engine is used by one thread at a time; any number of them work side by side.
    """

    @property
    def name(self) -> str:
        """python or native."""

    @property
    def piece_size(self) -> int:
        """Bytes of the pieces it works best on."""

    @property
    def is_threaded(self) -> bool:
        """Whether it works without the interpreter's lock, so that threads do for it what processes do for Python."""

    def check(self, piece: Piece) -> Batch:
        """The batch of a piece, selected but not deduplicated. Raises nothing, whatever the bytes."""

    def seen(self, is_local: bool = False) -> Seen:
        """An empty memory of callbacks, for the batches of this engine and others of its name.

        With `is_local` it takes batches of this process only, and no fingerprints.
        """
