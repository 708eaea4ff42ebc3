"""Rows become messages, and messages totals: by the engine in Python, and what every engine does."""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol, Self

from ses_cli.message.life import End, Life
from ses_cli.message.row import Message, messages
from ses_cli.message.totals import Totals, merged


class Listed(Enum):
    """Which messages are handed out one by one."""

    NONE = 0
    ALL = 1
    IMPOSSIBLE = 2
    PENDING = 3  # since some time or longer


class MessageCounter(Protocol):
    """Counts messages by their groups."""

    def add(self, rows: bytes, listed: Listed, until: int) -> list[Message]:
        """Takes in all rows of some messages; those listed, by their keys. `until`: see `Listed.PENDING`."""

    def merge(self, other: Self) -> None:
        """Takes in what another has counted, of other messages; that is spent then."""

    def totals(self) -> dict[int, Totals]:
        """What the messages of each group come to."""

    def whole(self) -> Totals:
        """What all messages come to."""


class PythonCounter:
    """See `MessageCounter`. Groups that have a label are counted by that."""

    def __init__(self, labels: Sequence[tuple[int, int]] = ()) -> None:
        self._labels = dict(labels)
        self._totals: dict[int, Totals] = {}

    def add(self, rows: bytes, listed: Listed, until: int) -> list[Message]:
        """Takes in all rows of some messages."""
        found = []
        for message in messages(rows):
            label = self._labels.get(message.group, message.group)
            totals = self._totals.get(label)
            if totals is None:
                totals = self._totals[label] = Totals()
            totals.add(message.life)
            if _is_listed(message.life, listed, until):
                found.append(message)
        return found

    def merge(self, other: Self) -> None:
        """Takes in what another has counted, of other messages."""
        for group, totals in other._totals.items():
            self._totals.setdefault(group, Totals()).merge(totals)

    def totals(self) -> dict[int, Totals]:
        """What the messages of each group come to."""
        return self._totals

    def whole(self) -> Totals:
        """What all messages come to."""
        return merged(self._totals.values())


def _is_listed(life: Life, listed: Listed, until: int) -> bool:
    match listed:
        case Listed.PENDING:
            return life.end is End.PENDING and life.since <= until
        case Listed.IMPOSSIBLE:
            return bool(life.flags)
        case _:
            return listed is Listed.ALL
