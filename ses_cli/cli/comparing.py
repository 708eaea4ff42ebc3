"""What is compared: the newest hours of a log with those before them, with some days, or with another log."""

import re
from typing import TYPE_CHECKING

import click

from ses_cli.errors import UsageError

if TYPE_CHECKING:
    from datetime import tzinfo

    from ses_cli.reports.health.periods import Baseline

_HOUR = 3600
_HOURS = {"h": 1, "d": 24, "w": 168}


class Hours(click.ParamType[int]):
    """Whole hours: 6h, 1d, 1w."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        hours = _hours(str(value))
        if not hours:
            self.fail(f'expected whole hours such as 6h, 1d or 1w, got "{value}"', param, ctx)
        return hours


def _hours(text: str) -> int:
    match = re.fullmatch(r"(\d{1,5})([hdw])", text.strip().lower())
    return int(match[1]) * _HOURS[match[2]] if match else 0


def other_log(text: str) -> str | None:
    """The log to compare with, None where the baseline is of the same."""
    return None if _hours(text) or ".." in text.strip("./") else text


def baseline(text: str, tz: "tzinfo | None") -> "Baseline":
    """What is asked for. Raises UsageError."""
    from ses_cli.reports.health.periods import A_WEEK, Baseline

    if hours := _hours(text):
        return Baseline(hours)
    return A_WEEK if other_log(text) else Baseline(0, *_dates(text, tz))


def _dates(text: str, tz: "tzinfo | None") -> tuple[int, int]:
    """The hours of 2026-01-05..2026-01-11, both days whole."""
    from datetime import datetime, timedelta

    from ses_cli.times import parse

    first, _, last = text.partition("..")
    try:
        after = datetime.fromisoformat(last) + timedelta(days=len(last) in (8, 10))
        start, end = (parse(time, tz, 0) // _HOUR for time in (first, after.isoformat()))
    except (ValueError, UsageError):
        form = "a period is written 2026-01-05..2026-01-11"
        raise UsageError(f'--baseline: expected 7d, two dates or a log, got "{text}"', form) from None
    if start >= end:
        raise UsageError(f"--baseline {text}: ends before it begins")
    return start, end


comparing = (
    click.option(
        "--window",
        type=Hours(),
        default="1d",
        show_default=True,
        help="Most recent period to check for changes.",
    ),
    click.option(
        "--baseline",
        default="7d",
        show_default=True,
        metavar="DURATION|DATE..DATE|FILE",
        help="What to compare it with: the period before it, a range of days, or another log.",
    ),
)
