"""The story of one message, step by step, each callback once."""

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from ses_cli.callback import Callback
from ses_cli.identity import from_domain
from ses_cli.message import Life, Sent, Step, life, step
from ses_cli.subject import decoded

_FIELDS = Callback.__struct_fields__


class StepKey(NamedTuple):
    """What tells the callbacks of one message apart; the order is that in which they are told."""

    time: int
    step: Step
    link: str


def step_key(record: Callback) -> StepKey:
    """The place of a callback in its story."""
    kind = step(record)
    return StepKey(record.timestamp, kind, (record.link or "") if kind is Step.CLICK else "")


def fuller(one: Callback, other: Callback) -> Callback:
    """Of two callbacks that tell the same the one that says more, whichever came first."""
    return max(one, other, key=_says)


def _says(record: Callback) -> tuple[int, list[str]]:
    values = [getattr(record, name) for name in _FIELDS]
    return sum(value not in (None, "") for value in values), [str(value or "") for value in values]


class Story:
    """What the log says of one message."""

    def __init__(
        self, bulk_id: str, email: str, callbacks: dict[StepKey, Callback], sent: tuple[Sent, int], doubles: int
    ) -> None:
        self.bulk_id = bulk_id
        self.email = email  # as it is compared
        self.steps = [(key, callbacks[key]) for key in sorted(callbacks)]
        self.sent_from, self._sent = sent  # the time negated
        self.doubles = doubles  # callbacks that came more than once, and are told once

    @cached_property
    def life(self) -> Life:
        """What the steps come to."""
        return life([(key.time, key.step) for key, _ in self.steps], -self._sent, self.sent_from)

    @cached_property
    def subject(self) -> str:
        """As it is read, "" where no callback has it."""
        return decoded(self._first(record.subject for _, record in self.steps)) or ""

    @cached_property
    def sender(self) -> str:
        """The sender's address, or else its domain."""
        records = [record for _, record in self.steps]
        return self._first(record.sender for record in records) or self._first(map(from_domain, records))

    @cached_property
    def template(self) -> int | None:
        """The template, None where no callback has it."""
        return next((record.template_id for _, record in self.steps if record.template_id), None)

    @cached_property
    def message_id(self) -> str:
        """The mail's Message-ID, "" where no callback has it."""
        return self._first(record.message_id for _, record in self.steps)

    @staticmethod
    def _first(values: Iterable[str | None]) -> str:
        return next((value for value in values if value), "")
