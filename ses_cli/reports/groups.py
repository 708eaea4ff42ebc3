"""What records can be grouped by: fields as they are, and buckets of time."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import cache

from ses_cli.callback import Callback
from ses_cli.identity import domain, from_domain
from ses_cli.times import local

Key = str | int | None
Extract = Callable[[Callback], Key]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_QUARTER = 900  # seconds: no zone's offset has been finer since 1972

FIELDS: dict[str, Extract] = {
    "event": lambda record: record.event,
    "domain": lambda record: domain(record.email),
    "from-domain": lambda record: from_domain(record) or None,
    "bounce-type": lambda record: (record.bounce_type or None) if record.event == "bounce" else None,
    "template": lambda record: record.template_id or None,
    "sender": lambda record: record.sender or None,
    "task": lambda record: record.task_id or None,
    "bulk-id": lambda record: record.bulk_id,
}
BUCKETS = ("hour", "day", "week", "weekday")
BY = (*FIELDS, *BUCKETS)


@cache
def extract(name: str, tz: tzinfo | None) -> Extract:
    """How to get from a record what it is grouped by; a bucket is named by its beginning in the zone."""
    return FIELDS[name] if name in FIELDS else _Bucket(name, tz)


class _Bucket:
    def __init__(self, name: str, tz: tzinfo | None) -> None:
        self._name = name
        self._tz = tz
        self._known: dict[int, str] = {}

    def __call__(self, record: Callback) -> str:
        quarter = record.timestamp // _QUARTER
        label = self._known.get(quarter)
        if label is None:
            label = self._known[quarter] = bucket(self._name, local(quarter * _QUARTER, self._tz))
        return label


def bucket(name: str, time: datetime) -> str:
    """The bucket a time falls in: 2026-01-05T14:00+08:00, 2026-01-05, 2026-W02 or Monday."""
    match name:
        case "hour":
            return time.strftime("%Y-%m-%dT%H:00") + _offset(time)
        case "day":
            return f"{time:%Y-%m-%d}"
        case "week":
            year, week, _ = time.isocalendar()
            return f"{year}-W{week:02d}"
        case _:
            return WEEKDAYS[time.weekday()]


def _offset(time: datetime) -> str:
    """In its name, since the hour before a clock is put back comes twice."""
    return time.isoformat()[-6:]


def buckets(name: str, first: int, last: int, tz: tzinfo | None, most: int) -> list[str] | None:
    """All buckets from the first record's to the last one's, empty ones too; None where they are more than `most`."""
    if name == "weekday":
        return list(WEEKDAYS)
    step = {"hour": 3600, "day": 86400, "week": 7 * 86400}[name]
    if (last - first) // step > most:
        return None
    start, end = (time // _QUARTER * _QUARTER for time in (first, last))  # as records are looked up
    stride = _QUARTER if name == "hour" else 12 * 3600  # an hour may have 30 minutes, a day 23 hours
    return list(dict.fromkeys(bucket(name, local(time, tz)) for time in (*range(start, end, stride), end)))
