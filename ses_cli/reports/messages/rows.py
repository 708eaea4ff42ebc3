"""Messages as rows for programs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ses_cli.message import FLAGS, End, Flag, Life
from ses_cli.times import rfc3339

if TYPE_CHECKING:
    from datetime import tzinfo

    from ses_cli.table import Value

NAMES = (
    "bulk_id",
    "email",
    "sent",
    "delivered",
    "deferrals",
    "bounced",
    "first_open",
    "opens",
    "first_click",
    "clicks",
    "end",
    "flags",
)
ENDS = {End.DELIVERED: "delivered", End.BOUNCED: "bounced", End.DROPPED: "dropped"}


def row(bulk_id: str, email: str, life: Life, tz: tzinfo | None) -> list[Value]:
    """A message by `NAMES`; times are RFC 3339."""
    sent, delivered, bounced, first_open, first_click = (
        None if time is None else rfc3339(time, tz)
        for time in (life.sent, life.delivered, life.bounced, life.first_open, life.first_click)
    )
    return [
        bulk_id,
        email,
        sent,
        delivered,
        life.deferrals,
        bounced,
        first_open,
        life.opens,
        first_click,
        life.clicks,
        ENDS.get(life.end),
        flags(life),
    ]


def flags(life: Life) -> list[str]:
    """What else there is to say of a message, in words with hyphens: what cannot be comes first."""
    is_machine = life.opens > 0 and life.first_person is None
    return _names(life.flags, life.end, is_machine, life.has_complained, life.has_unsubscribed)


@lru_cache(1 << 10)
def _names(flags: Flag, end: End, is_machine: bool, has_complained: bool, has_unsubscribed: bool) -> list[str]:
    others = {
        "end-not-logged": end is End.NOT_LOGGED,
        "opened-by-machine-only": is_machine,
        "complained": has_complained,
        "unsubscribed": has_unsubscribed,
    }
    found = [name for flag, (name, _) in FLAGS.items() if flag in flags]
    return found + [name for name, is_so in others.items() if is_so]
