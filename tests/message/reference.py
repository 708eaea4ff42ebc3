"""What messages come to, said once more and as plainly as can be: from JSON objects, message by message, in lists."""

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.logs import Record

PROXIES = ("GoogleImageProxy", "YahooMailProxy", "Edge/12.246 Mozilla/5.0")
READ = ("open", "click", "spamreport", "unsubscribe")
Row = dict[str, Any]


def rows(records: list[Record]) -> dict[tuple[str, str], Row]:
    """A row for each message, with its ledger of times beside it."""
    found: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        local, at, domain = record["email"].rpartition("@")
        found[record["bulkId"], local + at + domain.lower()].append(record)
    return {key: row(*key, several) for key, several in found.items()}


def row(bulk_id: str, email: str, records: list[Record]) -> Row:
    """One message."""
    times = {name: sorted({r["timestamp"] for r in records if r["event"] == name}) for name in ("delivered", "dropped")}
    deferred = sorted({r["timestamp"] for r in records if r["event"] == "deferred"})
    typed = [(r["timestamp"], r.get("bounceType") or "") for r in records if r["event"] == "bounce"]
    bounces = {(time, kind.removesuffix("_bounce")) for time, kind in typed}  # old spellings are no other bounce
    hard = sorted(time for time, kind in bounces if kind.startswith("hard"))
    others = sorted((time, kind) for time, kind in bounces if not kind.startswith("hard"))
    opens = {(r["timestamp"], is_machine(r.get("useragent") or "")) for r in records if r["event"] == "open"}
    clicks = {(r["timestamp"], r.get("link") or "") for r in records if r["event"] == "click"}
    read = [r["timestamp"] for r in records if r["event"] in READ]
    by_people = [time for time, machine in opens if not machine]
    delivered, dropped = times["delivered"], times["dropped"]
    tries = [*deferred, *(time for time, _ in others)]
    ends = [*delivered, *hard, *dropped]
    end = "delivered" if delivered else "dropped" if dropped else "bounced" if others else None
    end = "bounced" if hard else end
    sent, source = sent_time(records)
    flags = {
        "delivered-after-hard-bounce": bool(delivered and hard and delivered[-1] > hard[0]),
        "open-before-delivered": bool(delivered and read and min(read) < delivered[0]),
        "two-ends": len(ends) > 1,
        "try-after-end": bool(ends and tries and max(tries) > min(ends)),
        "open-undelivered": bool(read and not delivered and end),
        "end-not-logged": bool(read and not end),
        "opened-by-machine-only": bool(opens and not by_people),
        "complained": any(r["event"] == "spamreport" for r in records),
        "unsubscribed": any(r["event"] == "unsubscribe" for r in records),
    }
    return {
        "bulk_id": bulk_id,
        "email": email,
        "sent": sent,
        "delivered": delivered[0] if delivered else None,
        "deferrals": len(deferred),
        "bounced": hard[0] if hard else others[-1][0] if others else None,
        "first_open": min((time for time, _ in opens), default=None),
        "opens": len(opens),
        "first_click": min((time for time, _ in clicks), default=None),
        "clicks": len(clicks),
        "end": end,
        "flags": [name for name, holds in flags.items() if holds],
        # beside what rows have
        "source": source,
        "first": min(r["timestamp"] for r in records),
        "retries": sum(time <= delivered[0] for time in tries) if delivered else 0,
        "first_person": min(by_people, default=None),
    }


def sent_time(records: list[Record]) -> tuple[int | None, str]:
    """When it was sent, and how that is known."""
    if told := [r["sentTimestamp"] for r in records if r.get("sentTimestamp")]:
        return min(told), "sentTimestamp"
    if found := re.search(r"-date-(\d{14})(?!\d)", records[0]["bulkId"], re.ASCII):
        try:
            wall = datetime.strptime(found[1], "%Y%m%d%H%M%S")
        except ValueError:
            return None, "neither"
        if wall.year > 1970:
            return int((wall - timedelta(hours=8)).replace(tzinfo=UTC).timestamp()), "bulkId"
    return None, "neither"


def is_machine(useragent: str) -> bool:
    """Whether the user agent is that of a known proxy."""
    return useragent == "Mozilla/5.0" or any(text in useragent for text in PROXIES)
