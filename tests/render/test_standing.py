"""The line that says how a replay stands."""

import pytest

from ses_cli.render.progress import fitting
from ses_cli.render.standing import EXPENDABLE

PARTS = {
    "delivered": "1,234,567 delivered",
    "rate": "12,345/s",
    "flight": "16 in flight",
    "failed": "12 failed",
    "p99": "p99 17 ms",
    "waiting": "retrying in 30 s (status 503)",
}


@pytest.mark.parametrize(
    ("room", "left"),
    [
        (200, ["delivered", "rate", "flight", "failed", "p99", "waiting"]),
        (90, ["delivered", "rate", "flight", "failed", "waiting"]),
        (75, ["delivered", "rate", "failed", "waiting"]),
        (65, ["delivered", "failed", "waiting"]),
        (10, ["delivered", "waiting"]),
    ],
)
def test_what_there_is_room_for(room: int, left: list[str]) -> None:
    """What matters least goes first; how many are delivered and what is waited for are always told."""
    assert fitting(PARTS, room, EXPENDABLE) == "  ".join(PARTS[name] for name in left)
