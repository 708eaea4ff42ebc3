"""What bounces tell of recipient addresses, in columns: a million of them have to fit.

What is said of an address (type, class, action, reason, codes) comes from its newest hard bounce, or where it has none
from its newest soft one: only a delivery speaks against a hard bounce, and that is told beside it.
"""

from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cache, lru_cache
from heapq import nsmallest
from pathlib import Path
from typing import Self, TypeVar, cast

from ses_cli.callback import Callback
from ses_cli.events import HARD, SOFT
from ses_cli.identity import address, domain, from_domain
from ses_cli.reasons import Classifier, Verdict
from ses_cli.reasons.own import hide, reveal
from ses_cli.table import Value
from ses_cli.times import rfc3339

NAMES = (
    "email",
    "domain",
    "bounce_type",
    "class",
    "action",
    "rule",
    "count",
    "first",
    "last",
    "reason",
    "reply_code",
    "enhanced_code",
    "from_domains",
    "templates",
    "delivered_since",
)
_TYPES = (None, SOFT, HARD)
_HARD = _TYPES.index(HARD)

T = TypeVar("T", str, int)
H = TypeVar("H", bound=Hashable)
Origin = tuple[tuple[str, ...], tuple[int, ...]]  # sender domains and templates


@dataclass(slots=True)
class Address:
    """What is known of one recipient address. Times are Unix seconds."""

    email: str  # as `identity.address` gives it
    bounce_type: str | None  # this to `verdict` are of the bounce that speaks for the address
    time: int
    reason: str
    verdict: Verdict
    first: int
    last: int
    count: int
    from_domains: tuple[str, ...]
    templates: tuple[int, ...]
    delivered_since: bool  # delivered to after its last hard bounce

    @property
    def is_hard(self) -> bool:
        """Whether it bounced hard at least once; `time` is then that of the last hard bounce."""
        return self.bounce_type == HARD


def _times() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class Addresses:
    """One number for each address, counted from 0 as they are met, and columns of what is known of it."""

    numbers: dict[str, int] = field(default_factory=dict)
    types: bytearray = field(default_factory=bytearray)  # places in `_TYPES`; this to `verdicts` are of one bounce
    times: "array[int]" = field(default_factory=_times)
    reasons: list[str] = field(default_factory=list)  # as `reasons.own.hide` gives them, so that many are one
    verdicts: list[Verdict] = field(default_factory=list)
    firsts: "array[int]" = field(default_factory=_times)
    lasts: "array[int]" = field(default_factory=_times)
    counts: "array[int]" = field(default_factory=_times)
    origins: list[Origin] = field(default_factory=list)

    def add(self, record: Callback, rules: Path | None) -> None:
        """Takes in a bounce."""
        kind, text, time = record.bounce_type, record.reason or "", record.timestamp
        bounce_type = HARD if kind == HARD else SOFT if kind == SOFT else None
        verdict = classifier(rules).classify(text, bounce_type, record.email)
        email, origin = address(record.email), _origin(from_domain(record), record.template_id)
        self._take(email, _TYPES.index(bounce_type), time, hide(text, email), verdict, time, time, 1, origin)

    def merge(self, later: Self) -> None:
        """Takes in what was found later in the log."""
        columns = (later.types, later.times, later.reasons, later.verdicts, later.firsts, later.lasts, later.counts)
        for found in zip(later.numbers, *columns, later.origins, strict=True):
            self._take(*found)

    def _take(
        self,
        email: str,
        kind: int,
        time: int,
        reason: str,
        verdict: Verdict,
        first: int,
        last: int,
        count: int,
        origin: Origin,
    ) -> None:
        """Of two bounces of one second the later line is the newer."""
        new = len(self.numbers)
        number = self.numbers.setdefault(email, new)
        if number == new:
            self.types.append(kind)
            self.times.append(time)
            self.reasons.append(_shared(reason))
            self.verdicts.append(_shared(verdict))
            self.firsts.append(first)
            self.lasts.append(last)
            self.counts.append(count)
            self.origins.append(_shared(origin))
            return
        if (kind == _HARD, time) >= (self.types[number] == _HARD, self.times[number]):
            self.types[number], self.times[number] = kind, time
            self.reasons[number], self.verdicts[number] = _shared(reason), _shared(verdict)
        self.firsts[number] = min(self.firsts[number], first)
        self.lasts[number] = max(self.lasts[number], last)
        self.counts[number] += count
        if origin != self.origins[number]:
            mine, theirs = self.origins[number], origin
            self.origins[number] = _shared((_union(mine[0], theirs[0]), _union(mine[1], theirs[1])))

    def hard(self) -> Iterable[tuple[str, int]]:
        """The addresses that bounced hard, with their numbers."""
        return (item for item in self.numbers.items() if self.types[item[1]] == _HARD)

    def chosen(self, min_count: int, takes: Callable[[Verdict], bool]) -> list[int]:
        """The numbers of the addresses that bounced so often and whose meaning is taken."""
        taken = {verdict for verdict in set(self.verdicts) if takes(verdict)}
        counts, verdicts = self.counts, self.verdicts
        return [number for number in self.numbers.values() if counts[number] >= min_count and verdicts[number] in taken]


