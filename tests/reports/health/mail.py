"""Counts of invented mail: two senders, their templates and some receivers, with changes planted."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from ses_cli.events import HARD
from ses_cli.reports.health.compared import Compared, compared
from ses_cli.reports.health.mails import Mails
from ses_cli.reports.health.meanings import Meaning
from ses_cli.reports.health.periods import A_WEEK

FIRST = 490_000  # an hour since 1970
WINDOW = FIRST + 7 * 24  # where the window of a day begins
TEMPLATES = {1: "news.example", 2: "news.example", 3: "shop.example", 4: "shop.example"}
DOMAINS = {"qq.com": 0.4, "163.com": 0.3, "gmail.com": 0.2, "small.example": 0.1}
MEANINGS = {
    Meaning("bounce", "unknown-user", "suppress", "no-user"): 0.02,
    Meaning("bounce", "spam-content", "fix-content", "spam"): 0.01,
    Meaning("bounce", "mailbox-full", "retry", "full"): 0.01,
}


class Plant(NamedTuple):
    """From an hour of the window on, a share of some mail bounces for a reason."""

    meaning: Meaning
    share: float
    hour: int = 0
    domain: str | None = None
    template: int | None = None
    end: int = 24


class Mail:
    """Counts to which mail is added."""

    def __init__(self, seed: int) -> None:
        self.samples: dict[tuple[str, Meaning], tuple[int, str]] = {}
        self.counts = Mails(samples=self.samples)
        self.random = Random(seed)

    def send(
        self, mails: int, hours: Sequence[int], plants: Sequence[Plant] = (), domains: dict[str, float] | None = None
    ) -> None:
        """So many mails in each of these hours."""
        random, shares = self.random, domains or DOMAINS
        for hour in hours:
            for _ in range(mails):
                (domain,) = random.choices(list(shares), list(shares.values()))
                template = random.choice(list(TEMPLATES))
                self.add(domain, template, hour, self._meaning(domain, template, hour, plants))

    def _meaning(self, domain: str, template: int, hour: int, plants: Sequence[Plant]) -> Meaning | None:
        for plant in plants:
            is_there = plant.domain in (None, domain) and plant.template in (None, template)
            is_then = plant.hour <= hour - WINDOW < plant.end
            if is_there and is_then and self.random.random() < plant.share:
                return plant.meaning
        rates = list(MEANINGS.values())
        return self.random.choices([None, *MEANINGS], [1 - sum(rates), *rates])[0]

    def add(self, domain: str, template: int, hour: int, meaning: Meaning | None) -> None:
        """One mail."""
        place = TEMPLATES[template], domain, template, hour
        records = self.counts.records
        kind = "delivered" if meaning is None else HARD
        records[kind, place] = records.get((kind, place), 0) + 1
        if meaning is None:
            if self.random.random() < 0.3:
                records["open", place] = records.get(("open", place), 0) + 1
            return
        failures = self.counts.failures
        failures[meaning, place] = failures.get((meaning, place), 0) + 1
        self.samples[domain, meaning] = hour * 3600, f"550 {meaning.rule}"

    def compared(self) -> Compared:
        """The last day against the week before."""
        found = compared(self.counts, 24, A_WEEK, None)
        assert found
        return found


def week(seed: int, plants: Sequence[Plant] = (), mails: int = 40) -> Compared:
    """A week and a day of mail."""
    mail = Mail(seed)
    mail.send(mails, range(FIRST, WINDOW + 24), plants)
    return mail.compared()
