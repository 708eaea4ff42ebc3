"""What bounces, deferrals or drops tell of recipient addresses, in columns: a million of them have to fit.

What is said of an address (type, class, action, reason, codes) comes from its newest hard bounce, or where it has none
from its newest event: only a delivery speaks against a hard bounce, and that is told beside it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cache, lru_cache
from itertools import compress, count
from operator import not_
from typing import TYPE_CHECKING, Self, TypeVar

from ses_cli.batch.collected import BounceColumns
from ses_cli.events import HARD, SOFT
from ses_cli.identity import address, domain, from_domain
from ses_cli.reasons import Classifier, Verdict
from ses_cli.reasons.own import OWN, hide, reveal
from ses_cli.table import Value
from ses_cli.times import rfc3339

if TYPE_CHECKING:
    from pathlib import Path

    from ses_cli.callback import Callback

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
    "event",
)
# by kind, see `BounceColumns`
_KINDS = (("bounce", None), ("bounce", HARD), ("bounce", SOFT), ("deferred", None), ("dropped", None))
_UNTYPED, _HARD, _SOFT, _DEFERRED, _DROPPED = range(len(_KINDS))
_OF_BOUNCES = {HARD: _HARD, SOFT: _SOFT}
_OF_OTHERS = {"deferred": _DEFERRED, "dropped": _DROPPED}
_TEMPORARY = (_SOFT, _DEFERRED)  # kills no address by itself

T = TypeVar("T", str, int)
Origin = tuple[tuple[str, ...], tuple[int, ...]]  # sender domains and templates


@dataclass(slots=True)
class Address:
    """What is known of one recipient address. Times are Unix seconds."""

    email: str  # as `identity.address` gives it
    event: str  # this to `verdict` are of the bounce, deferral or drop that speaks for the address
    bounce_type: str | None
    time: int
    reason: str
    verdict: Verdict
    first: int
    last: int
    count: int
    from_domains: tuple[str, ...]
    templates: tuple[int, ...]
    delivered_since: bool  # delivered to after its last hard bounce, deferral or drop

    @property
    def is_hard(self) -> bool:
        """Whether it bounced hard at least once; `time` is then that of the last hard bounce."""
        return self.bounce_type == HARD


def _times() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Addresses:
    """One number for each address, counted from 0 as they are met, and columns of what is known of it."""

    numbers: dict[str, int] = field(default_factory=dict)
    types: bytearray = field(default_factory=bytearray)  # kinds; this to `verdicts` are of one event
    times: array[int] = field(default_factory=_times)
    reasons: list[str] = field(default_factory=list)  # as `reasons.own.hide` gives them, so that many are one
    verdicts: list[Verdict] = field(default_factory=list)
    firsts: array[int] = field(default_factory=_times)
    lasts: array[int] = field(default_factory=_times)
    counts: array[int] = field(default_factory=_times)
    origins: list[Origin] = field(default_factory=list)

    @classmethod
    def of(cls, columns: BounceColumns, rules: Path | None) -> Self:
        """The addresses that an engine collected."""
        return cls(
            dict(zip(columns.emails, count(), strict=False)),
            bytearray(columns.kinds),
            columns.times,
            list(map(columns.reasons.__getitem__, columns.reason_of)),
            _verdicts(columns, rules),
            columns.firsts,
            columns.lasts,
            columns.counts,
            list(map(columns.origins.__getitem__, columns.origin_of)),
        )

    def add(self, records: Iterable[Callback], rules: Path | None) -> None:
        """Takes in bounces, deferrals or drops."""
        classify, numbers = classifier(rules).classify_hidden, self.numbers
        for record in records:
            text, time, kind = record.reason or "", record.timestamp, _kind(record)
            email = address(record.email)
            reason = _shared(hide(text, email))
            # the text may spell the address as the record does
            hidden = reason if email == record.email else hide(text, record.email)
            verdict = classify(hidden, kind in _TEMPORARY, record.email)[0]
            origin = _origin(from_domain(record), record.template_id)
            number = numbers.get(email)
            if number is not None:
                self._meet(number, kind, time, reason, verdict, time, time, 1, origin)
                continue
            numbers[email] = len(numbers)
            self.types.append(kind)
            self.times.append(time)
            self.reasons.append(reason)
            self.verdicts.append(verdict)
            self.firsts.append(time)
            self.lasts.append(time)
            self.counts.append(1)
            self.origins.append(origin)

    def merge(self, later: Self) -> None:
        """Takes in what was found later in the log."""
        numbers = self.numbers
        is_new = [email not in numbers for email in later.numbers]
        for at, email in compress(enumerate(later.numbers), map(not_, is_new)):
            spoke = later.types[at], later.times[at], later.reasons[at], later.verdicts[at]
            self._meet(numbers[email], *spoke, later.firsts[at], later.lasts[at], later.counts[at], later.origins[at])
        numbers.update(zip(compress(later.numbers, is_new), count(len(numbers)), strict=False))
        self.types.extend(compress(later.types, is_new))
        self.times.extend(compress(later.times, is_new))
        self.reasons.extend(compress(later.reasons, is_new))
        self.verdicts.extend(compress(later.verdicts, is_new))
        self.firsts.extend(compress(later.firsts, is_new))
        self.lasts.extend(compress(later.lasts, is_new))
        self.counts.extend(compress(later.counts, is_new))
        self.origins.extend(compress(later.origins, is_new))

    def _meet(
        self,
        number: int,
        kind: int,
        time: int,
        reason: str,
        verdict: Verdict,
        first: int,
        last: int,
        n: int,
        origin: Origin,
    ) -> None:
        """Takes in what is told of a known address. Of two events of one second the later line is the newer."""
        if (kind == _HARD, time) >= (self.types[number] == _HARD, self.times[number]):
            self.types[number], self.times[number] = kind, time
            self.reasons[number], self.verdicts[number] = reason, verdict
        self.firsts[number] = min(self.firsts[number], first)
        self.lasts[number] = max(self.lasts[number], last)
        self.counts[number] += n
        mine = self.origins[number]
        if origin != mine:
            self.origins[number] = (_union(mine[0], origin[0]), _union(mine[1], origin[1]))

    def followed(self) -> tuple[list[str], list[int]]:
        """The addresses of which later deliveries are told, all but those with soft bounces only, and their numbers."""
        is_followed = [kind not in (_UNTYPED, _SOFT) for kind in self.types]
        return list(compress(self.numbers, is_followed)), list(compress(count(), is_followed))

    def chosen(self, min_count: int, takes: Callable[[Verdict], bool]) -> list[int]:
        """The numbers of the addresses that failed so often and whose meaning is taken."""
        counts, verdicts = self.counts, self.verdicts
        met = set(verdicts)
        taken = {verdict for verdict in met if takes(verdict)}
        if min_count == 1 and len(taken) == len(met):
            return list(self.numbers.values())
        return [number for number in self.numbers.values() if counts[number] >= min_count and verdicts[number] in taken]


class AddressRows:
    """Addresses by their numbers, in an order; each is put together when it is asked for."""

    def __init__(self, found: Addresses, numbers: Sequence[int], delivered: bytes | bytearray) -> None:
        self.numbers = numbers
        self.found = found
        self.emails = list(found.numbers)
        self.delivered = delivered  # by number, 1 where it was delivered to since

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Address]:
        return map(self._address, self.numbers)

    def __getitem__(self, at: int) -> Address:
        return self._address(self.numbers[at])

    def reason(self, number: int) -> str:
        """The reason of the event that speaks for an address."""
        return reveal(self.found.reasons[number], self.emails[number])

    def _address(self, number: int) -> Address:
        found = self.found
        event, bounce_type = _KINDS[found.types[number]]
        return Address(
            self.emails[number],
            event,
            bounce_type,
            found.times[number],
            self.reason(number),
            found.verdicts[number],
            found.firsts[number],
            found.lasts[number],
            found.counts[number],
            *found.origins[number],
            bool(self.delivered[number]),
        )


def ordered(found: Addresses, numbers: list[int], sort: str, top: int | None) -> list[int]:
    """Numbers of addresses by last, count, email or domain, among equals by email; the first `top`."""
    emails = list(found.numbers)
    if sort in ("last", "count"):
        column = found.lasts if sort == "last" else found.counts
        if top is not None and top < len(numbers):
            least = sorted(map(column.__getitem__, numbers), reverse=True)[top - 1]
            numbers = [number for number in numbers if column[number] >= least]
        numbers = sorted(sorted(numbers, key=emails.__getitem__), key=column.__getitem__, reverse=True)
    elif sort == "domain":
        numbers = sorted(numbers, key=lambda number: (domain(emails[number]), emails[number]))
    else:
        numbers = sorted(numbers, key=emails.__getitem__)
    return numbers[:top]


def _verdicts(columns: BounceColumns, rules: Path | None) -> list[Verdict]:
    """The verdict on each address. A reason that says the same of all addresses of a domain is classified once."""
    classify, reasons = classifier(rules).classify_hidden, columns.reasons
    is_general = [reason.startswith(OWN) or "@" not in reason for reason in reasons]
    known: dict[tuple[int, int, int], Verdict] = {}
    verdicts = []
    for number, key in enumerate(zip(columns.reason_of, columns.kinds, columns.domain_of, strict=True)):
        verdict = known.get(key)
        if verdict is None or number in columns.spelt:
            email, reason = columns.emails[number], reasons[key[0]]
            written = columns.spelt.get(number, email)
            # the text may spell the address as the record does
            hidden = reason if written == email else hide(reveal(reason, email), written)
            verdict = classify(hidden, key[1] in _TEMPORARY, written)[0]
            if is_general[key[0]] and written == email:
                if len(known) >= _MOST_SHARED:
                    known.clear()
                known[key] = verdict
        verdicts.append(verdict)
    return verdicts


@cache
def classifier(rules: Path | None) -> Classifier:
    """One for each process: it learns."""
    return Classifier.load(rules)


def _kind(record: Callback) -> int:
    return _OF_OTHERS.get(record.event) or _OF_BOUNCES.get(record.bounce_type or "", _UNTYPED)


@lru_cache(4096)
def _origin(name: str, template: int | None) -> Origin:
    return ((name,) if name else (), (template,) if template else ())


def _union(mine: tuple[T, ...], theirs: tuple[T, ...]) -> tuple[T, ...]:
    return mine if mine == theirs else tuple(sorted(set(mine) | set(theirs)))


_MOST_SHARED = 1 << 16
_known: dict[str, str] = {}


def _shared(value: str) -> str:
    """The first text that was equal to this one, of the last many: what is alike is held once."""
    if len(_known) >= _MOST_SHARED:
        _known.clear()
    return _known.setdefault(value, value)


def values(rows: AddressRows, tz: tzinfo | None) -> Iterator[list[Value]]:
    """Addresses as data has them, by `NAMES`."""
    found, emails, delivered = rows.found, rows.emails, rows.delivered
    for number in rows.numbers:
        email = emails[number]
        cls, action, rule, reply, enhanced = found.verdicts[number]
        senders, templates = found.origins[number]
        first, last = found.firsts[number], found.lasts[number]
        event, bounce_type = _KINDS[found.types[number]]
        since = rfc3339(first, tz)
        yield [
            email,
            domain(email),
            bounce_type,
            cls,
            action,
            rule,
            found.counts[number],
            since,
            since if last == first else rfc3339(last, tz),
            reveal(found.reasons[number], email),
            reply,
            enhanced,
            list(senders),
            list(templates),
            bool(delivered[number]),
            event,
        ]
