"""Times as people write and read them."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from math import ceil

from ses_cli.errors import UsageError
from ses_cli.events import MAX_TIMESTAMP

_AGO = r"(\d{1,9})([smhdw])"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FORMS = "an ISO date or date-time, Unix seconds, now, today, yesterday, or how long ago: 30m, 24h, 7d"
_UTC = {"UTC", *(f"Etc/{name}" for name in ("UTC", "UCT", "Universal", "Zulu"))}
ZONES = "an IANA name such as Asia/Shanghai, an offset such as +08:00 or UTC+8, or UTC"
_OFFSET = r"(?i)(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?"


def zone(name: str | None) -> tzinfo | None:
    """The zone of an IANA name or an offset from UTC; None, here and below, is the machine's own."""
    if name is None:
        return None
    if name in ("Z", "UTC"):
        return UTC
    if offset := re.fullmatch(_OFFSET, name):
        sign, hours, minutes = offset.groups()
        east = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if east < timedelta(hours=24):
            return timezone(-east if sign == "-" else east)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # start-up: here and below

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f'invalid time zone: "{name}"', ZONES) from None


def zone_name(tz: tzinfo | None) -> str:
    """What a zone is called: Asia/Shanghai, +08:00 or UTC."""
    if tz is None:
        return _own_name()
    if key := getattr(tz, "key", None):  # of a ZoneInfo
        return "UTC" if key in _UTC else str(key)
    return _offset_name(datetime.now(tz))


def _own_name() -> str:
    """The IANA name of the machine's zone, where the machine tells; else its offset now."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    told = os.environ.get("TZ", "").removeprefix(":")
    linked = os.path.realpath("/etc/localtime").rpartition("/zoneinfo/")[2] if not told else ""
    for name in (told, linked):
        if name and not name.startswith("/"):
            try:
                return zone_name(ZoneInfo(name))
            except (ZoneInfoNotFoundError, ValueError, OSError):
                continue
    return _offset_name(datetime.now().astimezone())


def _offset_name(time: datetime) -> str:
    offset = time.isoformat()[-6:]
    return "UTC" if offset == "+00:00" else offset


def local(timestamp: float, tz: tzinfo | None) -> datetime:
    """Unix seconds as an aware date-time of the zone; of UTC in the hours when the zone is in the year 10000.

    What ends then, such as the last hour of 9999, ends a second before.
    """
    try:
        return datetime.fromtimestamp(timestamp, tz) if tz else datetime.fromtimestamp(timestamp).astimezone()
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(min(timestamp, MAX_TIMESTAMP), UTC)


def parse(text: str, tz: tzinfo | None, now: float) -> int:
    """Unix seconds of a time as people write it, a fraction rounded up: times are compared with whole seconds."""
    try:
        return ceil(_parse(text.strip(), tz, now))
    except (ValueError, OverflowError, OSError):
        raise UsageError(f'invalid time: "{text}"', FORMS) from None


def ago(text: str) -> int | None:
    """How many seconds ago a time is that is written as a length, like 24h; None for other times."""
    match = re.fullmatch(_AGO, text.strip())
    return int(timedelta(**{_UNITS[match[2]]: int(match[1])}).total_seconds()) if match else None


def is_relative(text: str) -> bool:
    """Whether a time is another one at each run."""
    return text.strip() in ("now", "today", "yesterday") or ago(text) is not None


def _parse(text: str, tz: tzinfo | None, now: float) -> float:
    today = local(now, tz).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if text == "now":
        return now
    if text in ("today", "yesterday"):
        return _aware(today - timedelta(days=text == "yesterday"), tz).timestamp()
    if ago := re.fullmatch(_AGO, text):
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


def rfc3339(timestamp: int, tz: tzinfo | None = None) -> str:
    """Unix seconds as RFC 3339, as data has it: in the zone that was asked for, else in UTC. See `local` for 9999."""
    if tz is None or tz is UTC:
        minute, second = divmod(timestamp, 60)
        try:
            return f"{_minute(minute)}:{second:02d}Z"
        except ValueError:
            return rfc3339(MAX_TIMESTAMP)
    return local(timestamp, tz).isoformat().replace("+00:00", "Z")


@lru_cache(1 << 12)
def _minute(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).isoformat()[:16]


def shown(timestamp: int, tz: tzinfo | None) -> str:
    """Unix seconds as a person reads them, in the zone and with its offset: 2026-01-05 14:00:00+08:00."""
    return local(timestamp, tz).isoformat(" ").replace("+00:00", "Z")


def duration(seconds: int) -> str:
    """A length of time as a person reads it, by its two largest units: 4 s, 2 min 5 s, 3 h, 2 d 4 h."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    sizes = [(86400, "d"), (3600, "h"), (60, "min"), (1, "s")]
    at = next((at for at, (size, _) in enumerate(sizes) if seconds >= size), len(sizes) - 1)
    parts = [(seconds // size, unit) for size, unit in sizes[at : at + 1]]
    parts += [(seconds % sizes[at][0] // size, unit) for size, unit in sizes[at + 1 : at + 2]]
    return " ".join(f"{n:,} {unit}" for n, unit in parts if n or unit == sizes[at][1])


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def spoken_day(timestamp: int, tz: tzinfo | None) -> str:
    """The day of a time as one says it: 3 Jan."""
    time = local(timestamp, tz)
    return f"{time.day} {_MONTHS[time.month - 1]}"


def spoken(timestamp: int, tz: tzinfo | None) -> str:
    """A time as one says it, to the minute: 3 Jan 14:05."""
    return f"{spoken_day(timestamp, tz)} {local(timestamp, tz):%H:%M}"