class Rows:
    """Addresses by their numbers, in an order; each is put together when it is asked for."""

    def __init__(self, found: Addresses, numbers: Sequence[int], delivered: bytearray) -> None:
        self.numbers = numbers
        self.found = found
        self.emails = list(found.numbers)
        self._delivered = delivered  # by number, 1 where it was delivered to since

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Address]:
        return map(self._address, self.numbers)

    def __getitem__(self, at: int) -> Address:
        return self._address(self.numbers[at])

    def reason(self, number: int) -> str:
        """The reason of the bounce that speaks for an address."""
        return reveal(self.found.reasons[number], self.emails[number])

    def _address(self, number: int) -> Address:
        found = self.found
        return Address(
            self.emails[number],
            _TYPES[found.types[number]],
            found.times[number],
            self.reason(number),
            found.verdicts[number],
            found.firsts[number],
            found.lasts[number],
            found.counts[number],
            *found.origins[number],
            bool(self._delivered[number]),
        )


def ordered(found: Addresses, numbers: list[int], sort: str, top: int | None) -> list[int]:
    """Numbers of addresses by last, count, email or domain, among equals by email; the first `top`."""
    emails = list(found.numbers)
    if top is not None:
        return nsmallest(top, numbers, key=lambda number: (_rank(found, emails, sort, number), emails[number]))
    by_email = sorted(numbers, key=emails.__getitem__)
    return by_email if sort == "email" else sorted(by_email, key=lambda number: _rank(found, emails, sort, number))


def _rank(found: Addresses, emails: list[str], sort: str, number: int) -> tuple[int, str]:
    match sort:
        case "last":
            return -found.lasts[number], ""
        case "count":
            return -found.counts[number], ""
        case "domain":
            return 0, domain(emails[number])
        case _:
            return 0, ""


@cache
def classifier(rules: Path | None) -> Classifier:
    """One for each process: it learns."""
    return Classifier.load(rules)


@lru_cache(4096)
def _origin(name: str, template: int | None) -> Origin:
    return ((name,) if name else (), (template,) if template else ())


def _union(mine: tuple[T, ...], theirs: tuple[T, ...]) -> tuple[T, ...]:
    return mine if mine == theirs else tuple(sorted(set(mine) | set(theirs)))


_MOST_SHARED = 1 << 16
_known: dict[Hashable, Hashable] = {}


def _shared(value: H) -> H:
    """The first value that was equal to this one, of the last many: what is alike is held once."""
    if len(_known) >= _MOST_SHARED:
        _known.clear()
    return cast(H, _known.setdefault(value, value))


def values(row: Address, tz: tzinfo | None) -> list[Value]:
    """An address as data has it."""
    cls, action, rule, reply, enhanced = row.verdict
    return [
        row.email,
        domain(row.email),
        row.bounce_type,
        cls,
        action,
        rule,
        row.count,
        rfc3339(row.first, tz),
        rfc3339(row.last, tz),
        row.reason,
        reply,
        enhanced,
        list(row.from_domains),
        list(row.templates),
        row.delivered_since,
    ]
