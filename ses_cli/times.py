"""Times as people write and read them."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ses_cli.errors import UsageError

_AGO = re.compile(r"(\d{1,9})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FORMS = "an ISO date or date-time, Unix seconds, now, today, yesterday, or how long ago: 30m, 24h, 7d"


def zone(name: str | None) -> tzinfo | None:
    """The zone of an IANA name; None, here and below, is the machine's own."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"{name}: no such time zone", "an IANA name such as Asia/Shanghai or UTC") from None


def local(timestamp: float, tz: tzinfo | None) -> datetime:
    """Unix seconds as an aware date-time of the zone; of UTC in the hours when the zone is in the year 10000."""
    try:
        return datetime.fromtimestamp(timestamp, tz) if tz else datetime.fromtimestamp(timestamp).astimezone()
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(timestamp, UTC)


def parse(text: str, tz: tzinfo | None, now: float) -> int:
    """Unix seconds of a time as people write it, a fraction rounded up: times are compared with whole seconds."""
    try:
        return ceil(_parse(text.strip(), tz, now))
    except (ValueError, OverflowError, OSError):
        raise UsageError(f'"{text}" is no time', FORMS) from None


def _parse(text: str, tz: tzinfo | None, now: float) -> float:
    today = local(now, tz).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if text == "now":
        return now
    if text in ("today", "yesterday"):
        return _aware(today - timedelta(days=text == "yesterday"), tz).timestamp()
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}).total_seconds()
    if text.isdecimal() and len(text) != 8:  # eight digits are a date
        if not 9 <= len(text) <= 11:
            raise ValueError
        return int(text)
    return _aware(datetime.fromisoformat(text), tz).timestamp()


def _aware(time: datetime, tz: tzinfo | None) -> datetime:
    if time.tzinfo:
        return time
    return time.replace(tzinfo=tz) if tz else time.astimezone()


def rfc3339(timestamp: int) -> str:
    """Unix seconds as RFC 3339 in UTC, as data has it."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat()[:-6] + "Z"


def shown(timestamp: int, tz: tzinfo | None) -> str:
    """Unix seconds as a person reads them, in the zone."""
    return local(timestamp, tz).strftime("%Y-%m-%d %H:%M:%S")
