"""What a machine is told: conditions, silence, and the text format of Prometheus."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from ses_cli.errors import UsageError
from ses_cli.ledger import Ledger
from ses_cli.reports.health.conditions import condition, failures, silence
from ses_cli.reports.health.days import SenderDay
from ses_cli.reports.health.exposition import exposition
from ses_cli.reports.health.rates import COUNTS, RATES
from ses_cli.reports.health.report import Asked, find
from ses_cli.reports.health.words import judged
from tests.logs import record
from tests.reports.health.logs import RECORDS
from tests.reports.health.mail import FIRST, MEANINGS, WINDOW, Mail, Plant
from tests.reports.health.test_report import health

openmetrics: Callable[[str], Iterable[Metric]] = openmetrics_parser.text_string_to_metric_families
prometheus: Callable[[str], Iterable[Metric]] = text_string_to_metric_families


def day(**counts: int) -> SenderDay:
    """A day of a sender domain."""
    return SenderDay("a.example", date(2026, 1, 5), {**dict.fromkeys(COUNTS, 0), **counts}, None)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("invalid_address_rate > 5%", False),
        ("invalid_address_rate >= 5%", True),
        ("invalid_address_rate < 5%", False),
        ("invalid_address_rate <= 5%", True),
        ("invalid_address_rate>=0.05", True),
        ("invalid_address_rate > 4.999%", True),
        ("deliverability < 95.1%", True),
        ("complaint_rate >= 0%", True),
        ("lower", False),
    ],
)
def test_rates_are_compared_exactly(text: str, holds: bool) -> None:
    """A rate at the limit is neither above nor below it, whatever the fractions."""
    one = day(sent=20_000, delivered=19_000, invalid_addresses=1000)
    assert condition(text).holds(one) == holds
    assert not condition("complaint_rate >= 0%").holds(day())


def test_a_level_holds_for_worse_ones() -> None:
    """`lower` holds where the day would be blocked, and not the other way round."""
    lower, block = (day(sent=1000, delivered=1000, invalid_addresses=n) for n in (100, 120))
    assert [condition("lower").holds(one) for one in (lower, block)] == [True, True]
    assert [condition("block").holds(one) for one in (lower, block)] == [False, True]


@pytest.mark.parametrize(
    "text", ["", "keep", "bounce > 1%", "bounce_rate", "bounce_rate = 1%", "bounce_rate > x", "bounce_rate > 5", "> 1%"]
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    """The error says what was expected."""
    with pytest.raises(UsageError, match="--fail-on: "):
        condition(text)


def test_failures_are_told_in_a_line() -> None:
    """Condition, sender domain, day, value and the numbers behind it."""
    found = list(failures([condition("bounce_rate > 1%"), condition("lower")], [day(sent=1000, bounced=20)]))
    assert [(one.condition, one.from_domain, str(one.day), one.value) for one in found] == [
        ("bounce_rate > 1%", "a.example", "2026-01-05", 0.02),
        ("lower", "a.example", "2026-01-05", "lower"),
    ]
    assert found[0].told == "a.example on 2026-01-05: 2.0% (20 of 1,000 sent)"


def test_silence_is_told() -> None:
    """So is a log without any callback; a newest callback that is young enough is not."""
    assert not list(silence(3600, 1000, 4600))
    (found,) = silence(3600, 1000, 1000 + 90_061)
    assert (found.value, found.told) == (90_061, "no callback for 1 d 1 h")
    assert [one.told for one in silence(3600, None, 5)] == ["no callback at all"]


def test_changes_can_fail() -> None:
    """`change` holds for a change for the worse, and is asked for by name."""
    mail = Mail(3)
    spam = list(MEANINGS)[1]
    mail.send(40, range(FIRST, WINDOW + 24), [Plant(spam, 0.5, domain="qq.com")])
    for asked, expected in ((Asked(tz=UTC), 0), (Asked(tz=UTC, conditions=(condition("change"),)), 1)):
        found = find(mail.counts, asked)
        assert len(found.failures) == expected
        (change,) = found.changes
        assert change.causes[0].segment.cls == "spam-content"


@given(st.lists(RECORDS, max_size=20))
def test_prometheus_reads_it(records: list[dict[str, object]]) -> None:
    """Parsers of both text formats read what is written, and find the rates of the report."""
    report, ledger = health(*records), Ledger()
    ledger.valid = len(records)
    text = b"".join(exposition(report, ledger)).decode()
    found = {family.name: family for family in openmetrics(text)}
    assert {family.name for family in prometheus(text)} == found.keys()
    expected = {
        (one.from_domain or "", name): float(f"{value:.6g}")
        for one in judged(report.found().recent)
        for name, rate in RATES.items()
        if (value := rate.value(one.counts)) is not None
    }
    samples = found["ses_events_check_rate_ratio"].samples
    assert {(one.labels["from_domain"], one.labels["rate"]): one.value for one in samples} == expected


def test_hostile_names_stay_in_their_labels() -> None:
    """A sender domain with quotes, backslashes and line ends is one label, and no metric of its own."""
    name = 'a"}\\ 1\nses_events_check_level{level="block"} 1\n'
    mails = [record(event="delivered", fromDomain=name, email=f"a{n}@qq.com") for n in range(400)]
    report = health(*mails)
    levels: Mapping[str, float] = {
        sample.labels["level"]: sample.value
        for family in openmetrics(b"".join(exposition(report, Ledger())).decode())
        if family.name == "ses_events_check_level"
        for sample in family.samples
        if sample.labels["from_domain"] == name
    }
    assert levels == {"raise": 1, "keep": 0, "lower": 0, "block": 0}
