"""The rates of one sender domain on one day, each with what it divides by."""

from collections.abc import Mapping
from typing import NamedTuple

from ses_cli.reports.health.chance import wilson

# what is counted of a sender domain on a day -> in words
COUNTS: dict[str, str] = {
    "sent": "messages with an outcome: delivered, bounced or dropped",
    "delivered": "messages that the receiver's mail system took",
    "bounced": "messages that bounced",
    "hard_bounced": "messages that bounced hard",
    "dropped": "messages that were dropped before they were sent",
    "invalid_addresses": "messages that bounced for a reason of the address",
    "spam_bounces": "messages that bounced as spam or for the sender's reputation",
    "complaints": "messages reported as spam by their recipients",
    "opened": "messages opened",
}
FEW = 1000  # messages: with fewer behind a rate, people see its interval


class MessageRate(NamedTuple):
    """A share of messages."""

    name: str
    title: str
    part: str  # a key of COUNTS, as the next
    whole: str

    @property
    def formula(self) -> str:
        """invalid_addresses / sent"""
        return f"{self.part} / {self.whole}"

    def numbers(self, counts: Mapping[str, int]) -> tuple[int, int]:
        """What is divided by what."""
        return counts.get(self.part, 0), counts.get(self.whole, 0)

    def value(self, counts: Mapping[str, int]) -> float | None:
        """The rate, None where there is nothing to divide by."""
        part, whole = self.numbers(counts)
        return part / whole if whole else None

    def interval(self, counts: Mapping[str, int]) -> tuple[float, float] | None:
        """Where the true rate lies with 95 % confidence."""
        return wilson(*self.numbers(counts))


_ALL = (
    MessageRate("deliverability", "delivered", "delivered", "sent"),
    MessageRate("invalid_address_rate", "invalid", "invalid_addresses", "sent"),
    MessageRate("spam_bounce_rate", "spam", "spam_bounces", "sent"),
    MessageRate("complaint_rate", "complaints", "complaints", "delivered"),
    MessageRate("open_rate", "opened", "opened", "delivered"),
    MessageRate("bounce_rate", "bounces", "bounced", "sent"),
    MessageRate("hard_bounce_rate", "hard bounces", "hard_bounced", "sent"),
)
RATES: dict[str, MessageRate] = {rate.name: rate for rate in _ALL}
