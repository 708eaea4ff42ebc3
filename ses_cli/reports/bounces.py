"""Bounces by recipient address: whom to stop mailing, why, and what else to do about it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Self

from ses_cli.batch import Batch
from ses_cli.identity import address, domain, marks, recipient
from ses_cli.reasons import Verdict
from ses_cli.reports import bounce_groups
from ses_cli.reports.addresses import NAMES, Address, bounced, values
from ses_cli.reports.delivered import Delivered
from ses_cli.table import Column, Data, Kind, Table, Value

SORTS = ("last", "count", "email", "domain")
ALSO = ("spamreport", "unsubscribe")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the bounces is shown. Empty sets, and None, are everything."""

    bounce_type: str | None = None
    classes: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    min_count: int = 1
    sort: str = "last"
    top: int | None = None  # addresses or groups shown to people
    by: tuple[str, ...] = ()  # groups instead of addresses
    also: frozenset[str] = frozenset()  # other events whose recipients are noted: spamreport, unsubscribe
    rules: Path | None = None  # the user's own, tried first
    tz: tzinfo | None = None  # of times in data; None is UTC

    def takes(self, verdict: Verdict) -> bool:
        """Whether bounces of this meaning are wanted."""
        return (not self.classes or verdict.cls in self.classes) and (
            not self.actions or verdict.action in self.actions
        )


@dataclass(slots=True)
class Bounces:
    """A fold."""

    wanted: Wanted
    addresses: dict[str, Address] = field(default_factory=dict)  # by address, its domain in lower case
    delivered: Delivered = field(default_factory=Delivered)
    others: dict[str, dict[str, int]] = field(default_factory=dict)  # event of `also` -> address -> its first time

    def add(self, batch: Batch) -> None:
        """Takes in bounces, deliveries and the other events wanted."""
        wanted = self.wanted
        self.delivered.add(*batch.deliveries())
        for record in batch.callbacks(wanted.also | {"bounce"}):
            if record.event != "bounce":
                self._note(record.event, address(record.email), record.timestamp)
            elif wanted.bounce_type in (None, record.bounce_type):
                self._take(bounced(record, wanted.rules))

    def merge(self, later: Self) -> None:
        """Takes in what was found later in the log."""
        for found in later.addresses.values():
            self._take(found)
        self.delivered.merge(later.delivered)
        for event, emails in later.others.items():
            for email, time in emails.items():
                self._note(event, email, time)

    def _take(self, found: Address) -> None:
        known = self.addresses.get(found.email)
        if known is None:
            self.addresses[found.email] = found
        else:
            known.merge(found)

    def _note(self, event: str, email: str, time: int) -> None:
        emails = self.others.setdefault(event, {})
        emails[email] = min(time, emails.get(email, time))

    def _ask_deliveries(self) -> None:
        """Which addresses were delivered to after their last hard bounce."""
        hard: dict[int, list[Address]] = {}
        for email, known in self.addresses.items():
            if known.is_hard:
                hard.setdefault(int.from_bytes(marks([recipient(email)]), sys.byteorder), []).append(known)
        for mark, time in self.delivered.find(hard.__contains__):
            for known in hard[mark]:
                known.delivered_since |= time > known.time

    def rows(self) -> list[Address]:
        """The addresses wanted, in the order wanted."""
        wanted = self.wanted
        self._ask_deliveries()
        rows = [
            known
            for known in self.addresses.values()
            if known.count >= wanted.min_count and wanted.takes(known.verdict)
        ]
        rows.sort(key=lambda row: row.email)
        if wanted.sort != "email":
            rows.sort(key=_ORDERS[wanted.sort])
        return rows

    def emails(self) -> list[str]:
        """The addresses alone."""
        return [row.email for row in self.rows() if row.email]

    def document(self) -> dict[str, object]:
        """`classes` and `actions`, each with its addresses and bounces, and `bounces`."""
        rows = self.rows()
        return {
            "classes": bounce_groups.totals(rows, lambda row: row.verdict.cls),
            "actions": bounce_groups.totals(rows, lambda row: row.verdict.action),
            "bounces": self._rows(rows),
        }

    def data(self) -> Data:
        """One row an address."""
        return self._rows(self.rows())

    def _rows(self, rows: list[Address]) -> Data:
        return Data(NAMES, (values(row, self.wanted.tz) for row in rows))

    def tables(self) -> list[Table]:
        """The classes and actions, then the groups asked for or the addresses."""
        rows = self.rows()
        tables = [bounce_groups.verdicts(rows)]
        if "domain" in self.wanted.by:
            tables.append(bounce_groups.domains(rows, self.wanted.top))
        if "reason" in self.wanted.by:
            tables.append(bounce_groups.reasons(rows, self.wanted.top))
        return tables if self.wanted.by else [*tables, _table(rows, self.wanted.top)]


def _table(rows: list[Address], top: int | None) -> Table:
    columns = (
        Column("address", Kind.KEY),
        Column("type"),
        Column("class"),
        Column("action"),
        Column("count", Kind.COUNT),
        Column("last", Kind.TIME),
        Column("delivered since", Kind.FLAG),
        Column("reason"),
        Column("codes"),
        Column("first", Kind.TIME),
        Column("sender domains", Kind.LIST),
        Column("templates", Kind.LIST),
    )
    notes = [f"{len(rows) - top:,} more: --top all, or a data format"] if top is not None and len(rows) > top else []
    return Table("by address", columns, [_cells(row) for row in rows[:top]], notes=notes)


def _cells(row: Address) -> list[Value]:
    kind = (row.bounce_type or "untyped").removesuffix("_bounce")
    codes = f"{row.verdict.reply_code} {row.verdict.enhanced_code}".strip()
    return [
        row.email,
        kind,
        row.verdict.cls,
        row.verdict.action,
        row.count,
        row.last,
        row.delivered_since,
        row.reason,
        codes,
        row.first,
        list(row.from_domains),
        list(row.templates),
    ]


# among equals, by address
_ORDERS: dict[str, Callable[[Address], int | str]] = {
    "last": lambda row: -row.last,
    "count": lambda row: -row.count,
    "domain": lambda row: domain(row.email),
}
