"""When a message was sent."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ses_cli.callback import Callback


_BULK_TIME = re.compile(r"-date-([0-9]{14})(?![0-9])")
_WALL = timezone(timedelta(hours=8))  # a bulkId has the time on the clock of UTC+8


class Sent(IntEnum):
    """What the time of sending is known from; the higher one is believed."""

    NOTHING = 0
    BULK_ID = 1
    TIMESTAMP = 2


def sent_time(record: Callback) -> tuple[int, Sent]:
    """Unix seconds, from `sentTimestamp`, else from the time in `bulkId`; 0 where neither has it."""
    if record.sent_timestamp:
        return record.sent_timestamp, Sent.TIMESTAMP
    time = bulk_time(record.bulk_id)
    return time, Sent.BULK_ID if time else Sent.NOTHING


def bulk_time(bulk_id: str) -> int:
    """The time in `qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1`, in Unix seconds; 0 where there is none.

    It is that of the first `-date-` which just 14 digits follow. Years before 1971 are none.
    """
    found = _BULK_TIME.search(bulk_id)
    return _wall_time(found[1]) if found else 0


@lru_cache(1 << 12)
def _wall_time(digits: str) -> int:
    year, *rest = int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2))
    month, day, hour, minute, second = rest
    if year < 1971:
        return 0
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=_WALL).timestamp())
    except ValueError:
        return 0
