"""The mails behind a log: who is written to, what becomes of each mail, and the records that tell of it."""

# Reproducible on every machine and Python: of `random` only random() with an integer seed, which Python
# guarantees to be stable; of floating point only + - * /, never a function of the C library.

import base64
import tomllib
from bisect import bisect
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, TypeVar

TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
EVENTS = ("delivered", "dropped", "bounce", "open", "click", "spamreport", "unsubscribe", "deferred")
EVENT_IDS = {event: number for number, event in enumerate(EVENTS, 1)}
APP_ID = "251200670"
WALL = timezone(timedelta(hours=8))  # a bulkId carries the time of sending on the clock of UTC+8
ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TRIPLES = [a + b + c for a in ALNUM for b in ALNUM for c in ALNUM]
SINGLE = 0.85  # of the calls of SendEmail have one recipient, the others up to 50
HARD = 0.6  # of the bounces
T = TypeVar("T")
Draw = Callable[[], float]  # a number from 0 up to 1, without it


class Mailing(NamedTuple):
    """One kind of mail, and the parts of a record that come from it, as JSON."""

    number: int
    template: int
    domain: str
    batch: bool
    sender: str  # username to templateId
    subject: str
    custom: str


class Person(NamedTuple):
    """An invented recipient, what the mail system there answers, and the user agents, as JSON."""

    email: str
    refusal: str  # why every mail to a dead address bounces, "" for one alive
    soft: list[str]
    deferred: list[str]
    opens: str
    clicks: str


class Call(NamedTuple):
    """One call of SendEmail, and the parts its records share, as JSON."""

    sent: int
    mailing: Mailing
    bulk: str
    ending: str  # from taskId on, without eventid


class Plant(NamedTuple):
    """A change: from some time on a share of the mail, of a receiver and of a template or of all, is refused."""

    share: float
    refusal: str
    since: int  # Unix seconds
    until: int
    domain: str | None
    template: int | None

    def fits(self, made: Call, to: Person) -> bool:
        """Whether a mail is one of those."""
        return (
            self.since <= made.sent < self.until
            and self.domain in (None, to.email.rpartition("@")[2])
            and self.template in (None, made.mailing.template)
        )


class Rates(NamedTuple):
    """How likely each step of a mail's chain is."""

    dropped: float  # of all mails
    dead: float  # of all addresses: what is not dropped bounces hard
    bounced: float  # of the mails to the others: bounced soft
    deferred: float  # of the mails not dropped; from here on of those neither dropped nor bounced
    delivered: float
    open: float
    click: float
    unsubscribe: float
    spamreport: float


def rates_for(shares: dict[str, float]) -> Rates:
    """The rates, each at most 1, with which the records come out in the wanted shares."""
    followers = ("delivered", "open", "click", "unsubscribe", "spamreport")
    reached = max(shares["deferred"], *(shares[event] for event in followers))
    tried = reached + shares["bounce"]
    mails = tried + shares["dropped"]
    each = [shares[event] / (reached or 1) for event in followers]
    dead = HARD * shares["bounce"] / (tried or 1)
    soft = (1 - HARD) * shares["bounce"] / ((1 - dead) * tried or 1)
    return Rates(shares["dropped"] / mails, dead, soft, shares["deferred"] / (tried or 1), *each)


def mailings() -> list[Mailing]:
    """The kinds of mail."""
    made = []
    for number, row in enumerate(TABLE["mailings"]):
        domain, subject = row["from"].partition("@")[2], row["subject"]
        if not subject.isascii():
            subject = f"=?UTF-8?B?{base64.b64encode(subject.encode()).decode()}?="
        sender = f',"username":"{APP_ID}","from":"{row["from"]}","fromDomain":"{domain}"'
        sender += f',"templateId":{row["template"]}'
        custom = f',"X-Tencentcloudses-Cb-Campaign":"{row["campaign"]}"' if "campaign" in row else ""
        made.append(Mailing(number, row["template"], domain, "batch" in row, sender, f',"subject":"{subject}"', custom))
    return made


