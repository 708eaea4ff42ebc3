"""What records are counted as: event types, and of bounces their types; and counts of these."""

from collections.abc import Mapping, Sequence
from itertools import chain

from ses_cli.events import EVENTS, HARD, SOFT

UNTYPED = "untyped_bounce"  # a bounce without a bounceType
Key = str | int | None
Group = Key | tuple[Key, ...]  # the value itself where records are grouped by one thing


def kind(event: str, bounce_type: str | None) -> str:
    """What an event is counted as."""
    return bounce_type or UNTYPED if event == "bounce" else event


def kinds(events: Sequence[str] = EVENTS) -> list[str]:
    """Everything that such events are counted as, in their order."""
    return [name for event in events for name in ((HARD, SOFT, UNTYPED) if event == "bounce" else (event,))]


def count(counts: Mapping[str, int], name: str) -> int:
    """Records of an event type or kind."""
    n = counts.get(name)
    if n is None:
        n = sum(counts.get(one, 0) for one in (HARD, SOFT, UNTYPED)) if name == "bounce" else 0
    return n


def plus(*several: Mapping[str, int]) -> dict[str, int]:
    """Counts together."""
    return {name: sum(counts.get(name, 0) for counts in several) for name in dict.fromkeys(chain(*several))}


def minus(counts: Mapping[str, int], part: Mapping[str, int]) -> dict[str, int]:
    """Counts without those of a part."""
    return {name: n - part.get(name, 0) for name, n in counts.items()}
