"""What is to be sent: records become deliveries, each with its lane and its id."""

from collections.abc import Hashable, Iterable, Iterator
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from ses_cli.batch import Located
from ses_cli.replay.tally import Tally


class Lane(StrEnum):
    """Which callbacks keep their order among themselves."""

    MESSAGE = "message"  # those of one mail: bulkId and email
    EMAIL = "email"
    DOMAIN = "domain"  # the recipient's
    NONE = "none"


class Delivery(NamedTuple):
    """One callback to be sent, in log order."""

    body: bytes  # exact
    source: str
    line: int  # from 1
    offset: int  # bytes
    timestamp: int  # Unix seconds; 0 where the line is no record
    lane: Hashable  # None: no order to keep
    event: str
    domain: str
    id: str  # the webhook-id


def deliveries(rows: Iterable[tuple[str, Located] | None], lane: Lane) -> Iterator[Delivery | None]:
    """Deliveries of (source, record), in order. A None, "nothing just now", is handed on."""
    tally = Tally()
    # a member of an enum is looked up slowly, and this runs for every line
    by_message, by_email, by_domain = (lane is one for one in (Lane.MESSAGE, Lane.EMAIL, Lane.DOMAIN))
    for row in rows:
        if row is None:
            yield None
            continue
        source, (record, line, offset, raw) = row
        email = record.email
        domain = email.rpartition("@")[2].lower()
        key: Hashable
        if by_message:
            key = (record.bulk_id, email)
        elif by_email:
            key = email.lower()
        else:
            key = domain if by_domain else None
        yield Delivery(raw, source, line, offset, record.timestamp, key, record.event, domain, identify(raw, tally))


def raw_deliveries(lines: Iterable[tuple[str, int, int, bytes] | None]) -> Iterator[Delivery | None]:
    """Deliveries of (source, line, offset, raw) whatever the lines hold (`--raw`), without lanes."""
    tally = Tally()
    for row in lines:
        if row is None:
            yield None
            continue
        source, line, offset, raw = row
        yield Delivery(raw, source, line, offset, 0, None, "", "", identify(raw, tally))


def identify(body: bytes, tally: Tally) -> str:
    """The webhook-id: the first 32 hex digits of the body's SHA-256; with `-n` for the n-th identical line.

    Anyone can compute it again: `printf %s "$line" | sha256sum | head -c 32`.
    """
    digest = sha256(body).digest()
    count = tally.add(digest)
    return digest[:16].hex() if count == 1 else f"{digest[:16].hex()}-{count}"