def people(count: int, tail: int, dead: float, draw: Draw) -> list[Person]:
    """Recipients at the receivers' domains, by weight, and at `tail` small ones; a share of them is dead."""
    agents = [f',"useragent":"{agent}"' for agent in TABLE["agents"]]
    places = [(domain, row, weight) for row in TABLE["receivers"] for domain, weight in row["domains"].items()]
    places += [("", row, row["tail"]) for row in TABLE["receivers"] if "tail" in row and tail]
    sums = list(accumulate(weight for _, _, weight in places))
    made = []
    for number in range(count):
        domain, row, _ = places[bisect(sums, draw() * sums[-1])]
        domain = domain or small_domain(int(draw() * draw() * tail))
        email = f"{pick(TABLE['given'], draw)}.{pick(TABLE['words'], draw)}{number:05d}@{domain}"
        agent = pick(agents, draw)
        opens = f',"useragent":"{row["proxy"]}"' if "proxy" in row else agent
        refusal = pick(row["hard"], draw) if draw() < dead else ""
        made.append(Person(email, refusal, row["soft"], row["deferred"], opens, agent))
    return made


def small_domain(number: int) -> str:
    """A reserved name; one in fifty is not ASCII."""
    return f"{'邮箱' if number % 50 == 9 else 'mail'}-{number:04d}.example"


class Rhythm:
    """When mails are sent: by the hour of the day and the day of the week, on the clock of UTC+8."""

    def __init__(self, start: date, days: int) -> None:
        begin = datetime(start.year, start.month, start.day, tzinfo=WALL)
        weekends = [(start.weekday() + day) % 7 >= 5 for day in range(days)]
        hours = [hour * (TABLE["weekend"] if weekend else 100) for weekend in weekends for hour in TABLE["hours"]]
        self.begin = int(begin.timestamp())
        self.sums = [0, *accumulate(hours)]

    def at(self, part: float) -> int:
        """The time, in Unix seconds, when this part of all mails is sent; `part` is below 1."""
        point = part * self.sums[-1]
        hour = bisect(self.sums, point) - 1
        return self.begin + int((hour + (point - self.sums[hour]) / (self.sums[hour + 1] - self.sums[hour])) * 3600)


def pick(choices: list[T], draw: Draw) -> T:
    """One of the choices."""
    return choices[int(draw() * len(choices))]


def planted(plants: list[Plant], made: Call, to: Person, draw: Draw) -> Person:
    """The recipient of a mail, who refuses it where a change was planted."""
    for plant in plants:
        if plant.fits(made, to) and draw() < plant.share:
            return to._replace(refusal=plant.refusal)
    return to


def twice(draw: Draw) -> int:
    """1, or 2 a quarter of the time: 1.25 on the average."""
    return 2 if draw() < 0.25 else 1


def chain(rates: Rates, to: Person, sent: int, draw: Draw) -> list[tuple[str, int]]:
    """What becomes of one mail: its events and their times, in order."""
    at = sent + int(3 / (1.02 - draw()))
    if draw() < rates.dropped:
        return [("dropped", at)]
    events = []
    if draw() < rates.deferred * 0.8:
        for _ in range(twice(draw)):
            events.append(("deferred", at))
            at += 300 + int(draw() * 1500)
    if to.refusal or draw() < rates.bounced:
        return [*events, ("bounce", at)]
    if draw() < rates.delivered:
        events.append(("delivered", at))
    read(events, rates, at, draw)
    return events


def read(events: list[tuple[str, int]], rates: Rates, at: int, draw: Draw) -> None:
    """Add what the recipient does; with one interest for all, so that those who click have opened."""
    if draw() < rates.spamreport:
        events.append(("spamreport", at + 60 + int(1800 / (1.02 - draw()))))
    interest = draw()
    if interest < rates.open * 0.8:
        for _ in range(twice(draw)):
            at += 20 + int(900 / (1.02 - draw()))
            events.append(("open", at))
    if interest < rates.click * 0.8:
        for _ in range(twice(draw)):
            at += 3 + int(draw() * 60)
            events.append(("click", at))
    if interest < rates.unsubscribe:
        events.append(("unsubscribe", at + 5 + int(draw() * 60)))


