"""The funnel of messages, and how long its steps took, for people."""

from ses_cli.message import Count, Durations, Totals
from ses_cli.reports.messages.counts import MOST_RETRIES, QUANTILES, retries
from ses_cli.table import Column, Kind, Table, Value

_LENGTHS = (Column("p50", Kind.DURATION), Column("p90", Kind.DURATION), Column("p99", Kind.DURATION))


def tables(totals: Totals, unassigned: int) -> list[Table]:
    """What became of all messages, how long it took, and how many tries."""
    if not totals[Count.TOTAL]:
        return [Table("messages", (Column("step", Kind.KEY), Column("messages", Kind.COUNT)), [])]
    return [_funnel(totals, unassigned), *_times(totals), *_retries(totals)]


def _funnel(totals: Totals, unassigned: int) -> Table:
    total, arrived = totals[Count.TOTAL], totals[Count.DELIVERED] + totals[Count.NOT_LOGGED]
    people = totals[Count.OPENED] - totals[Count.OPENED_BY_MACHINE_ONLY]
    steps: list[tuple[str, int, int]] = [
        ("delivered", totals[Count.DELIVERED], total),
        ("bounced", totals[Count.BOUNCED], total),
        ("dropped", totals[Count.DROPPED], total),
        ("without an end so far", totals[Count.PENDING], total),
        ("end not in the log", totals[Count.NOT_LOGGED], total),
        ("opened", totals[Count.OPENED], arrived),
        ("opened, not only by a proxy", people, arrived),
        ("clicked", totals[Count.CLICKED], arrived),
        ("reported as spam", totals[Count.COMPLAINED], arrived),
        ("unsubscribed", totals[Count.UNSUBSCRIBED], arrived),
    ]
    columns = (
        Column("step", Kind.KEY),
        Column("messages", Kind.COUNT),
        Column("share", Kind.SHARE),
        Column("of"),
        Column("", Kind.BAR),
    )
    whole = "delivered" if not totals[Count.NOT_LOGGED] else "delivered or read"
    rows: list[list[Value]] = [["sent", total, 1.0, "sent", 1.0]]
    for name, n, of in steps:
        if n or of is not total or name == "delivered":
            share = n / of if of else None
            rows.append([name, n, share, "sent" if of is total else whole, share])
    return Table("messages", columns, rows, notes=_notes(totals, unassigned))


def _notes(totals: Totals, unassigned: int) -> list[str]:
    found = []
    if n := totals[Count.NOT_LOGGED]:
        found.append(f"opened or clicked, but with no end in the log: {n:,}; they arrived, when is not known")
    if n := totals[Count.PENDING]:
        found.append(f"without an end so far: {n:,}; --pending lists those that wait for more than an hour")
    if unassigned:
        found.append(f"callbacks without a bulkId or an address, which belong to no message: {unassigned:,}")
    return found


def _times(totals: Totals) -> list[Table]:
    steps = (
        ("delivered", totals.to_delivered),
        ("first open", totals.to_open),
        ("open, not by proxy", totals.to_person),
    )
    columns = (Column("until", Kind.KEY), Column("messages", Kind.COUNT), *_LENGTHS, Column("max", Kind.DURATION))
    rows = [_lengths(name, found) for name, found in steps if found]
    return [Table("how long it took", columns, rows, notes=_sources(totals))] if rows else []


def _lengths(name: str, found: Durations) -> list[Value]:
    return [name, found.counts.total(), *found.quantiles(*QUANTILES.values()), found.most]


def _sources(totals: Totals) -> list[str]:
    """What the time of sending is known from."""
    sources = [
        (Count.SENT_TIMESTAMP, "by sentTimestamp"),
        (Count.SENT_BULK_ID, "by the time in the bulkId"),
        (Count.SENT_UNKNOWN, "not known, as they have neither"),
        (Count.SENT_LATER, "later than the delivery, and left out"),
    ]
    known = [f"{totals[count]:,} {text}" for count, text in sources if totals[count]]
    return [
        "until it is delivered: from when it was sent; until it is opened: from the delivery",
        f"when it was sent: {'; '.join(known)}",
    ]


def _retries(totals: Totals) -> list[Table]:
    """How many tries it took; none where the first one always did."""
    found, total = retries(totals), totals.retries.counts.total()
    if not total or found["0"] == total:
        return []
    columns = (
        Column("retried", Kind.KEY),
        Column("messages", Kind.COUNT),
        Column("share", Kind.SHARE),
        Column("", Kind.BAR),
    )
    last = max(at for at, n in enumerate(found.values()) if n)
    names = ["never", "once", *(f"{n} times" for n in range(2, MOST_RETRIES)), f"{MOST_RETRIES} times or more"]
    each = list(zip(names, found.values(), strict=True))[: last + 1]
    rows: list[list[Value]] = [[name, n, n / total, n / total] for name, n in each]
    return [Table("tries before delivery", columns, rows, total=("delivered", total, 1.0, None))]
