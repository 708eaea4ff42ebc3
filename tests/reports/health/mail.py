"""Counts of invented mail: two senders, their templates and some receivers, with changes planted."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from random import Random
from typing import NamedTuple

from ses_cli.message.row import group_id
from ses_cli.message.steps import Step
from ses_cli.reports.health.compared import Compared, compared
from ses_cli.reports.health.mails import Mails
from ses_cli.reports.health.meanings import Meaning, Place
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
        self.records: dict[tuple[str, Place, int], int] = {}  # what happened where, in which hour
        self.failures: dict[tuple[Meaning, Place, int], int] = {}
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
        place = TEMPLATES[template], domain, template
        if meaning is not None:
            self.failures[meaning, place, hour] = self.failures.get((meaning, place, hour), 0) + 1
            self.samples[domain, meaning] = hour * 3600, f"550 {meaning.rule}"
            return
        for kind in ("delivered", "open") if self.random.random() < 0.3 else ("delivered",):
            self.records[kind, place, hour] = self.records.get((kind, place, hour), 0) + 1

    @property
    def counts(self) -> Mails:
        """Each one a message of its own, with one step."""
        steps = {"delivered": Step.DELIVERED, "open": Step.OPEN}
        told = [(steps[kind], 0, place, hour, n) for (kind, place, hour), n in self.records.items()]
        for (meaning, place, hour), n in self.failures.items():
            told.append((Step.HARD_BOUNCE, _number(meaning), place, hour, n))
        found = Mails(samples=self.samples, meanings={_number(meaning): meaning for meaning, *_ in self.failures})
        found.groups = {group_id(place): place for _, _, place, _, _ in told}
        found.ends.add(b"".join(_rows(told)))
        return found

    def compared(self) -> Compared:
        """The last day against the week before."""
        found = compared(self.counts, 24, A_WEEK, None)
        assert found
        return found


def _number(meaning: Meaning) -> int:
    return int.from_bytes(blake2b("".join(meaning).encode(), digest_size=8).digest())


def _rows(told: Sequence[tuple[Step, int, Place, int, int]]) -> Iterator[bytes]:
    number = 0
    for step, meaning, place, hour, n in told:
        for _ in range(n):
            number += 1
            head = number.to_bytes(16) + (hour * 3600).to_bytes(5) + bytes((step,))
            yield head + meaning.to_bytes(8) + bytes(2) + group_id(place).to_bytes(8)


def week(seed: int, plants: Sequence[Plant] = (), mails: int = 40) -> Compared:
    """A week and a day of mail."""
    mail = Mail(seed)
    mail.send(mails, range(FIRST, WINDOW + 24), plants)
    return mail.compared()