def why(event: str, to: Person, draw: Draw) -> tuple[str, str]:
    """`reason` and `bounceType`, empty where they have nothing to say."""
    if event == "bounce":
        reason = to.refusal or pick(to.soft, draw)
        return reason.replace("{email}", to.email), "hard_bounce" if to.refusal else "soft_bounce"
    if event == "deferred":
        return pick(to.deferred, draw), ""
    return (pick(TABLE["dropped"], draw), "") if event == "dropped" else ("", "")


def call(kind: Mailing, sent: int, day: int, draw: Draw) -> Call:
    """A call of SendEmail, under a bulkId of its own; a mailing to many is one task a day."""
    nonce = pick(TRIPLES, draw) + pick(TRIPLES, draw) + pick(TRIPLES, draw) + pick(TRIPLES, draw)
    nonce += ALNUM[int(draw() * 62)]
    bulk = f"qcloudses-30-{APP_ID}-date-{datetime.fromtimestamp(sent, WALL):%Y%m%d%H%M%S}-{nonce}"
    task = f',"taskId":{900_000 + day * 10 + kind.number}' if kind.batch else ""
    return Call(sent, kind, bulk, f'{task},"sentTimestamp":{sent}{kind.custom}}}\n')


def message_id(domain: str, draw: Draw) -> str:
    """A random UUID at the sender's domain."""
    a, b, c = f"{int(draw() * (1 << 48)):012x}", f"{int(draw() * (1 << 24)):06x}", int(draw() * (1 << 48))
    return f"{a[:8]}-{a[8:]}-4{b[:3]}-a{b[3:]}-{c:012x}@{domain}"


def old_records(made: Call, to: Person, rates: Rates, draw: Draw) -> Iterator[tuple[int, str]]:
    """The records of one mail in the 2022 form, with their times; fields with nothing to say are empty."""
    for event, at in chain(rates, to, made.sent, draw):
        link = click(made, draw) if event == "click" else ""
        reason, bounce_type = why(event, to, draw)
        yield (
            at,
            f'{{"event":"{event}","email":"{to.email}"{link},"bulkId":"{made.bulk}","timestamp":{at}'
            f',"reason":"{reason}","bounceType":"{bounce_type}"{made.mailing.sender}}}\n',
        )


def new_records(made: Call, to: Person, rates: Rates, draw: Draw) -> Iterator[tuple[int, str]]:
    """The records of one mail in the 2025 form, with their times; fields with nothing to say are left out."""
    kind = made.mailing
    message = message_id(kind.domain, draw)
    for event, at in chain(rates, to, made.sent, draw):
        link = reply = agent = ""
        if event == "open":
            agent = to.opens
        elif event == "click":
            link, agent = click(made, draw), to.clicks
        elif event in {"bounce", "deferred", "dropped"}:
            reason, bounce_type = why(event, to, draw)
            reply = f',"reason":"{reason}"' + (f',"bounceType":"{bounce_type}"' if bounce_type else "")
        yield (
            at,
            f'{{"event":"{event}","email":"{to.email}"{link},"bulkId":"{made.bulk}","timestamp":{at}{reply}'
            f'{kind.sender}{agent}{kind.subject},"messageId":"{message}","eventid":{EVENT_IDS[event]}{made.ending}',
        )


def click(made: Call, draw: Draw) -> str:
    """The member `link`, as JSON: some links are clicked more than others."""
    page = f"{made.mailing.number}/{int(draw() * draw() * 40)}"
    return f',"link":"https://{made.mailing.domain}/{page}?utm_source=mail"'
