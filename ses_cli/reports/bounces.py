"""Bounces, deferrals or drops by recipient address: whom to stop mailing, why, and what else to do about it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING, NamedTuple, Self

from ses_cli.batch import Batch
from ses_cli.batch.collected import BounceColumns, CollectedBounces
from ses_cli.engine import collected_bounces, engine_name, marks
from ses_cli.identity import address, recipients
from ses_cli.reasons import Verdict
from ses_cli.reports import bounce_groups
from ses_cli.reports.addresses import NAMES, Address, Addresses, AddressRows, ordered, values
from ses_cli.reports.delivered import Delivered
from ses_cli.table import Column, Data, Kind, Table, Value

if TYPE_CHECKING:
    from pathlib import Path

SORTS = ("last", "count", "email", "domain")
ALSO = ("spamreport", "unsubscribe")


@dataclass(frozen=True, slots=True)
class BouncesWanted:
    """Which events are shown, and how. Empty sets, and None, are everything."""

    bounce_type: str | None = None
    classes: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    min_count: int = 1
    sort: str = "last"
    top: int | None = field(default=None, compare=False)  # addresses or groups shown to people
    by: tuple[str, ...] = ()  # groups instead of addresses
    also: frozenset[str] = frozenset()  # other events whose recipients are noted: spamreport, unsubscribe
    rules: Path | None = None  # the user's own, tried first
    tz: tzinfo | None = None  # of times in data; None is UTC
    event: str = "bounce"  # one of FAILURES; only bounces have a type
    is_local: bool = field(default=False, compare=False)  # what is found never leaves this process

    def takes(self, verdict: Verdict) -> bool:
        """Whether events of this meaning are wanted."""
        return (not self.classes or verdict.cls in self.classes) and (
            not self.actions or verdict.action in self.actions
        )


@dataclass(slots=True)
class Bounces:
    """A fold."""

    wanted: BouncesWanted
    _addresses: Addresses = field(default_factory=Addresses)
    delivered: Delivered = field(default_factory=Delivered)
    others: dict[str, dict[str, int]] = field(default_factory=dict)  # event of `also` -> address -> its first time
    _collected: CollectedBounces | None = None  # what was met after that in `_addresses`

    @property
    def addresses(self) -> Addresses:
        """What is known of each address."""
        collected, self._collected = self._collected, None
        if collected is not None:
            later = Addresses.of(collected.columns(), self.wanted.rules)
            if self._addresses.numbers:
                self._addresses.merge(later)
            else:
                self._addresses = later
        return self._addresses

    def __getstate__(self) -> BouncesState:
        """What goes to another process holds columns of what an engine collected. Raises ValueError for local marks."""
        if self.wanted.is_local and self.delivered and engine_name() == "native":
            raise ValueError("marks of deliveries that mean nothing to another process")
        columns = None if self._collected is None else self._collected.columns(is_kept=True)
        return BouncesState(self.wanted, self._addresses, self.delivered, self.others, columns)

    def __setstate__(self, state: BouncesState) -> None:
        self.wanted, self._addresses, self.delivered, self.others, columns = state
        self._collected = columns and collected_bounces(self.wanted.event, self.wanted.bounce_type, columns)
        if columns and self._collected is None:
            self._addresses.merge(Addresses.of(columns, self.wanted.rules))

    def add(self, batch: Batch) -> None:
        """Takes in bounces, or what else is asked for, deliveries and the other events wanted."""
        wanted = self.wanted
        collected = batch.collect_bounces(wanted.event, wanted.bounce_type, wanted.is_local, self._collected)
        if collected is not None:
            self._collected, deliveries = collected
        else:
            deliveries = batch.deliveries(wanted.is_local)
            bounces = batch.callbacks(frozenset({wanted.event}))
            if wanted.bounce_type:
                bounces = [one for one in bounces if one.event == "bounce" and one.bounce_type == wanted.bounce_type]
            self.addresses.add(bounces, wanted.rules)
        self.delivered.add(*deliveries)
        for record in batch.callbacks(wanted.also) if wanted.also else ():
            self._note(record.event, address(record.email), record.timestamp)

    def merge(self, later: Self) -> None:
        """Takes in what was found later in the log."""
        if later._addresses.numbers:
            self.addresses.merge(later._addresses)
        if self._collected is None:
            self._collected = later._collected
        elif later._collected is not None:
            self._collected.merge(later._collected)
        later._collected = None
        self.delivered.merge(later.delivered)
        for event, emails in later.others.items():
            for email, time in emails.items():
                self._note(event, email, time)

    def defer(self) -> Delivered:
        """Takes out the deliveries, which are many, and of which few are asked for once the addresses are known."""
        deferred, self.delivered = self.delivered, Delivered()
        return deferred

    def questions(self) -> array[int]:
        """Which deliveries are asked for."""
        return self._marks(self.addresses.followed()[0])

    def resume(self, answers: Delivered) -> None:
        """Takes in those that were asked for."""
        self.delivered.merge(answers)

    def _marks(self, emails: list[str]) -> array[int]:
        return array("Q", marks(recipients(emails), self.wanted.is_local))

    def _note(self, event: str, email: str, time: int) -> None:
        emails = self.others.setdefault(event, {})
        emails[email] = min(time, emails.get(email, time))

    def rows(self) -> AddressRows:
        """The addresses wanted, in the order wanted."""
        return self._rows(self.addresses.chosen(self.wanted.min_count, self.wanted.takes))

    def _rows(self, numbers: list[int], top: int | None = None) -> AddressRows:
        chosen = ordered(self.addresses, numbers, self.wanted.sort, top)
        return AddressRows(self.addresses, chosen, self._delivered_since())

    def _delivered_since(self) -> bytearray:
        """For each address whether it was delivered to after its last hard bounce, deferral or drop."""
        since = bytearray(len(self.addresses.numbers))
        if not self.delivered:
            return since
        times, numbers, twins = self.addresses.times, dict[int, int](), dict[int, list[int]]()
        emails, followed = self.addresses.followed()
        for mark, number in zip(self._marks(emails), followed, strict=True):
            if numbers.setdefault(mark, number) != number:  # the same recipient, spelled another way
                twins.setdefault(mark, []).append(number)
        for mark, time in self.delivered.find(array("Q", numbers)):
            for number in (numbers[mark], *twins.get(mark, ())):
                since[number] |= time > times[number]
        return since

    def emails(self) -> Iterator[str]:
        """The addresses alone."""
        return (row.email for row in self.rows() if row.email)

    def document(self) -> dict[str, object]:
        """The event, `classes` and `actions`, each with its addresses and events, the groups asked for, and the rows.

        The names are the same for every event, so `bounces` are deferrals where these are asked for.
        """
        rows = self.rows()
        return {
            "event": self.wanted.event,
            "classes": bounce_groups.totals(rows, lambda verdict: verdict.cls),
            "actions": bounce_groups.totals(rows, lambda verdict: verdict.action),
            **{f"{by}s": self._groups(rows, by) for by in self.wanted.by},
            "bounces": self._data(rows),
        }

    def data(self) -> Data:
        """One row an address, or a group where one is asked for."""
        rows = self.rows()
        return self._groups(rows, self.wanted.by[0]) if self.wanted.by else self._data(rows)

    def _groups(self, rows: AddressRows, by: str) -> Data:
        return bounce_groups.reason_data(rows) if by == "reason" else bounce_groups.domain_data(rows, by)

    def _data(self, rows: AddressRows) -> Data:
        return Data(NAMES, values(rows, self.wanted.tz))

    def tables(self) -> list[Table]:
        """The classes and actions, then the groups asked for or the addresses."""
        wanted = self.wanted
        everyone = self.addresses.chosen(wanted.min_count, wanted.takes)
        rows = AddressRows(self.addresses, everyone, b"")
        events = _COLUMNS[wanted.event]
        tables = [bounce_groups.verdicts(rows, events)]
        domains = [by for by in ("domain", "provider") if by in wanted.by]
        tables += [bounce_groups.domains(rows, by, wanted.top, events) for by in domains]
        if "reason" in wanted.by:
            tables.append(bounce_groups.reasons(rows, wanted.top, events))
        if not wanted.by:
            has_types = wanted.event == "bounce" and not wanted.bounce_type
            tables.append(_table(self._rows(everyone, wanted.top), len(everyone), has_types))
        return tables


class BouncesState(NamedTuple):
    """Bounces as they travel and are kept."""

    wanted: BouncesWanted
    addresses: Addresses
    delivered: Delivered
    others: dict[str, dict[str, int]]
    columns: BounceColumns | None


_COLUMNS = {
    "bounce": Column("bounces", Kind.COUNT),
    "deferred": Column("deferrals", Kind.COUNT),
    "dropped": Column("drops", Kind.COUNT),
}


def _table(rows: AddressRows, whole: int, has_types: bool) -> Table:
    """What tells most about an address; data formats have the rest. No column says the same of all."""
    listed = list(rows)
    columns: list[tuple[Column, Callable[[Address], Value]]] = [
        (Column("address", Kind.KEY), lambda row: row.email),
        (Column("type"), lambda row: (row.bounce_type or "untyped").removesuffix("_bounce")),
        (Column("class"), lambda row: row.verdict.cls),
        (Column("action"), lambda row: row.verdict.action),
        (Column("count", Kind.COUNT), lambda row: row.count),
        (Column("last", Kind.TIME, 1), lambda row: row.last),
        (Column("delivered since", Kind.FLAG, 1), lambda row: row.delivered_since),
        (Column("reason", block=1), lambda row: row.reason),
    ]
    if not has_types:
        columns = [(column, value) for column, value in columns if column.title != "type"]
    if not any(row.delivered_since for row in listed):
        columns = [(column, value) for column, value in columns if column.title != "delivered since"]
    notes = [f"{whole - len(rows):,} more: --top all, or a data format"] if whole > len(rows) else []
    cells = [[value(row) for _, value in columns] for row in listed]
    return Table("by address", [column for column, _ in columns], cells, notes=notes)
