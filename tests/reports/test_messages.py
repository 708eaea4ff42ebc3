"""What all messages come to is what the reference says of each, in any order, cut and merged in any way."""

import json
import pickle
import random
from collections import Counter
from datetime import UTC
from math import ceil
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ses_cli.batch import Checks, Piece
from ses_cli.engine import engine
from ses_cli.message import FLAGS
from ses_cli.message.counting import Listed
from ses_cli.render.data import document as printed
from ses_cli.reports.messages.report import Messages
from ses_cli.reports.messages.rows import NAMES
from ses_cli.reports.messages.wanted import MessagesWanted
from ses_cli.times import rfc3339
from tests.logs import Record, log
from tests.message.logs import MESSAGES
from tests.message.reference import Row, rows

TIMED = ("sent", "delivered", "bounced", "first_open", "first_click")
BY = [(), ("domain",), ("template",), ("from-domain", "template"), ("provider",), ("provider", "domain")]
RECORDS = st.lists(MESSAGES, max_size=40)


def folded(records: list[Record], wanted: MessagesWanted, most: int = 1 << 20) -> Messages:
    found = Messages(wanted, most)
    found.add(engine(Checks()).check(Piece("log", 0, log(*records))))
    return found


def expected(records: list[Record]) -> dict[tuple[str, str], Row]:
    return rows([{**one, "email": one["email"].replace("例子", "xn--fsqu00a")} for one in records])


def document(found: Messages) -> Any:
    return json.loads(b"".join(printed(found.document())))


@given(records=RECORDS, most=st.sampled_from([1, 1000, 1 << 20]))
def test_there_is_one_row_for_each_message(records: list[Record], most: int) -> None:
    """A row has what the reference has, whether the steps are held in memory or in a file."""
    found = folded(records, MessagesWanted(listed=Listed.ALL, tz=UTC), most).data()
    assert {(str(one["bulk_id"]), str(one["email"])): one for one in found.objects()} == {
        key: {name: _shown(name, one[name]) for name in NAMES} for key, one in expected(records).items()
    }


@given(records=RECORDS, older_than=st.integers(0, 9), top=st.sampled_from([1, 3, None]))
def test_what_is_to_be_looked_at_is_listed(records: list[Record], older_than: int, top: int | None) -> None:
    """Pending messages sent so long before the newest callback, and those with what cannot be; the oldest are shown."""
    last = max((one["timestamp"] for one in records), default=0)
    whole = expected(records).values()
    since = {id(one): one["sent"] or one["first"] for one in whole}
    impossible = {name for name, _ in FLAGS.values()}
    wanted = {
        Listed.PENDING: [
            one
            for one in whole
            if not one["end"] and "end-not-logged" not in one["flags"] and since[id(one)] <= last - older_than
        ],
        Listed.IMPOSSIBLE: [one for one in whole if impossible & set(one["flags"])],
    }
    for listed, several in wanted.items():
        found = folded(records, MessagesWanted((), listed, older_than, top))
        keys = {(row["bulk_id"], row["email"]) for row in found.data().objects()}
        assert keys == {(one["bulk_id"], one["email"]) for one in several}
        assert len(document(found)[f"{listed.name.lower()}_messages"]) == len(several)
        shown = found.tables()[-1]
        times = sorted(since[id(one)] for one in several)[:top]
        at = [column.title for column in shown.columns].index("since")
        assert [row[at] for row in shown.rows] == times
        assert f"{len(several):,}" in shown.title


def _shown(name: str, value: object) -> object:
    return rfc3339(value, UTC) if name in TIMED and isinstance(value, int) else value


