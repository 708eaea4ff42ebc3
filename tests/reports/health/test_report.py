"""The health of senders is a fold, and counts what the log holds."""

import json
import pickle
from collections import Counter
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.batch import Batch, Checks, Piece
from ses_cli.engine import engine, is_built
from ses_cli.reasons import Classifier
from ses_cli.render.data import document
from ses_cli.reports.health.classes import INVALID_ADDRESS, SPAM_BOUNCE
from ses_cli.reports.health.report import Asked, Health
from ses_cli.schema.check import PythonEngine
from tests.logs import Record, log, record
from tests.reports.health.logs import RECORDS

if is_built():
    from ses_cli.native.engine import NativeEngine

ASKED = Asked(quotas=((None, 10), ("a.example", 5)), top=None, tz=UTC)
LOGS = st.lists(RECORDS, max_size=30)


def health(*records: Record, by: type[Any] | None = None) -> Health:
    """The report over records."""
    found = Health(ASKED)
    piece = Piece("log", 0, log(*records))
    batch: Batch = (by or engine)(Checks()).check(piece)
    found.add(batch)
    return found


def printed(report: Health) -> Any:
    """All that a report says, in every form."""
    rows = [list(row) for row in report.data().rows]
    return json.loads(b"".join(document(report.document()))), rows, report.tables(), report.verdict()


def merged(*folds: Health) -> Health:
    first, *others = deepcopy(folds)
    for later in others:
        first.merge(later)
    return first


@given(a=LOGS, b=LOGS, c=LOGS)
def test_any_merge_is_one_pass(a: list[Record], b: list[Record], c: list[Record]) -> None:
    """(a + b) + c is a + (b + c), both are one pass over all, and an empty report changes nothing."""
    parts = health(*a), health(*b), health(*c)
    whole = printed(health(*a, *b, *c))
    assert printed(merged(merged(parts[0], parts[1]), parts[2])) == whole
    assert printed(merged(parts[0], merged(parts[1], parts[2]))) == whole
    assert printed(merged(health(), *parts, health())) == whole
    assert printed(pickle.loads(pickle.dumps(merged(*parts)))) == whole


@given(records=LOGS, order=st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(records: list[Record], order: Any) -> None:
    """Callbacks come in any order."""
    shuffled = list(records)
    order.shuffle(shuffled)
    assert printed(health(*shuffled)) == printed(health(*records))


@pytest.mark.skipif(not is_built(), reason="the native engine was not built")
@given(records=LOGS)
def test_engines_agree(records: list[Record]) -> None:
    """Both engines find the same health."""
    assert printed(health(*records, by=NativeEngine)) == printed(health(*records, by=PythonEngine))


@given(records=LOGS)
def test_counts_are_those_of_the_log(records: list[Record]) -> None:
    """Each sender domain and day of UTC+8 has the outcomes of the log, told apart by the class of the reason."""
    expected: Counter[tuple[str | None, str, str]] = Counter()
    for one in engine(Checks()).check(Piece("log", 0, log(*records))).callbacks():
        day = f"{datetime.fromtimestamp(one.timestamp, UTC) + timedelta(hours=8):%Y-%m-%d}"
        sender = (one.from_domain or "test@fromexample.com".partition("@")[2]).lower()
        names = {"delivered": ["delivered", "sent"], "dropped": ["dropped", "sent"], "bounce": ["bounced", "sent"]}
        names |= {"spamreport": ["complaints"], "open": ["opened"]}
        if one.event == "bounce":
            cls = Classifier.load().classify(one.reason or "", one.bounce_type, one.email).cls
            names["bounce"] += ["invalid_addresses"] * (cls in INVALID_ADDRESS) + ["spam_bounces"] * (
                cls in SPAM_BOUNCE
            )
            names["bounce"] += ["hard_bounced"] * (one.bounce_type == "hard_bounce")
        expected.update((sender, day, name) for name in names.get(one.event, ()))
    found: Counter[tuple[str | None, str, str]] = Counter()
    for judged in health(*records).found().days:
        counts = judged.counts
        found.update({(judged.from_domain, f"{judged.day}", name): n for name, n in counts.items()})
        assert counts["sent"] == counts["delivered"] + counts["bounced"] + counts["dropped"]
    assert +found == expected


def test_the_days_are_those_of_utc8() -> None:
    """A day begins at 16:00 UTC, whatever the zone of the machine."""
    last, first = datetime(2026, 1, 5, 15, 59, 59, tzinfo=UTC), datetime(2026, 1, 5, 16, tzinfo=UTC)
    days = health(*[record(timestamp=int(time.timestamp())) for time in (last, first)]).found().days
    assert [f"{one.day}" for one in days] == ["2026-01-06", "2026-01-05"]


def test_quotas_are_by_sender_domain() -> None:
    """A sender domain has the quota that was given for it, the others that for all."""
    days = health(record(fromDomain="a.example"), record(fromDomain="b.example")).found().days
    assert {one.from_domain: one.quota for one in days} == {"a.example": 5, "b.example": 10}
