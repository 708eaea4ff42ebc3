"""Totals of messages for programs: the names are a contract."""

from collections.abc import Iterable, Sequence

from ses_cli.batch import Value as Key
from ses_cli.message import FLAG_COUNTS, FLAGS, Count, Durations, Totals
from ses_cli.table import Data, Value

_NAMES = {
    "total": Count.TOTAL,
    "delivered": Count.DELIVERED,
    "bounced": Count.BOUNCED,
    "dropped": Count.DROPPED,
    "pending": Count.PENDING,
    "end_not_logged": Count.NOT_LOGGED,
    "opened": Count.OPENED,
    "opened_by_machine_only": Count.OPENED_BY_MACHINE_ONLY,
    "clicked": Count.CLICKED,
    "complained": Count.COMPLAINED,
    "unsubscribed": Count.UNSUBSCRIBED,
    "impossible": Count.IMPOSSIBLE,
}
_SENT = {
    "sentTimestamp": Count.SENT_TIMESTAMP,
    "bulkId": Count.SENT_BULK_ID,
    "neither": Count.SENT_UNKNOWN,
    "after_delivery": Count.SENT_LATER,
}
QUANTILES = {"p50": 50, "p90": 90, "p99": 99}


def messages(totals: Totals) -> dict[str, int]:
    """How many messages came to what."""
    return {name: totals[count] for name, count in _NAMES.items()}


def document(totals: Totals) -> dict[str, object]:
    """`messages` and the times, as JSON has them."""
    return {
        "messages": messages(totals),
        **times(totals),
        "sent_known_from": {name: totals[count] for name, count in _SENT.items()},
        "retries_before_delivery": retries(totals),
        "impossible_sequences": {FLAGS[flag][0]: totals[count] for flag, count in FLAG_COUNTS.items()},
    }


def group(by: Sequence[str], values: Sequence[Key], totals: Totals) -> dict[str, object]:
    """A group as JSON has it."""
    names = dict(zip((name.replace("-", "_") for name in by), values, strict=True))
    return {**names, **messages(totals), **times(totals), "retries_before_delivery": retries(totals)}


def data(by: Sequence[str], groups: Iterable[tuple[Sequence[Key], Totals]]) -> Data:
    """Groups as rows: the key, the counts, the quantiles of each time, how many were delivered after retries."""
    names = [name.replace("-", "_") for name in by]
    lengths = [name.removesuffix("_s") for name in times(Totals())]
    names += [*_NAMES, *(f"{name}_{what}" for name in lengths for what in ("count", *QUANTILES, "max")), "retried"]
    return Data(names, (_row(values, totals) for values, totals in groups))


def _row(values: Sequence[Key], totals: Totals) -> list[Value]:
    found = [totals.to_delivered, totals.to_open, totals.to_person]
    lengths = [value for one in found for value in quantiles(one).values()]
    return [*values, *messages(totals).values(), *lengths, totals.retries.counts.total() - totals.retries.counts[0]]


def times(totals: Totals) -> dict[str, object]:
    """The times of steps in seconds."""
    return {
        "to_delivered_s": quantiles(totals.to_delivered),
        "to_first_open_s": quantiles(totals.to_open),
        "to_first_open_by_person_s": quantiles(totals.to_person),
    }


def quantiles(found: Durations) -> dict[str, int | None]:
    """`count`, `p50`, `p90`, `p99` and `max`."""
    values = zip(QUANTILES, found.quantiles(*QUANTILES.values()), strict=True)
    return {"count": found.counts.total(), **dict(values), "max": found.most}


def retries(totals: Totals) -> dict[str, int]:
    """How many messages were delivered after so many tries before: `0` to `4`, and `5+`."""
    found = {str(n): totals.retries.counts[n] for n in range(MOST_RETRIES)}
    return {**found, f"{MOST_RETRIES}+": totals.retries.counts.total() - sum(found.values())}


MOST_RETRIES = 5  # from here on they are counted together
