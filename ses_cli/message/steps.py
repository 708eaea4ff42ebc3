"""The steps of a message, one for each callback, and the opens that are a machine's."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from ses_cli.events import HARD, SOFT

if TYPE_CHECKING:
    from ses_cli.callback import Callback


class Step(IntEnum):
    """What happened. Of one second, the lower number comes first."""

    PROCESSED = 0
    DEFERRED = 1
    SOFT_BOUNCE = 2
    UNTYPED_BOUNCE = 3
    HARD_BOUNCE = 4
    DROPPED = 5
    DELIVERED = 6
    OPEN = 7
    MACHINE_OPEN = 8  # fetched by a proxy that the user agent names
    CLICK = 9
    UNSUBSCRIBE = 10
    SPAMREPORT = 11


class Proxy(NamedTuple):
    """A program that fetches the images of mails in place of their readers."""

    name: str
    text: str  # of its user agent
    is_whole: bool  # the text is all of the user agent, not a part


PROXIES = (
    Proxy("Apple Mail Privacy Protection", "Mozilla/5.0", is_whole=True),
    Proxy("Gmail's image proxy", "GoogleImageProxy", is_whole=False),
    Proxy("Gmail's prefetch", "Edge/12.246 Mozilla/5.0", is_whole=False),
    Proxy("Yahoo's image proxy", "YahooMailProxy", is_whole=False),
)

_STEPS = {
    "processed": Step.PROCESSED,
    "deferred": Step.DEFERRED,
    "dropped": Step.DROPPED,
    "delivered": Step.DELIVERED,
    "open": Step.OPEN,
    "click": Step.CLICK,
    "unsubscribe": Step.UNSUBSCRIBE,
    "spamreport": Step.SPAMREPORT,
}
_BOUNCES = {HARD: Step.HARD_BOUNCE, SOFT: Step.SOFT_BOUNCE}


def step(record: Callback) -> Step:
    """The step that a callback tells of."""
    found = _STEPS.get(record.event)
    if found is None:
        return _BOUNCES.get(record.bounce_type or "", Step.UNTYPED_BOUNCE)
    return Step.MACHINE_OPEN if found is Step.OPEN and proxy(record.useragent or "") else found


def proxy(useragent: str) -> str:
    """The proxy that a user agent names, "" for none: then a person may have opened the mail."""
    for name, text, is_whole in PROXIES:
        if useragent == text if is_whole else text in useragent:
            return name
    return ""
