"""Deferred and dropped mail by address: the same report as that of bounces, and nobody is suppressed for a delay."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.events import FAILURES, HARD, SOFT
from ses_cli.reasons import Classifier, load_rules
from ses_cli.reports.bounces import BouncesWanted
from ses_cli.reports.listing import Listing
from ses_cli.reports.summary import Summary
from tests.reports.test_bounces import NAMED, NO_USER, Log, batch, folded, printed, record

EXAMPLES = [rule.example for rule in load_rules() if rule.example]
DEFERRED = BouncesWanted(event="deferred")


@given(st.lists(NAMED, max_size=12), st.sampled_from(FAILURES), st.integers(0, 12))
def test_each_event_has_its_own_report(log: Log, event: str, at: int) -> None:
    """A report of one event counts each of them once, none of another, and is the same however the log is cut."""
    wanted, summary = BouncesWanted(event=event), Summary()
    report = folded(log, wanted=wanted)
    summary.add(batch(log))
    assert sum(row.count for row in report.rows()) == summary.events()[event]
    assert {row.event for row in report.rows()} <= {event}
    assert printed(report) == printed(folded(log[:at], log[at:], wanted=wanted))
    listing = Listing(wanted)
    listing.add(batch(log))
    assert len(listing.bounces) == summary.events()[event]


@given(st.lists(st.tuples(st.sampled_from(EXAMPLES), st.sampled_from([HARD, SOFT, ""])), min_size=1, max_size=20))
def test_a_deferral_never_suppresses(deferrals: list[tuple[str, str]]) -> None:
    """Whatever the text of a deferral says, and whatever its `bounceType`, its address is not to be suppressed."""
    log = [record("deferred", f"a{n}@x.example", n + 1, kind, text) for n, (text, kind) in enumerate(deferrals)]
    assert all(row.verdict.action != "suppress" for row in folded(log, wanted=DEFERRED).rows())
    listing = Listing(DEFERRED)
    listing.add(batch(log))
    assert all(event.verdict.action != "suppress" for event in listing.bounces)


def test_a_rule_of_the_user_suppresses_nobody_for_a_deferral(tmp_path: Path) -> None:
    """Not even a rule of one's own that says suppress makes a delay final."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nid = "mine"\npattern = "gone"\nclass = "unknown-user"\n')
    assert Classifier.load(rules).classify("gone").action == "suppress"
    (row,) = folded(
        [record("deferred", "a@x.io", 1, "", "gone")], wanted=BouncesWanted(event="deferred", rules=rules)
    ).rows()
    assert (row.verdict.rule, row.verdict.action) == ("mine", "retry")


@pytest.mark.parametrize("event", ["deferred", "dropped"])
def test_what_arrived_in_the_end_is_told(event: str) -> None:
    """A row says whether the address was delivered to after its newest deferral or drop."""
    log = [record("delivered", "late@x.io", 5), *(record(event, f"{a}@x.io", 2, "", NO_USER) for a in ("late", "lost"))]
    rows = folded(log, wanted=BouncesWanted(event=event)).rows()
    assert {row.email: row.delivered_since for row in rows} == {"late@x.io": True, "lost@x.io": False}


def test_the_newest_deferral_speaks() -> None:
    """Of several deferrals the newest one says why, and tables name what they count."""
    log = [record("deferred", "a@x.io", 2, "", "451 4.7.1 Greylisted"), record("deferred", "a@x.io", 1, "", NO_USER)]
    report = folded(log, wanted=DEFERRED)
    (row,) = report.rows()
    assert (row.verdict.cls, row.verdict.action, row.count, row.bounce_type) == ("greylisted", "retry", 2, None)
    assert [column.title for column in report.tables()[0].columns][3] == "deferrals"
    assert "type" not in [column.title for column in report.tables()[1].columns]
    assert report.document()["event"] == "deferred"