@given(records=RECORDS, by=st.sampled_from(BY))
def test_the_totals_are_those_of_the_rows(records: list[Record], by: tuple[str, ...]) -> None:
    """Counts, times, retries and what cannot be are what the reference's rows add up to."""
    found, whole = document(folded(records, MessagesWanted(by))), list(expected(records).values())
    counts = found["messages"]
    assert counts == {
        "total": len(whole),
        **Counter(dict.fromkeys(("delivered", "bounced", "dropped"), 0)),
        **Counter(one["end"] for one in whole if one["end"]),
        "pending": sum(one["end"] is None and "end-not-logged" not in one["flags"] for one in whole),
        "end_not_logged": sum("end-not-logged" in one["flags"] for one in whole),
        "opened": sum(one["opens"] > 0 for one in whole),
        "opened_by_machine_only": sum("opened-by-machine-only" in one["flags"] for one in whole),
        "clicked": sum(one["clicks"] > 0 for one in whole),
        "complained": sum("complained" in one["flags"] for one in whole),
        "unsubscribed": sum("unsubscribed" in one["flags"] for one in whole),
        "impossible": sum(any(name in one["flags"] for name, _ in FLAGS.values()) for one in whole),
    }
    names = ("delivered", "bounced", "dropped", "pending", "end_not_logged")
    assert counts["total"] == sum(counts[name] for name in names)
    assert found["impossible_sequences"] == {
        name: sum(name in one["flags"] for one in whole) for name, _ in FLAGS.values()
    }
    delivered = [one for one in whole if one["end"] == "delivered"]
    later = [one for one in delivered if one["sent"] and one["sent"] > one["delivered"]]
    assert found["sent_known_from"] == {
        **{
            s: sum(one["source"] == s and one not in later for one in delivered)
            for s in ("sentTimestamp", "bulkId", "neither")
        },
        "after_delivery": len(later),
    }
    assert found["to_delivered_s"] == quantiles(
        [one["delivered"] - one["sent"] for one in delivered if one["sent"] and one not in later]
    )
    for name, field in (("to_first_open_s", "first_open"), ("to_first_open_by_person_s", "first_person")):
        opened = [one for one in delivered if one[field] is not None and one[field] >= one["delivered"]]
        assert found[name] == quantiles([one[field] - one["delivered"] for one in opened])
    tries = Counter(min(one["retries"], 5) for one in delivered)
    assert list(found["retries_before_delivery"].values()) == [tries[n] for n in range(6)]


def quantiles(values: list[int]) -> dict[str, int | None]:
    """By the nearest rank."""
    ordered = sorted(values)
    shares = {"p50": 50, "p90": 90, "p99": 99}
    found = {name: ordered[ceil(share * len(ordered) / 100) - 1] if ordered else None for name, share in shares.items()}
    return {"count": len(ordered), **found, "max": max(ordered, default=None)}


def shuffled(records: list[Record], chance: random.Random) -> list[Record]:
    again = records + [one for one in records if chance.random() < 0.3]
    chance.shuffle(again)
    return again


@given(
    records=RECORDS,
    by=st.sampled_from(BY),
    listed=st.sampled_from(Listed),
    chance=st.randoms(use_true_random=False),
    most=st.sampled_from([1, 2000, 1 << 20]),
)
def test_order_doubles_cuts_and_merges_change_nothing(
    records: list[Record], by: tuple[str, ...], listed: Listed, chance: random.Random, most: int
) -> None:
    """Shuffled, with callbacks that come twice, cut into parts, sent about and merged in any tree: the same report."""
    wanted = MessagesWanted(by, listed, tz=UTC)
    whole = folded(records, wanted)
    log_again = shuffled(records, chance)
    parts = []
    while log_again:
        size = chance.randint(1, len(log_again))
        parts.append(folded(log_again[:size], wanted, most))
        del log_again[:size]
    if chance.random() < 0.5:
        parts = pickle.loads(pickle.dumps(parts))
    while len(parts) > 1:
        at = chance.randrange(len(parts) - 1)
        parts[at].merge(parts.pop(at + 1))
    found = parts[0] if parts else Messages(wanted)
    assert document(found) == document(whole)
    assert list(found.data().objects()) == list(whole.data().objects())
    assert found.tables() == whole.tables()


@given(records=RECORDS, by=st.sampled_from(BY[1:4]))
def test_groups_add_up(records: list[Record], by: tuple[str, ...]) -> None:
    """Each message is in the group of its first callback that names one, and the groups are all messages."""
    found = document(folded(records, MessagesWanted(by)))
    several: dict[tuple[str, str], list[Record]] = {}
    for one in sorted(records, key=lambda record: record["timestamp"]):
        several.setdefault((one["bulkId"], one["email"].lower().replace("例子", "xn--fsqu00a")), []).append(one)
    groups: Counter[int] = Counter()
    for row in found["groups"]:
        groups["total"] += row["total"]  # type: ignore[index]
    assert found["messages"]["total"] == len(several) == groups["total"]  # type: ignore[index]
    keys = [tuple(row[name.replace("-", "_")] for name in by) for row in found["groups"]]
    assert len(set(keys)) == len(keys)
    if by == ("domain",):
        counts = Counter(email.rpartition("@")[2] for _, email in several)
        assert {row["domain"]: row["total"] for row in found["groups"]} == counts
