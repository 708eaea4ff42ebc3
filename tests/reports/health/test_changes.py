"""What changed: planted changes are found and told, chance is not."""

from collections.abc import Sequence
from cProfile import Profile
from datetime import UTC

import pytest

from ses_cli.reports.health.changes import Change, changes
from ses_cli.reports.health.cube import ANY, Segment
from ses_cli.reports.health.meanings import Meaning
from ses_cli.reports.health.novelties import novelties
from ses_cli.reports.health.sentences import Context, actions, command, sentence
from tests.reports.health.mail import DOMAINS, FIRST, MEANINGS, WINDOW, Mail, Plant, week

USER, SPAM, FULL = MEANINGS
NEW = Meaning("bounce", "authentication", "fix-sender", "dmarc")


def only(found: Sequence[Change]) -> Change:
    """The one change there is."""
    (change,) = found
    return change


@pytest.mark.parametrize("seed", range(6))
def test_chance_is_no_change(seed: int) -> None:
    """Mail whose rates stay the same has no changes."""
    assert changes(week(seed)) == []


@pytest.mark.parametrize(
    ("plant", "segment"),
    [
        (Plant(SPAM, 0.3, domain="qq.com"), Segment(domain="qq.com", cls="spam-content")),
        (Plant(NEW, 0.2, domain="163.com"), Segment(domain="163.com", cls="authentication")),
        (Plant(USER, 0.2, template=3), Segment("shop.example", ANY, 3, "unknown-user")),
        (Plant(FULL, 0.5, domain="gmail.com", template=1), Segment("news.example", "gmail.com", 1, "mailbox-full")),
        (Plant(NEW, 0.1), Segment(cls="authentication")),
    ],
    ids=str,
)
def test_a_planted_change_is_told_by_its_segment(plant: Plant, segment: Segment) -> None:
    """The segment that accounts for a change is the one in which it was planted: no wider one, and no part of it."""
    change = only(changes(week(1, [plant])))
    assert change.causes[0].segment._replace(rule=ANY) == segment
    assert change.metric.name == "bounce_rate"
    assert change.is_harm


def test_two_changes_are_told_apart() -> None:
    """Changes of different mail are two, the larger first; each excess is its own."""
    plants = [Plant(SPAM, 0.5, domain="qq.com"), Plant(NEW, 0.3, domain="gmail.com")]
    compared = week(2, plants)
    first, second = changes(compared)
    assert first.causes[0].segment.domain == "qq.com"
    assert second.causes[0].segment.domain == "gmail.com"
    planted = sum(n for meaning, _, _, n in compared.now.by(lambda _: ()).failures() if meaning == NEW)
    assert round(second.causes[0].excess) == planted


def test_two_causes_in_the_same_mail_are_one_change() -> None:
    """Where two segments of one receiver's mail account for it, one change names both."""
    plants = [Plant(SPAM, 0.3, domain="qq.com", template=1), Plant(NEW, 0.3, domain="qq.com", template=2)]
    change = only(changes(week(3, plants)))
    assert {(cause.segment.template, cause.segment.cls) for cause in change.causes} == {
        (1, "spam-content"),
        (2, "authentication"),
    }


@pytest.mark.parametrize(("hour", "end"), [(0, 24), (5, 24), (12, 24), (6, 12)])
def test_the_hours_are_told(hour: int, end: int) -> None:
    """A change began in the hour in which it was planted, and is over where it ended."""
    span = only(changes(week(4, [Plant(NEW, 0.6, hour, "qq.com", end=end)]))).causes[0].span
    assert span
    assert (span.start, span.end) == (WINDOW + hour, WINDOW + end)
    assert (span.is_old, span.is_over) == (hour == 0, end < 24)


