"""What engines hold of many batches, until a report asks for it: counts, bounces, messages, columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from array import array

    from ses_cli.batch import Counts, Key, Kinds, Value


class Collected(Protocol):
    """Counts of many batches by the same keys, held by their engine until they are asked for."""

    @property
    def keys(self) -> Sequence[Key]:
        """What it counts by."""

    def merge(self, later: Self) -> None:
        """Takes in what was collected later, by the same keys; that is spent then."""

    def counts(self) -> Counts:
        """See `Batch.counts`."""

    def __len__(self) -> int:
        """How many groups the keys make, but event and bounce type, of which each group has its counts."""

    def sums(self) -> Kinds[int]:
        """The records of all groups together."""

    def largest(self, top: int | None = None) -> array[int]:
        """The numbers of the groups with the most records, among equals by the `str` of each value; the first `top`."""

    def values(self, groups: Sequence[int]) -> list[list[Value]]:
        """The values of these groups, in columns: one for each key, but event and bounce type."""

    def columns(self, groups: Sequence[int]) -> Kinds[list[int]]:
        """The records of these groups, in columns: one for each event and bounce type."""


class BounceColumns(NamedTuple):
    """What bounces, deferrals or drops say of each recipient address, in the order in which they were met.

    `kinds` to `reason_of` are of the one that speaks for the address: its newest hard bounce, else the newest.
    """

    emails: list[str]  # as they are compared
    domains: list[str]  # each once
    domain_of: array[int]  # the place of each address's domain
    kinds: bytes  # 0 untyped, 1 hard, 2 soft, 3 deferred, 4 dropped
    times: array[int]
    reasons: list[str]  # as `reasons.own.hide` gives them for the address, each once
    reason_of: array[int]
    firsts: array[int]
    lasts: array[int]
    counts: array[int]
    origins: list[tuple[tuple[str, ...], tuple[int, ...]]]  # sender domains and templates of all of them
    origin_of: array[int]
    spelt: dict[int, str]  # the address as the one that speaks has it, where that is another spelling


Deliveries = tuple[bytes, bytes]  # marks and times


class CollectedBounces(Protocol):
    """Bounces, deferrals or drops of many batches by address, held by their engine until they are asked for."""

    def merge(self, later: Self) -> None:
        """Takes in what was collected later; that is spent then."""

    def columns(self, is_kept: bool = False) -> BounceColumns:
        """All that was collected, which is spent then, unless it is kept."""


class Parts(NamedTuple):
    """Bytes in `message.row.PARTS` parts, one after another."""

    data: bytes
    sizes: list[int]


# Why a message failed: the event, for a bounce its type, the reason as `reasons.own.hide` gives it for the address, the
# recipient's domain as it is compared, and an address that it is said of, as written
Cause = tuple[str, str | None, str, str, str]
# Tells of each cause what stands for its meaning, a number of 64 bits. The same cause has always the same one, whatever
# the address is, unless there is another address in the reason: an engine may ask once.
Judge = Callable[[Sequence[Cause]], list[int]]
Sample = tuple[int, str]  # the time and the text of a reason, without the recipient's address


class MessageBlock(NamedTuple):
    """Steps of messages as `message.row` packs them, in parts by the first byte of their keys."""

    rows: Parts
    texts: Parts  # of their messages, none where they were not asked for
    groups: dict[int, tuple[Value, ...]]  # the values that each group stands for
    samples: dict[tuple[str, int], Sample]  # the newest by recipient domain and meaning, where reasons are judged


class CollectedMessages(Protocol):
    """The steps of messages of many batches, held by their engine until they are asked for."""

    @property
    def size(self) -> int:
        """Bytes held."""

    @property
    def unassigned(self) -> int:
        """Callbacks that tell of no message: without a bulkId, or without an address."""

    def merge(self, later: Self) -> None:
        """Takes in what was collected later; that is spent then."""

    def take(self) -> MessageBlock:
        """All that was collected, which is held no more."""


Texts = tuple[int, bytes, bytes, bytes]


class CollectedColumns(Protocol):
    """The counted records of many batches in columns, in the buffers that Arrow has.

    Of every column: how many values are missing, and a bit for each that is there; then its values.
    """

    def __len__(self) -> int:
        """Records."""

    def texts(self, name: str, /) -> Texts:
        """Texts by the name that `export` gives them: where each begins in bytes of UTF-8, and these."""

    def rows(
        self,
        names: list[str],
        delimiter: str,
        source: str,
        above: int,
        words: dict[str, list[str]],
        odd: dict[int, str],
        /,
    ) -> bytes:
        """Rows of CSV or TSV as `render.data.separated` writes them, with times in UTC.

        `above` lines stand before; `words` are what the numbers of some columns stand for: subjects, and verdicts by
        the numbers of `reasons`; `odd` are undocumented values of records that are not there, as JSON.
        """

    def words(self, name: str, /) -> tuple[int, bytes, bytes, Texts]:
        """Numbers of 32 bits of texts that repeat, and each of these once, none of which is missing."""

    def known(self, name: str, /) -> list[str]:
        """Each of the texts that repeat once."""

    def renumbered(self, name: str, others: list[int], /) -> tuple[int, bytes, bytes]:
        """The numbers of texts that repeat, or of `reasons`, of which each is another one, by its place here."""

    def integers(self, name: str, more: int, /) -> tuple[int, bytes, bytes]:
        """Integers of 64 bits, or times in milliseconds, and `more`. `line` is counted as the batches have it."""

    def others(self) -> tuple[int, bytes, bytes, Texts, Texts]:
        """Undocumented values: where those of each record begin, names and values."""

    def odd(self) -> list[tuple[int, bytes]]:
        """Records of which `others` does not have them: their numbers and lines."""

    def reasons(self) -> list[bytes]:
        """What bounces, deferrals and drops say, by its number. The same bytes, in any columns, mean the same."""

    def reason(self, number: int, /) -> tuple[str, bool, str]:
        """The reason as `reasons.own.hide` gives it, whether it is soft, and an address it is said of."""
