"""Messages as rows for programs."""

from datetime import tzinfo

from ses_cli.message import FLAGS, End, Life
from ses_cli.table import Value
from ses_cli.times import rfc3339

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

    def time(value: int | None) -> str | None:
        return None if value is None else rfc3339(value, tz)

    return [
        bulk_id,
        email,
        time(life.sent),
        time(life.delivered),
        life.deferrals,
        time(life.bounced),
        time(life.first_open),
        life.opens,
        time(life.first_click),
        life.clicks,
        ENDS.get(life.end),
        flags(life),
    ]


def flags(life: Life) -> list[str]:
    """What else there is to say of a message, in words with hyphens: what cannot be comes first."""
    found = [name for flag, (name, _) in FLAGS.items() if flag in life.flags]
    found += ["end-not-logged"] if life.end is End.NOT_LOGGED else []
    found += ["opened-by-machine-only"] if life.opens and life.first_person is None else []
    found += ["complained"] if life.has_complained else []
    found += ["unsubscribed"] if life.has_unsubscribed else []
    return found
