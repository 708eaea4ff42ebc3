"""What changed is told in Chinese as it is in English."""

import re
from datetime import timedelta, timezone

import pytest

from ses_cli.report.chinese import changed
from ses_cli.reports.health.report import Asked, find
from ses_cli.reports.health.sentences import sentence
from tests.reports.health.mail import FIRST, MEANINGS, WINDOW, Mail, Plant

SPAM = list(MEANINGS)[1]
NUMBERS = re.compile(r"\d[\d.,]*%|\d\d:\d\d")


@pytest.mark.parametrize(
    "plant", [Plant(SPAM, 0.5, domain="qq.com"), Plant(SPAM, 0.4, template=2), Plant(SPAM, 0.3)], ids=str
)
def test_a_change_has_the_numbers_it_has_in_english(plant: Plant) -> None:
    """Rates, hours, numbers of mails and the quoted reason are the same, and nothing else is English."""
    mail = Mail(4)
    mail.send(40, range(FIRST, WINDOW + 24), [plant])
    found = find(mail.counts, Asked(tz=timezone(timedelta(hours=8))))
    assert found.context
    assert found.changes
    for change in found.changes:
        english, chinese = sentence(change, found.context), changed(change, found.context)
        told = [time for time in NUMBERS.findall(english) if time != "08:00"]
        assert set(told) <= set(NUMBERS.findall(chinese))
        assert f"{abs(change.excess):,.0f}" in chinese
        quoted = re.findall(r'"[^"]*" \([a-z-]+\)', english)
        assert all(text in chinese for text in quoted)
        assert not re.search(r"more|since|nearly|template", chinese)
