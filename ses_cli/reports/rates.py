"""The rates of a group of records, each with what it divides by."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from ses_cli.reports.kinds import count

OUTCOMES = ("delivered", "bounce", "dropped")  # events that tell how a mail ended


class Rate(NamedTuple):
    """A share of records."""

    title: str
    event: str
    among: tuple[str, ...]  # the events it divides by

    @property
    def name(self) -> str:
        """As data has it."""
        return self.title.replace(" ", "_")

    @property
    def formula(self) -> str:
        """bounce / (delivered + bounce + dropped)"""
        among = " + ".join(self.among)
        return f"{self.event} / ({among})" if len(self.among) > 1 else f"{self.event} / {among}"

    def numbers(self, counts: Mapping[str, int]) -> tuple[int, int]:
        """What is divided by what."""
        return count(counts, self.event), sum(count(counts, event) for event in self.among)

    def value(self, counts: Mapping[str, int]) -> float | None:
        """The rate, None where there is nothing to divide by."""
        part, whole = self.numbers(counts)
        return part / whole if whole else None

    def values(self, columns: Mapping[str, Sequence[int]], zeros: Sequence[int]) -> Iterator[float | None]:
        """The rate of each of several groups, of which the counts are given in columns; `zeros` for those not given."""
        wholes = map(sum, zip(*(columns.get(event, zeros) for event in self.among), strict=True))
        parts = columns.get(self.event, zeros)
        return (part / whole if whole else None for part, whole in zip(parts, wholes, strict=True))


RATES = (
    Rate("delivery rate", "delivered", OUTCOMES),
    Rate("bounce rate", "bounce", OUTCOMES),
    Rate("complaint rate", "spamreport", ("delivered",)),
)


def rates_of(by: Sequence[str], events: AbstractSet[str]) -> list[Rate]:
    """The rates that mean something where records of these events (none: all) are counted by these names.

    Where some of the events that a rate compares were not counted, or stand in groups of their own, it says nothing.
    """
    if {"event", "bounce-type"} & set(by):
        return []
    return [rate for rate in RATES if not events or {rate.event, *rate.among} <= events]
