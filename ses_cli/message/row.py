"""Steps of messages in rows of bytes: what a fold over any number of messages holds, sorts and puts on disk.

A row is 40 bytes, numbers with the highest byte first, so that sorted rows are messages one after another and each
one's steps in their order:

    16  key: BLAKE2b of the message, see `message_id`     5  when it was sent, 0 where that is not known
     5  time of the step                                  1  `Sent`
     1  `Step`                                            8  group: BLAKE2b of what messages are grouped by, or 0
     4  link: BLAKE2b of it, 0 but for clicks

Where reasons are judged, the 10 bytes from the link on have other things where something failed: 8 that stand for the
meaning of the reason, and 2 that are 0. Of the others only a delivery tells when it was sent, no click has its link,
and every open is an `OPEN`.

That two of 10^8 messages have one key happens once in 10^22 logs, that two of a million groups have one hash once in
10^7. Texts of messages are kept beside the rows: key, the lengths of `bulkId` and of the address in 4 bytes each, both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from ses_cli.identity import message_key
from ses_cli.message.life import Life, life
from ses_cli.message.sent import Sent, sent_time
from ses_cli.message.steps import Step, step

if TYPE_CHECKING:
    from ses_cli.callback import Callback

ROW = 40
KEY = 16
PARTS = 256  # by the first byte of the key
MEANING = slice(22, 30)
_LONGEST = 200  # characters of a sample that are kept
_ADDRESS = "<address>"  # stands for the recipient's own in a sample
Value = str | int | None


def message_id(bulk_id: str, email: str) -> bytes:
    """The key of a message; `email` as it is compared."""
    text = bulk_id.encode()
    return blake2b(b"%d\0%b%b" % (len(text), text, email.encode()), digest_size=KEY).digest()


def group_id(values: Iterable[Value]) -> int:
    """What stands for the values that messages are grouped by; 0 where none is known."""
    known = list(values)
    if all(value is None for value in known):
        return 0
    parts = [b"-" if value is None else b"i%d" % value if isinstance(value, int) else _text(value) for value in known]
    return int.from_bytes(blake2b(b"".join(parts), digest_size=8).digest()) or 1


def _text(value: str) -> bytes:
    text = value.encode()
    return b"s%d:%b" % (len(text), text)


def pack(record: Callback, group: int, meaning: int | None = None) -> bytes:
    """The row of a callback with a `bulkId` and an address; with a meaning where reasons are judged."""
    bulk_id, email = message_key(record)
    kind = step(record)
    if meaning is not None:
        kind = Step.OPEN if kind is Step.MACHINE_OPEN else kind
        head = message_id(bulk_id, email) + record.timestamp.to_bytes(5) + bytes((kind,))
        if kind is not Step.DELIVERED:
            return head + meaning.to_bytes(8) + bytes(2) + group.to_bytes(8)
        sent, known_from = sent_time(record)
        return head + bytes(4) + sent.to_bytes(5) + bytes((known_from,)) + group.to_bytes(8)
    sent, known_from = sent_time(record)
    link = blake2b((record.link or "").encode(), digest_size=4).digest() if kind is Step.CLICK else bytes(4)
    head = message_id(bulk_id, email) + record.timestamp.to_bytes(5) + bytes((kind,)) + link
    return head + sent.to_bytes(5) + bytes((known_from,)) + group.to_bytes(8)


def sample(hidden: str) -> str:
    """A reason as it is shown, without the recipient's address; `hidden` is what `reasons.own.hide` gives."""
    from ses_cli.reasons.own import reveal  # start-up

    return reveal(hidden, _ADDRESS)[:_LONGEST]


def pack_text(key: bytes, bulk_id: str, email: str) -> bytes:
    """The texts of a message."""
    one, other = bulk_id.encode(), email.encode()
    return key + len(one).to_bytes(4) + len(other).to_bytes(4) + one + other


def unpack_texts(packed: bytes) -> Iterator[tuple[bytes, str, str]]:
    """Key, `bulkId` and address of each message; one may come several times."""
    at = 0
    while at < len(packed):
        key, at = packed[at : at + KEY], at + KEY
        size = int.from_bytes(packed[at : at + 4])
        middle, at = at + 8 + size, at + 8
        end = middle + int.from_bytes(packed[at - 4 : at])
        yield key, packed[at:middle].decode(), packed[middle:end].decode()
        at = end


def find_text(packed: bytes, key: bytes) -> tuple[str, str]:
    """`bulkId` and address of a message that is there."""
    return next(unpack_texts(packed[packed.index(key) :]))[1:]


class Message(NamedTuple):
    """A message of which the texts are kept apart."""

    key: bytes
    group: int
    life: Life


def messages(rows: bytes) -> Iterator[Message]:
    """The messages of rows in any order, all of whose rows are there, by their keys."""
    ordered = sorted([rows[at : at + ROW] for at in range(0, len(rows), ROW)])
    for key, several in groupby(ordered, lambda row: row[:KEY]):
        mine = list(several)
        distinct = {row[KEY:26]: (int.from_bytes(row[KEY:21]), row[21]) for row in mine}
        known_from, sent = max((row[31], -int.from_bytes(row[26:31])) for row in mine)
        group = next((row[32:] for row in mine if any(row[32:])), bytes(8))
        yield Message(key, int.from_bytes(group), life(distinct.values(), -sent, Sent(known_from)))