def test_fewer_is_a_change_too() -> None:
    """A rate that falls is told; fewer bounces are for the better, fewer openings for the worse."""
    mail = Mail(5)
    mail.send(40, range(FIRST, WINDOW), [Plant(SPAM, 0.0)])
    for hour in range(WINDOW, WINDOW + 24):
        for number in range(40):
            mail.add(list(DOMAINS)[number % 4], number % 4 + 1, hour, None)
    for key in [key for key in mail.records if key[0] == "open" and key[2] >= WINDOW]:
        del mail.records[key]
    found = {change.metric.name: change for change in changes(mail.compared())}
    assert not found["bounce_rate"].is_harm
    assert found["open_rate"].is_harm
    assert next(iter(found)) == "open_rate"
    assert "fewer" in sentence(found["bounce_rate"], Context(mail.compared(), UTC))


def test_a_change_of_the_mix_is_none_of_the_rates() -> None:
    """More mail to a receiver that always bounced more is told as that, with the receiver."""
    mail = Mail(6)
    bad = [Plant(USER, 0.4, -(10**6), "small.example", end=10**6)]
    mail.send(40, range(FIRST, WINDOW), bad)
    mail.send(40, range(WINDOW, WINDOW + 24), bad, {**DOMAINS, "small.example": 0.9})
    change = only(changes(mail.compared()))
    assert change.is_mix
    assert change.causes[0].segment.domain == "small.example"
    told = sentence(change, Context(mail.compared(), UTC))
    assert "by the mix of the mail, not the rates: at small.example 9.9% -> 50.4% of it" in told


def test_the_sentence_is_one_to_act_on() -> None:
    """A change is told with its rates, hours, excess, reason, action and template, and a command that lists it."""
    compared = week(7, [Plant(SPAM, 0.5, 10, "qq.com", 1)])
    context = Context(compared, UTC, ["my log.jsonl"])
    change = only(changes(compared))
    told = sentence(change, context)
    assert told.startswith("bounces at qq.com from news.example 4")
    assert " since " in told
    assert told.endswith('are "550 spam" (fix-content), template 1')
    assert actions(change, change.causes[0].segment, context).keys() == {"fix-content"}
    mail = "--from-domain news.example --domain qq.com --template 1"
    assert command(change, context).startswith(f"ses-events bounces --events --class spam-content {mail} --since ")
    assert command(change, context).endswith(" 'my log.jsonl'")


def test_no_baseline_is_no_change() -> None:
    """A log that begins in the window has nothing to compare with."""
    mail = Mail(8)
    mail.send(40, range(WINDOW, WINDOW + 24))
    assert changes(mail.compared()) == []
    assert novelties(mail.compared()) == []


def test_what_is_new_gone_or_refuses_is_told() -> None:
    """A template without mail before, one without mail now, and a receiver that takes none any more."""
    mail = Mail(9)
    mail.send(40, range(FIRST, WINDOW))
    for hour in range(WINDOW, WINDOW + 24):
        for number in range(40):
            refused = number % 4 == 0
            template = 3 if number % 2 else 4
            mail.add("qq.com" if refused else "163.com", template, hour, NEW if refused else None)
    mail.records["delivered", ("shop.example", "163.com", 9), WINDOW] = 3
    told = [str(one) for one in novelties(mail.compared())]
    assert "template 9 is new: 3 sent, none in the baseline" in told
    assert any(text.startswith("template 1 is gone: none sent") for text in told)
    assert any(text.startswith("sender domain news.example is gone") for text in told)
    assert "receiver qq.com takes no mail any more: none of 240 delivered" in told
    assert len(told) == 5


def test_what_is_rejected_costs_no_new_search() -> None:
    """Where nothing is beyond chance, each segment is looked at once, however many there are."""
    mail = Mail(9)
    many = {f"receiver{number}.example": 1.0 for number in range(60)}
    mail.send(600, range(WINDOW, WINDOW + 24), [Plant(NEW, 0.5)], many)
    profile = Profile()
    assert profile.runcall(changes, mail.compared()) == []
    found = [entry.callcount for entry in profile.getstats() if getattr(entry.code, "co_name", "") == "_finding"]
    assert 0 < sum(found) < 2_000  # there are 1,743
