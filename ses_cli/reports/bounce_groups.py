"""Bounced addresses in groups: by class and action, by domain, by the shape of the reason."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from ses_cli.identity import domain
from ses_cli.reasons import ACTIONS, CLASSES, shape
from ses_cli.reports.addresses import Address
from ses_cli.table import Column, Kind, Table, Value

BY = ("domain", "reason")
_ADDRESSES, _BOUNCES = Column("addresses", Kind.COUNT), Column("bounces", Kind.COUNT)

K = TypeVar("K", bound=Hashable)


def totals(rows: Iterable[Address], key: Callable[[Address], str]) -> dict[str, dict[str, int]]:
    """How many addresses and bounces each class, or action, has."""
    return {name: {"addresses": len(group), "bounces": _bounces(group)} for name, group in _groups(rows, key).items()}


def verdicts(rows: list[Address]) -> Table:
    """Addresses and bounces by what to do, and why."""
    order = list(ACTIONS)
    groups = _groups(rows, lambda row: (row.verdict.action, row.verdict.cls))
    listed = sorted(groups.items(), key=lambda item: (order.index(item[0][0]), -len(item[1]), item[0]))
    columns = (Column("action", Kind.KEY), Column("class"), _ADDRESSES, _BOUNCES, Column("meaning"))
    return Table(
        "what to do",
        columns,
        [(action, cls, len(group), _bounces(group), CLASSES[cls]) for (action, cls), group in listed],
        total=("total", "", len(rows), _bounces(rows), "") if rows else None,
    )


def domains(rows: list[Address], top: int | None) -> Table:
    """One row a recipient domain, its addresses by what to do about them."""
    groups = _groups(rows, lambda row: domain(row.email))
    listed = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    cut = len(listed) if top is None else top
    rest = [row for _, group in listed[cut:] for row in group]
    return Table(
        "by recipient domain",
        [Column("domain", Kind.KEY), _ADDRESSES, _BOUNCES, *(Column(action, Kind.COUNT) for action in ACTIONS)],
        [_domain(name, group) for name, group in listed[:cut]],
        rest=_domain(f"{len(listed) - cut:,} more", rest) if rest else None,
        total=_domain("total", rows) if rows else None,
    )


def reasons(rows: list[Address], top: int | None) -> Table:
    """One row a shape of reason, with its newest text as a sample."""
    groups = _groups(rows, lambda row: (shape(row.reason), row.verdict.cls, row.verdict.action))
    listed = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    cut = len(listed) if top is None else top
    rest = [row for _, group in listed[cut:] for row in group]
    return Table(
        "by reason",
        (Column("class", Kind.KEY), Column("action"), _ADDRESSES, _BOUNCES, Column("sample")),
        [(cls, action, len(group), _bounces(group), _sample(group)) for (_, cls, action), group in listed[:cut]],
        rest=(f"{len(listed) - cut:,} more", "", len(rest), _bounces(rest), "") if rest else None,
        total=("total", "", len(rows), _bounces(rows), "") if rows else None,
    )


def _groups(rows: Iterable[Address], key: Callable[[Address], K]) -> dict[K, list[Address]]:
    groups: dict[K, list[Address]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _bounces(rows: Iterable[Address]) -> int:
    return sum(row.count for row in rows)


def _domain(name: str, rows: list[Address]) -> list[Value]:
    counts = [sum(row.verdict.action == action for row in rows) for action in ACTIONS]
    return [name, len(rows), _bounces(rows), *counts]


def _sample(rows: Iterable[Address]) -> str:
    return max(rows, key=lambda row: row.time).reason
