"""What a batch tells of single records: as they were read, and as replay needs them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ses_cli.callback import Callback


class Located(NamedTuple):
    """A record, and where and as what it was read."""

    record: Callback
    line: int
    offset: int
    raw: bytes  # without the line end


class Lane(StrEnum):
    """Which callbacks keep their order among themselves when they are replayed."""

    MESSAGE = "message"  # those of one mail: bulkId and email
    EMAIL = "email"  # those to one recipient
    DOMAIN = "domain"  # those to one recipient domain
    NONE = "none"


class Row(NamedTuple):
    """A record as replay needs it. Its bytes are `batch.piece.cut(row.offset, row.length)`."""

    line: int
    offset: int  # in the decompressed source
    length: int  # bytes, without the line end
    timestamp: int  # Unix seconds
    event: str
    domain: str  # the recipient's, as it is compared
    lane: int | None  # the same number for the same lane, in this process; None: no order to keep
    id: bytes  # the first 16 bytes of the SHA-256 of the bytes
