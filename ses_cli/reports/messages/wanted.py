"""What of the messages is wanted, and what they are grouped by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from ses_cli.batch import Key, Value
from ses_cli.message.counting import Listed
from ses_cli.reports.groups import provider

HOUR = 3600
BY = ("domain", "provider", "from-domain", "template")
_KEYS = {"provider": Key.DOMAIN}  # what an engine groups by instead
_ALWAYS = ("domain",)


@dataclass(frozen=True, slots=True)
class MessagesWanted:
    """What of the messages is wanted."""

    by: tuple[str, ...] = ()  # of `BY`
    listed: Listed = Listed.NONE  # which messages are wanted one by one: all others are counted only
    older_than: int = HOUR  # seconds before the log ends, for `Listed.PENDING`
    top: int | None = field(default=20, compare=False)  # groups and messages that people see
    jobs: int | None = field(default=1, compare=False)  # workers that make messages of the steps, None for one a core
    tz: tzinfo | None = None  # of times; None is UTC in data and the machine's for people

    @property
    def grouped_by(self) -> tuple[str, ...]:
        """What messages are grouped by."""
        return self.by or _ALWAYS

    @property
    def keys(self) -> list[Key]:
        """What an engine groups them by."""
        return list(dict.fromkeys(map(_key, self.grouped_by)))

    def group(self, values: Sequence[Value]) -> tuple[Value, ...]:
        """The group that an engine's group belongs to."""
        known = dict(zip(self.keys, values, strict=True))
        return tuple(
            provider(str(known[_key(name)])) if name == "provider" else known[_key(name)] for name in self.grouped_by
        )


def _key(name: str) -> Key:
    return _KEYS.get(name) or Key(name)
