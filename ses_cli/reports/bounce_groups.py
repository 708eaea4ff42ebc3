"""Addresses in groups: by class and action, by domain, by the shape of the reason."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from ses_cli.identity import domain
from ses_cli.reasons import ACTIONS, CLASSES, Verdict, shape
from ses_cli.reasons.own import OWN
from ses_cli.reports.addresses import AddressRows
from ses_cli.reports.groups import provider
from ses_cli.table import Column, Data, Kind, Table, Value

_ADDRESSES = Column("addresses", Kind.COUNT)


class Group:
    """Some addresses."""

    def __init__(self) -> None:
        self.addresses = 0
        self.bounces = 0  # or deferrals, or drops
        self.actions: dict[str, int] = {}  # addresses by what to do about them
        self.newest = -1  # the number of the address whose event that speaks for it is the newest

    def counts(self) -> list[Value]:
        """Addresses and bounces, and the addresses by action."""
        return [self.addresses, self.bounces, *(self.actions.get(action, 0) for action in ACTIONS)]


K = TypeVar("K", bound=Hashable)
Item = tuple[str, Group]


def totals(rows: AddressRows, key: Callable[[Verdict], str]) -> dict[str, dict[str, int]]:
    """How many addresses and bounces each class, or action, has."""
    groups: dict[str, dict[str, int]] = {}
    for verdict, addresses, bounces in _by_verdict(rows):
        group = groups.setdefault(key(verdict), {"addresses": 0, "bounces": 0})
        group["addresses"] += addresses
        group["bounces"] += bounces
    return groups


def verdicts(rows: AddressRows, events: Column) -> Table:
    """Addresses and bounces, or what `events` names, by what to do, and why."""
    order = list(ACTIONS)
    groups = totals(rows, lambda verdict: f"{verdict.action} {verdict.cls}")
    listed = sorted(groups.items(), key=lambda item: (order.index(item[0].split()[0]), -item[1]["addresses"], item[0]))
    columns = (Column("action", Kind.KEY), Column("class"), _ADDRESSES, events, Column("meaning"))
    bounces = sum(group["bounces"] for group in groups.values())
    return Table(
        "what to do",
        columns,
        [(*name.split(), *group.values(), CLASSES[name.split()[1]]) for name, group in listed],
        total=("total", "", len(rows), bounces, "") if groups else None,
    )


def _by_verdict(rows: AddressRows) -> list[tuple[Verdict, int, int]]:
    """Each verdict with its addresses and bounces."""
    found = rows.found
    verdicts, counts = map(found.verdicts.__getitem__, rows.numbers), map(found.counts.__getitem__, rows.numbers)
    met = Counter(zip(verdicts, counts, strict=True))
    return [(verdict, addresses, addresses * bounces) for (verdict, bounces), addresses in met.items()]


def domains(rows: AddressRows, by: str, top: int | None, events: Column) -> Table:
    """One row a recipient domain or its provider, its addresses by what to do about them."""
    listed = _domains(rows, by)
    left = [group for _, group in listed[top:]] if top is not None else []
    return Table(
        f"by recipient {by}",
        [Column(by, Kind.KEY), _ADDRESSES, events, *(Column(action, Kind.COUNT) for action in ACTIONS)],
        [[name, *group.counts()] for name, group in listed[:top]],
        rest=[f"{len(left):,} more", *_sum(left).counts()] if left else None,
        total=["total", *_sum(group for _, group in listed).counts()] if listed else None,
    )


def domain_data(rows: AddressRows, by: str) -> Data:
    """The same for programs."""
    names = (by, "addresses", "bounces", *(action.replace("-", "_") for action in ACTIONS))
    return Data(names, [[name, *group.counts()] for name, group in _domains(rows, by)])


def reasons(rows: AddressRows, top: int | None, events: Column) -> Table:
    """One row a shape of reason, with its newest text as a sample."""
    listed = list(_reasons(rows))
    left = listed[top:] if top is not None else []
    columns = (Column("class", Kind.KEY), Column("action"), _ADDRESSES, events, Column("sample"))
    return Table(
        "by reason",
        columns,
        listed[:top],
        rest=(f"{len(left):,} more", "", *_column_sums(left), "") if left else None,
        total=("total", "", *_column_sums(listed), "") if listed else None,
    )


def reason_data(rows: AddressRows) -> Data:
    """The same for programs."""
    return Data(("class", "action", "addresses", "bounces", "sample"), _reasons(rows))


def _domains(rows: AddressRows, by: str) -> list[Item]:
    emails, name = rows.emails, provider if by == "provider" else str
    groups = _groups(rows, lambda number: name(domain(emails[number])))
    return sorted(groups.items(), key=lambda item: (-item[1].addresses, item[0]))


def _reasons(rows: AddressRows) -> Iterator[tuple[str, str, int, int, str]]:
    known, found = rows.found.verdicts, _Shapes(rows)
    groups = _groups(rows, lambda number: (found.shape(number), *known[number][:2]))
    for (_, cls, action), group in sorted(groups.items(), key=lambda item: (-item[1].addresses, item[0])):
        yield cls, action, group.addresses, group.bounces, rows.reason(group.newest)


class _Shapes:
    """The shapes of reasons. Those that differ in the recipient's own address only have the same."""

    def __init__(self, rows: AddressRows) -> None:
        self._rows = rows
        self._known: dict[str, str] = {}

    def shape(self, number: int) -> str:
        hidden = self._rows.found.reasons[number]
        if not hidden.startswith(OWN):
            return shape(self._rows.reason(number))
        if hidden not in self._known:
            self._known[hidden] = shape(self._rows.reason(number))
        return self._known[hidden]


def _groups(rows: AddressRows, key: Callable[[int], K]) -> dict[K, Group]:
    groups: dict[K, Group] = {}
    found = rows.found
    for number in rows.numbers:
        name = key(number)
        group = groups.get(name)
        if group is None:
            group = groups[name] = Group()
        group.addresses += 1
        group.bounces += found.counts[number]
        action = found.verdicts[number].action
        group.actions[action] = group.actions.get(action, 0) + 1
        if group.newest < 0 or found.times[number] > found.times[group.newest]:
            group.newest = number
    return groups


def _sum(groups: Iterable[Group]) -> Group:
    whole = Group()
    for group in groups:
        whole.addresses += group.addresses
        whole.bounces += group.bounces
        for action, n in group.actions.items():
            whole.actions[action] = whole.actions.get(action, 0) + n
    return whole


def _column_sums(rows: Iterable[tuple[str, str, int, int, str]]) -> tuple[int, int]:
    chosen = list(rows)
    return sum(row[2] for row in chosen), sum(row[3] for row in chosen)
