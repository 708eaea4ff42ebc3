"""Times as people write them."""

import os
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.errors import UsageError
from ses_cli.events import MAX_TIMESTAMP
from ses_cli.times import parse, rfc3339, shown, zone, zone_name

NOW = 1_767_600_000.5  # 2026-01-05T08:00:00.5Z
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05", "2026-01-04T16:00:00Z"),
        ("20260105", "2026-01-04T16:00:00Z"),
        ("2026-01-05T10:30", "2026-01-05T02:30:00Z"),
        ("2026-01-05 10:30:15", "2026-01-05T02:30:15Z"),
        ("2026-01-05T10:30Z", "2026-01-05T10:30:00Z"),
        ("2026-01-05T10:30:00-05:00", "2026-01-05T15:30:00Z"),
        ("2026-01-05T10:30:00.2Z", "2026-01-05T10:30:01Z"),
        ("1654064683", "2022-06-01T06:24:43Z"),
        ("now", "2026-01-05T08:00:01Z"),
        ("today", "2026-01-04T16:00:00Z"),
        ("yesterday", "2026-01-03T16:00:00Z"),
        ("30m", "2026-01-05T07:30:01Z"),
        ("24h", "2026-01-04T08:00:01Z"),
        ("7d", "2025-12-29T08:00:01Z"),
        (" 2w ", "2025-12-22T08:00:01Z"),
    ],
)
def test_every_form_is_read_in_the_zone(text: str, expected: str) -> None:
    """Dates and times without an offset are of the zone asked for; how long ago counts from now."""
    assert rfc3339(parse(text, SHANGHAI, NOW)) == expected


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "7x", "-7d", "12345", "1" * 40, "999999999w", "0000-00-00"])
def test_anything_else_is_a_usage_error(text: str) -> None:
    """What is no time is refused, with the forms that there are."""
    with pytest.raises(UsageError) as caught:
        parse(text, UTC, NOW)
    assert "24h" in (caught.value.hint or "")


@given(st.text(max_size=12) | st.from_regex(r"[0-9T:+Zwd-]{1,16}", fullmatch=True))
def test_no_text_raises_anything_else(text: str) -> None:
    """Whatever is written, it is a time or a usage error."""
    for tz in (None, SHANGHAI):
        with suppress(UsageError):
            assert isinstance(parse(text, tz, NOW), int)


@pytest.mark.parametrize("tz", [None, UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-8))])
def test_what_ends_with_the_year_9999_ends_a_second_before(tz: tzinfo | None) -> None:
    """The year 10000 cannot be written: the end of an hour or a day is no error in any zone."""
    assert rfc3339(MAX_TIMESTAMP + 1, tz).startswith("9999-12-31T")
    assert shown(MAX_TIMESTAMP + 1, tz).startswith("9999-12-31 ")


@given(st.integers(1, MAX_TIMESTAMP))
def test_every_valid_time_can_be_shown(timestamp: int) -> None:
    """From the first second to the last of the year 9999 a time has its text in every zone."""
    assert parse(rfc3339(timestamp), UTC, NOW) == timestamp
    assert shown(timestamp, SHANGHAI)


def test_a_day_that_clocks_change_begins_at_midnight() -> None:
    """`today` and `yesterday` begin at local midnight on the days when clocks are put forward or back."""
    new_york, noon = ZoneInfo("America/New_York"), 1_762_102_800.0  # 2025-11-02T12:00-05:00, clocks back at 2
    assert rfc3339(parse("today", new_york, noon)) == "2025-11-02T04:00:00Z"
    assert rfc3339(parse("today", new_york, noon + 86400)) == "2025-11-03T05:00:00Z"
    assert rfc3339(parse("yesterday", new_york, noon + 86400)) == "2025-11-02T04:00:00Z"


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime", "Asia", "\0", "+24:00", "UTC+8:61"]
)
def test_a_zone_that_is_none_is_a_usage_error(name: str) -> None:
    """A zone without data is refused with an example of one that has."""
    with pytest.raises(UsageError, match="invalid time zone"):
        zone(name)


@pytest.mark.parametrize(
    ("name", "shown_as"),
    [
        ("UTC", "2026-01-05 08:00:00Z"),
        ("Z", "2026-01-05 08:00:00Z"),
        ("Asia/Shanghai", "2026-01-05 16:00:00+08:00"),
        ("+08:00", "2026-01-05 16:00:00+08:00"),
        ("UTC+8", "2026-01-05 16:00:00+08:00"),
        ("utc+08:00", "2026-01-05 16:00:00+08:00"),
        ("GMT+8", "2026-01-05 16:00:00+08:00"),
        ("+0530", "2026-01-05 13:30:00+05:30"),
        ("-3", "2026-01-05 05:00:00-03:00"),
    ],
)
def test_every_time_shown_names_its_zone(name: str, shown_as: str) -> None:
    """A zone is an IANA name or an offset from UTC, and what is shown in it can be read back anywhere."""
    text = shown(1_767_600_000, zone(name))
    assert text == shown_as
    assert parse(text, ZoneInfo("Pacific/Auckland"), NOW) == 1_767_600_000
    assert parse(rfc3339(1_767_600_000, zone(name)), None, NOW) == 1_767_600_000


@pytest.mark.parametrize(
    ("tz", "name"),
    [
        (UTC, "UTC"),
        (ZoneInfo("Etc/UTC"), "UTC"),
        (SHANGHAI, "Asia/Shanghai"),
        (zone("UTC+8"), "+08:00"),
        (zone("-0530"), "-05:30"),
    ],
)
def test_zones_have_names(tz: tzinfo, name: str) -> None:
    """A zone is named as one would ask for it, and the name means the same zone."""
    assert zone_name(tz) == name
    assert shown(1_767_600_000, zone(name)) == shown(1_767_600_000, tz)


@pytest.mark.parametrize(
    ("value", "name"), [("Asia/Tokyo", "Asia/Tokyo"), (":Asia/Tokyo", "Asia/Tokyo"), ("XYZ-5", "+05:00")]
)
def test_the_machines_own_zone_has_a_name(value: str, name: str) -> None:
    """The machine's zone is named by its IANA name where the machine tells it, else by its offset."""
    code = "from ses_cli.times import zone_name; print(zone_name(None))"
    environment = {**os.environ, "TZ": value, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == f"{name}\n"
