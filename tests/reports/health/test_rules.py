"""The published rules, at their boundaries."""

from collections.abc import Mapping

import pytest

from ses_cli.cli.check.options import LEVELS as LEVEL_CHOICES
from ses_cli.reasons import CLASSES
from ses_cli.reports.health.classes import INVALID_ADDRESS, SPAM_BOUNCE
from ses_cli.reports.health.rates import COUNTS
from ses_cli.reports.health.rules import ADVICE, QUOTAS, judge


def counts(sent: int, invalid: int = 0, spam: int = 0, complaints: int = 0, **more: int) -> Mapping[str, int]:
    """A day of a sender: what is not delivered bounced."""
    bounced = invalid + spam
    found = {"sent": sent, "bounced": bounced, "delivered": sent - bounced, "complaints": complaints}
    return {**dict.fromkeys(COUNTS, 0), **found, "invalid_addresses": invalid, "spam_bounces": spam, **more}


JUDGED: list[tuple[str, Mapping[str, int]]] = [
    ("keep", counts(1000, invalid=90)),  # 9 % is not more than 9 %
    ("lower", counts(1000, invalid=91)),
    ("lower", counts(1000, invalid=110)),
    ("block", counts(1000, invalid=111)),
    ("keep", counts(1000, spam=50)),
    ("lower", counts(1000, spam=51)),
    ("lower", counts(1000, spam=150)),
    ("block", counts(1000, spam=151)),
    ("keep", counts(1000, complaints=5)),
    ("lower", counts(1000, complaints=6)),
    ("keep", counts(1000, delivered=650)),
    ("lower", counts(1000, delivered=649)),
    ("keep", counts(300, invalid=300)),  # 300 mails are not above 300
    ("block", counts(301, invalid=301)),
    ("keep", counts(301, invalid=27)),
    ("lower", counts(301, invalid=28)),
    ("keep", counts(300, spam=300)),
    ("keep", counts(300, delivered=0)),
    ("lower", counts(301, delivered=0)),
    ("keep", counts(0)),
]


@pytest.mark.parametrize(("level", "day"), JUDGED, ids=lambda value: value if isinstance(value, str) else "")
def test_levels_fall_beyond_the_limits(level: str, day: Mapping[str, int]) -> None:
    """A level is lowered, or the day blocked, beyond a limit and above 300 mails, and not at them."""
    assert judge(day, None).level == level
    assert judge(day, 10**6).level == level


RAISED: list[tuple[bool, int, Mapping[str, int]]] = [
    (True, 1000, counts(700)),
    (False, 1000, counts(699)),  # less than 70 % of the quota
    (True, 1000, counts(1000, invalid=49)),
    (False, 1000, counts(1000, invalid=50)),  # 5 % is not less than 5 %
    (True, 1000, counts(1000, spam=24)),
    (False, 1000, counts(1000, spam=25)),
    (True, 1000, counts(1001, complaints=1)),
    (False, 1000, counts(1000, complaints=1)),  # 0.1 % is not less than 0.1 %
    (True, 1000, counts(1000, delivered=921)),
    (False, 1000, counts(1000, delivered=920)),
    (True, 1000, counts(1000, delivered=901, opened=451)),  # the other way: many openings
    (False, 1000, counts(1000, delivered=900, opened=900)),
    (False, 1000, counts(1000, delivered=910, opened=455)),  # 50 % is not more than 50 %
    (False, 0, counts(1000)),  # a quota of 0 means no sending
]


@pytest.mark.parametrize(("is_raised", "quota", "day"), RAISED)
def test_levels_rise_within_the_limits(is_raised: bool, quota: int, day: Mapping[str, int]) -> None:
    """A level is raised by at least 70 % of the quota where all limits of one way hold; without a quota it is not."""
    assert judge(day, quota).level == ("raise" if is_raised else "keep")
    assert judge(day, None).level == "keep"


def test_a_missing_quota_is_told() -> None:
    """Where all limits of a raise hold, and nobody told the quota, the judgement says so."""
    assert "--quota" in judge(counts(1000), None).why[0]
    assert judge(counts(1000, invalid=60), None).why == ("a raise takes invalid_address_rate < 5%",)


@pytest.mark.parametrize("sent", [301, 302, 350, 999, 1000, 12_345])
def test_margins_are_exact(sent: int) -> None:
    """One message fewer than the margin changes nothing, the margin does; at or below 300 mails there is none."""
    day = counts(sent, invalid=3, spam=2)
    for level, margin in judge(day, None).margin.items():
        for name, n in margin.items():
            before, beyond = (_changed(day, name, more) for more in (n - 1, n))
            assert judge(before, None).level in (("keep",) if level == "lower" else ("keep", "lower"))
            assert judge(beyond, None).level == level
    assert judge(counts(300), None).margin == {}


def _changed(day: Mapping[str, int], name: str, more: int) -> Mapping[str, int]:
    if name == "undelivered":
        return {**day, "delivered": day["delivered"] - more}
    return {**day, name: day[name] + more}


def test_advice_takes_more_than_chance() -> None:
    """One complaint of 500 mails is beyond nobody's limit, ten of 1,000 are."""
    few, many = counts(500, complaints=1), counts(1000, complaints=10)
    assert not any(said.is_beyond(few) for said in ADVICE)
    assert {said.by for said in ADVICE if said.is_beyond(many)} == {"Gmail and Yahoo", "AWS SES"}


def test_the_data_are_of_one_vocabulary() -> None:
    """Classes are those of the reasons, and no class is in both lists; the levels of the option are the published."""
    assert set(INVALID_ADDRESS) | set(SPAM_BOUNCE) <= CLASSES.keys()
    assert not set(INVALID_ADDRESS) & set(SPAM_BOUNCE)
    assert LEVEL_CHOICES == QUOTAS
