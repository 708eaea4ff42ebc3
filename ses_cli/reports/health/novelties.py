"""What is there for the first time, and what is there no more."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter

from ses_cli.reports.health.compared import Compared
from ses_cli.reports.health.mails import ENDS, Mails
from ses_cli.reports.health.periods import block_hours, edges

_REGULAR = 5  # outcomes in every block of the baseline, to be missed where there are none
_REFUSED = 5  # mails that were not delivered, to tell of a receiver that takes none
_CHANCE = 1e-6  # that a receiver like that refuses so many by chance
_WHAT = ("sender domain", "receiver", "template")


@dataclass(frozen=True, slots=True)
class Novelty:
    """Something that has mail now and had none, or the other way round."""

    kind: str  # new, gone or refusing
    what: str  # sender domain, receiver or template
    name: str | int | None
    before: int  # messages with an outcome in the baseline
    now: int

    def __str__(self) -> str:
        name = "(none)" if self.name is None else self.name or "(no domain)"
        match self.kind:
            case "new":
                return f"{self.what} {name} is new: {self.now:,} sent, none in the baseline"
            case "gone":
                return f"{self.what} {name} is gone: none sent, {self.before:,} in the baseline"
            case _:
                return f"receiver {name} takes no mail any more: none of {self.now:,} delivered"


Key = tuple[int, str | int | None]  # what it is, and its name


def novelties(compared: Compared) -> list[Novelty]:
    """What is new, gone or refuses all mail, the largest first. Receivers come and go: only their refusal is told."""
    periods, hours = compared.periods, block_hours(compared.periods)
    now, delivered = _sent(compared.now, periods.start, periods.end)
    before, taken = _sent(compared.before, periods.before, periods.until, hours)
    blocks = max((periods.until - periods.before) // hours, 1)
    if not before or not now:
        return []
    found = []
    for key in {**now, **before}:
        at, name = key
        n, known = sum(now[key].values()), before[key]
        base, is_receiver = sum(known.values()), _WHAT[at] == "receiver"
        is_regular = len(known) >= blocks and min(known.values()) >= _REGULAR
        if n and not base and name is not None and not is_receiver:
            found.append(Novelty("new", _WHAT[at], name, 0, n))
        elif not n and is_regular and not is_receiver:
            found.append(Novelty("gone", _WHAT[at], name, base, 0))
        elif is_receiver and min(n, base) >= _REFUSED and not delivered[key] and (1 - taken[key] / base) ** n < _CHANCE:
            found.append(Novelty("refusing", "receiver", name, base, n))
    return sorted(found, key=lambda one: (one.kind, -one.now - one.before, one.what, str(one.name)))


def _sent(
    counts: Mails, start: int, end: int, hours: int | None = None
) -> tuple[Mapping[Key, dict[int, int]], Mapping[Key, int]]:
    """Messages with an outcome by what they are of and block of hours, and how many were delivered."""
    sent: defaultdict[Key, dict[int, int]] = defaultdict(dict)
    delivered: defaultdict[Key, int] = defaultdict(int)
    blocks = edges(counts.hours, start, end, hours)
    for at in range(len(_WHAT)):
        for kind, (name,), block, n in counts.by(itemgetter(slice(at, at + 1))).counts(blocks):
            if kind in ENDS:
                key = at, name
                sent[key][block] = sent[key].get(block, 0) + n
                delivered[key] += n if kind == "delivered" else 0
    return sent, delivered
