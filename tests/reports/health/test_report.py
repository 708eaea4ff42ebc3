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
from ses_cli.callback import Callback
from ses_cli.engine import engine, is_built
from ses_cli.identity import message_key
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


TOLD_APART = {"invalid_addresses": set(INVALID_ADDRESS), "spam_bounces": set(SPAM_BOUNCE)}


def ended(records: list[Callback]) -> Callback | None:
    """The callback that tells how a message ended: a hard bounce is believed first, then a delivery, then a drop."""
    hard = [one for one in records if one.event == "bounce" and one.bounce_type == "hard_bounce"]
    soft = [one for one in records if one.event == "bounce" and one.bounce_type != "hard_bounce"]
    for events in (hard, *([one for one in records if one.event == name] for name in ("delivered", "dropped"))):
        if events:
            return min(events, key=lambda one: one.timestamp)
    return max(soft, key=lambda one: (one.timestamp, one.bounce_type != "soft_bounce"), default=None)


def classes(records: list[Callback], end: Callback) -> set[str]:
    """What a bounce may be: of the same second and type any reason may be the one."""
    same = [one for one in records if (one.event, one.timestamp, one.bounce_type) == ("bounce", *end_of(end))]
    return {Classifier.load().classify(one.reason or "", one.bounce_type, one.email).cls for one in same}


def end_of(end: Callback) -> tuple[int, str | None]:
    return end.timestamp, end.bounce_type


@given(records=LOGS)
def test_messages_are_counted_once(records: list[Record]) -> None:
    """Each message counts once on the day of its end, whatever came twice, late or in contradiction to that."""
    messages: dict[tuple[str, str], list[Callback]] = {}
    for one in engine(Checks()).check(Piece("log", 0, log(*records))).callbacks():
        if one.bulk_id and one.email:
            messages.setdefault(message_key(one), []).append(one)
    expected: Counter[str] = Counter()
    days: Counter[str] = Counter()
    for mine in messages.values():
        end = ended(mine)
        if end is None:
            continue
        names = {"delivered": ["delivered"], "dropped": ["dropped"], "bounce": ["bounced"]}[end.event]
        names += ["hard_bounced"] * (end.event == "bounce" and end.bounce_type == "hard_bounce")
        if end.event == "delivered":
            names += ["opened"] * any(one.event == "open" for one in mine)
            names += ["complaints"] * any(one.event == "spamreport" for one in mine)
        expected.update([*names, "sent"])
        days[f"{datetime.fromtimestamp(end.timestamp, UTC) + timedelta(hours=8):%Y-%m-%d}"] += 1
    report = health(*records)
    found: Counter[str] = Counter()
    for judged in report.found().days:
        found.update(
            {name: n for name, n in judged.counts.items() if name not in ("invalid_addresses", "spam_bounces")}
        )
        days[f"{judged.day}"] -= judged.counts["sent"]
        assert judged.counts["sent"] == sum(judged.counts[name] for name in ("delivered", "bounced", "dropped"))
    assert +found == expected
    assert not any(days.values())
    ends = [(mine, end) for mine in messages.values() if (end := ended(mine)) and end.event == "bounce"]
    for name, wanted in TOLD_APART.items():
        least = sum(classes(mine, end) <= wanted for mine, end in ends)
        most = sum(bool(classes(mine, end) & wanted) for mine, end in ends)
        assert least <= sum(judged.counts[name] for judged in report.found().days) <= most


def test_what_tells_of_no_message_is_told_of() -> None:
    """A callback without bulkId or address counts as no mail, and the document says how many there were."""
    report = health(record(), record(bulkId=""), record(email=""))
    assert report.document()["without_message"] == 2
    assert [one.counts["sent"] for one in report.found().days] == [1]


def test_the_days_are_those_of_utc8() -> None:
    """A day begins at 16:00 UTC, whatever the zone of the machine."""
    last, first = datetime(2026, 1, 5, 15, 59, 59, tzinfo=UTC), datetime(2026, 1, 5, 16, tzinfo=UTC)
    mails = [record(timestamp=int(time.timestamp()), bulkId=f"{time}") for time in (last, first)]
    days = health(*mails).found().days
    assert [f"{one.day}" for one in days] == ["2026-01-06", "2026-01-05"]


def test_quotas_are_by_sender_domain() -> None:
    """A sender domain has the quota that was given for it, the others that for all."""
    days = health(record(fromDomain="a.example"), record(fromDomain="b.example", bulkId="q")).found().days
    assert {one.from_domain: one.quota for one in days} == {"a.example": 5, "b.example": 10}
