"""Bounces by address: what a row says, whatever the order and the cut of the log."""

import csv
import io
import json
import pickle
from collections.abc import Iterable
from typing import NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.batch import Batch, Checks, Piece
from ses_cli.engine import engine, engine_name, is_built
from ses_cli.events import FAILURES, HARD, SOFT
from ses_cli.reasons import Classifier
from ses_cli.render.data import document, separated
from ses_cli.reports.bounces import ALSO, Bounces, BouncesWanted
from ses_cli.reports.delivered import Delivered
from ses_cli.reports.summary import Summary
from ses_cli.schema.check import PythonEngine

if is_built():
    from ses_cli.native.engine import NativeEngine

NO_USER = "551 5.1.1 recipient is not exist"
FULL = "452 4.2.2 mailbox full"
RULES = Classifier.load().rules


def record(event: str, email: str, time: int, kind: str = "", reason: str = "", **more: object) -> dict[str, object]:
    """A callback."""
    wanted = {"bounceType": kind, "reason": reason} if event in FAILURES else {}
    return {"event": event, "email": email, "bulkId": "b", "timestamp": time, **wanted, **more}


def batch(records: Iterable[dict[str, object]]) -> Batch:
    """The records as they are read."""
    data = b"".join(orjson.dumps(item) + b"\n" for item in records)
    return engine(Checks()).check(Piece("log", 0, data))


def folded(*parts: Iterable[dict[str, object]], wanted: BouncesWanted | None = None) -> Bounces:
    """The report over the parts of a log, each folded by itself and merged in order."""
    whole = Bounces(wanted or BouncesWanted())
    for part in parts:
        one = Bounces(wanted or BouncesWanted())
        one.add(batch(part))
        whole.merge(one)
    return whole


def printed(report: Bounces) -> object:
    """The report as scripts read it."""
    return json.loads(b"".join(document(report.document())))


ADDRESSES = st.sampled_from(["a@x.example", "A@x.example", "a@X.example", "b@y.example"])
BOUNCES = st.builds(
    record,
    st.just("bounce"),
    ADDRESSES,
    st.integers(1, 9),
    st.sampled_from([HARD, SOFT, ""]),
    st.sampled_from([NO_USER, FULL, "550 spam", ""]),
    fromDomain=st.sampled_from(["s.example", "t.example"]),
    templateId=st.integers(1, 3),
)
OTHERS = st.builds(
    record, st.sampled_from(["delivered", "open", "spamreport", "unsubscribe"]), ADDRESSES, st.integers(1, 9)
)
Log = list[dict[str, object]]
LOGS = st.lists(st.one_of(BOUNCES, OTHERS), max_size=12)


@given(LOGS, st.integers(0, 12))
def test_a_cut_changes_nothing(log: Log, at: int) -> None:
    """Folding a log in two parts and merging them is folding it whole."""
    assert printed(folded(log[:at], log[at:])) == printed(folded(log))


@given(LOGS, LOGS, LOGS)
def test_merge_is_associative(a: Log, b: Log, c: Log) -> None:
    """It does not matter which neighbours are merged first, and an empty report changes nothing."""
    right = folded(b, c)
    left = folded(a)
    left.merge(right)
    assert printed(left) == printed(folded(a, b, c)) == printed(folded([], a, [], b, c, []))


@given(LOGS)
def test_totals_agree_with_the_summary(log: Log) -> None:
    """The bounces of all rows are the bounces that `summarize` counts."""
    report, summary = folded(log), Summary()
    summary.add(batch(log))
    rows = report.rows()
    assert sum(row.count for row in rows) == summary.events()["bounce"]
    assert len(rows) == len({row.email for row in rows})


@given(LOGS)
def test_delivered_since_is_about_times_not_lines(log: Log) -> None:
    """An address was delivered to since if some delivery is later than its last hard bounce, in any order of lines."""
    expected = {}
    for row in folded(log).rows():
        mine = [r for r in log if str(r["email"]).lower() == row.email.lower()]
        same = [r for r in mine if str(r["email"]).rpartition("@")[0] == row.email.rpartition("@")[0]]
        hard = [int(str(r["timestamp"])) for r in same if r.get("bounceType") == HARD]
        delivered = [int(str(r["timestamp"])) for r in mine if r["event"] == "delivered"]
        expected[row.email] = bool(hard) and any(time > max(hard) for time in delivered)
    assert {row.email: row.delivered_since for row in folded(log).rows()} == expected
    assert {row.email: row.delivered_since for row in folded(log[::-1]).rows()} == expected


def test_a_row_is_the_contract() -> None:
    """A row has the names that scripts rely on, with the newest reason whole."""
    reason = NO_USER + " " + "x" * 500
    report = folded(
        [
            record("bounce", "a@X.example", 10, HARD, "old", fromDomain="S.example", templateId=2),
            record("bounce", "a@x.example", 20, HARD, reason, fromDomain="t.example", templateId=1),
            record("delivered", "a@x.example", 15),
        ]
    )
    assert list(report.data().objects()) == [
        {
            "email": "a@x.example",
            "domain": "x.example",
            "bounce_type": HARD,
            "class": "unknown-user",
            "action": "suppress",
            "rule": report.rows()[0].verdict.rule,
            "count": 2,
            "first": "1970-01-01T00:00:10Z",
            "last": "1970-01-01T00:00:20Z",
            "reason": reason,
            "reply_code": "551",
            "enhanced_code": "5.1.1",
            "from_domains": ["s.example", "t.example"],
            "templates": [1, 2],
            "delivered_since": False,
            "event": "bounce",
        }
    ]


def test_local_parts_keep_their_case() -> None:
    """Addresses are one if only the case of the domain differs, and two if that of the local part does."""
    rows = folded([record("bounce", email, 1, HARD) for email in ("a@x.io", "a@X.IO", "A@x.io")]).rows()
    assert {row.email: row.count for row in rows} == {"a@x.io": 2, "A@x.io": 1}


def test_a_hard_bounce_outranks_a_newer_soft_one() -> None:
    """What is said of an address comes from its newest hard bounce; how often and when from all."""
    row = folded([record("bounce", "a@x.io", 1, HARD, NO_USER), record("bounce", "a@x.io", 2, SOFT, FULL)]).rows()[0]
    assert (row.verdict.action, row.bounce_type, row.count, row.last) == ("suppress", HARD, 2, 2)


def test_a_soft_bounce_suppresses_nobody() -> None:
    """A soft bounce never asks to suppress, whatever its text says."""
    row = folded([record("bounce", "a@x.io", 1, SOFT, NO_USER)]).rows()[0]
    assert row.verdict.action != "suppress"


def test_selection_of_rows() -> None:
    """Type, class, action and count select addresses; the order is the one asked for."""
    log = [
        record("bounce", "b@x.io", 1, HARD, NO_USER),
        record("bounce", "a@y.io", 2, HARD, NO_USER),
        record("bounce", "a@y.io", 2, HARD, NO_USER),
        record("bounce", "c@x.io", 3, SOFT, FULL),
    ]

    def emails(**wanted: object) -> list[str]:
        return [row.email for row in folded(log, wanted=BouncesWanted(**wanted)).rows()]  # type: ignore[arg-type]

    assert emails() == ["c@x.io", "a@y.io", "b@x.io"]
    assert emails(sort="count") == ["a@y.io", "b@x.io", "c@x.io"]
    assert emails(sort="email") == ["a@y.io", "b@x.io", "c@x.io"]
    assert emails(sort="domain") == ["b@x.io", "c@x.io", "a@y.io"]
    assert emails(bounce_type=SOFT) == ["c@x.io"]
    assert emails(classes=frozenset({"mailbox-full"})) == ["c@x.io"]
    assert emails(actions=frozenset({"suppress"})) == ["a@y.io", "b@x.io"]
    assert emails(min_count=2) == ["a@y.io"]


def test_reasons_are_grouped_by_shape() -> None:
    """Ten thousand variants of one reason are one row, with a sample."""
    text = "550 5.1.1 <u{0}@x.io>: no such user, id {0}-gsmtp"
    log = [record("bounce", f"u{n}@x.io", n + 1, HARD, text.format(n)) for n in range(10_000)]
    table = folded(log, wanted=BouncesWanted(by=("reason",))).tables()[1]
    assert len(table.rows) == 1
    assert "u9999@x.io" in str(table.rows[0][-1])


SPELLINGS = st.sampled_from(
    [
        "ann@qq.com",
        "Ann@QQ.com",
        "bob@qq.com",
        "ann@x.example",
        "ann@X.example",
        "bob@163.com",
        "bob@163.com.",
        "x@bücher.de",
    ]
)
TEXTS = st.sampled_from(
    [
        "550 5.1.1 <{}>: no such user",
        "550 {} is unknown, forwarded to <other@y.example>",
        "550 5.1.1 <other@y.example>: no such user",
        "550 Mailbox unavailable or access denied - <{}>",  # QQ's word for a mailbox that is busy
        "User suspended: {}",
        "550 Mailbox not found",
        "550 {0} {0} no such user",
        "\0550 no such user \0{}",
    ]
)


@given(st.lists(st.tuples(SPELLINGS, TEXTS, SPELLINGS, st.sampled_from([HARD, SOFT, ""])), min_size=1, max_size=12))
def test_a_text_classified_for_many_means_the_same_for_each(bounces: list[tuple[str, str, str, str]]) -> None:
    """What is remembered of a text never outweighs the address that bounced, nor its provider, nor its spelling."""
    for email, text, named, kind in bounces:
        reason = text.format(named)
        row = folded([record("bounce", email, 1, kind, reason)]).rows()[0]
        assert row.verdict == Classifier(RULES).classify(reason, kind or None, email)
        assert row.reason == reason


NAMED = st.builds(
    lambda event, email, text, named, time, kind, more: record(event, email, time, kind, text.format(named), **more),
    st.sampled_from(["bounce", "bounce", "delivered", "deferred", "dropped"]),
    SPELLINGS,
    TEXTS,
    SPELLINGS,
    st.integers(1, 5),
    st.sampled_from([HARD, SOFT, ""]),
    st.fixed_dictionaries(
        {},
        optional={
            "fromDomain": st.sampled_from(["s.example", "S.Example.", "b\u00fccher.example", ""]),
            "from": st.sampled_from(["news@t.example", "t"]),
            "templateId": st.sampled_from([0, 1, 2, 1 << 63]),
        },
    ),
)


@pytest.mark.skipif(not is_built(), reason="the native engine was not built")
@given(
    st.lists(st.lists(NAMED, max_size=6), max_size=4),
    st.sampled_from(FAILURES),
    st.sampled_from([None, None, HARD, SOFT]),
    st.booleans(),
)
def test_the_engines_say_the_same(parts: list[Log], event: str, bounce_type: str | None, is_sent: bool) -> None:
    """What the native engine collects of addresses is what Python gathers record by record, in the same order."""
    told = []
    for checks in (PythonEngine, NativeEngine):
        is_local = checks is NativeEngine and engine_name() == "native" and not is_sent  # else marks are made elsewhere
        wanted = BouncesWanted(bounce_type, event=event, is_local=is_local)
        whole = Bounces(wanted)
        for part in parts:
            one = Bounces(wanted)
            data = b"".join(orjson.dumps(item) + b"\n" for item in part)
            one.add(checks(Checks()).check(Piece("log", 0, data)))
            whole.merge(pickle.loads(pickle.dumps(one)) if is_sent else one)
        told.append((whole.addresses, whole.addresses.numbers, printed(whole)))
    assert told[0] == told[1]


class Tree(NamedTuple):
    """Two folds to merge, or the log of one."""

    left: "Tree | Log"
    right: "Tree | Log"


TREES = st.recursive(LOGS, lambda trees: st.builds(Tree, trees, trees), max_leaves=8)


def grown(tree: "Tree | Log", most: int, is_sent: bool) -> Bounces:
    """The report over a tree of logs, merged as it branches; each part sent from another process, if so wanted."""
    report = Bounces(BouncesWanted(also=frozenset(ALSO)), delivered=Delivered(most))
    if isinstance(tree, Tree):
        for branch in tree:
            report.merge(grown(branch, most, is_sent))
    else:
        report.add(batch(tree))
    return pickle.loads(pickle.dumps(report)) if is_sent else report


def leaves(tree: "Tree | Log") -> Log:
    return [*leaves(tree.left), *leaves(tree.right)] if isinstance(tree, Tree) else tree


@given(TREES, st.integers(1, 5), st.booleans())
def test_any_tree_of_merges_is_one_pass(tree: "Tree | Log", most: int, is_sent: bool) -> None:
    """However folds are merged, sent to other processes and spilled, the report is that of one pass."""
    whole, one = grown(tree, most, is_sent), grown(leaves(tree), 10_000, False)
    assert printed(whole) == printed(one)
    assert whole.others == one.others


def test_a_fold_that_only_grows_spills_too() -> None:
    """Under --follow nothing is merged: deliveries go to the temporary file all the same, and are found there."""
    report = Bounces(BouncesWanted(), delivered=Delivered(2))
    for time in range(1, 10):
        report.add(batch([record("delivered", f"a{time}@x.io", time + 100)]))
        assert len(report.delivered._marks) < 2
    report.add(batch([record("bounce", f"a{n}@x.io", 105, HARD) for n in range(1, 10)]))
    assert [row.email for row in report.rows() if row.delivered_since] == [f"a{n}@x.io" for n in range(6, 10)]


@pytest.mark.parametrize("is_local", [True, False])
def test_a_delivery_counts_whatever_the_case(is_local: bool) -> None:
    """`WANG@QQ.com` that was delivered to is no dead `wang@qq.com`, in any script."""
    for dead, alive in (("wang@qq.com", "WANG@QQ.com."), ("wäng@bücher.de", "WÄNG@Bücher.de")):
        log = [record("bounce", dead, 1, HARD), record("delivered", alive, 2), record("delivered", "o@qq.com", 2)]
        assert folded(log, wanted=BouncesWanted(is_local=is_local)).rows()[0].delivered_since


@pytest.mark.skipif(engine_name() != "native", reason="the marks of the Python engine are the same in every process")
def test_marks_of_one_process_are_not_sent_to_another() -> None:
    """They would be taken for nobody's there, and deliveries be forgotten without a word."""
    with pytest.raises(ValueError, match="another process"):
        pickle.dumps(folded([record("delivered", "a@b.c", 1)], wanted=BouncesWanted(is_local=True)))
    pickle.dumps(folded([record("delivered", "a@b.c", 1)]))


def test_no_column_says_the_same_of_all() -> None:
    """People see the type where both were asked for, and deliveries since where there are any."""

    def titles(log: list[dict[str, object]], bounce_type: str | None) -> set[str]:
        return {column.title for column in folded(log, wanted=BouncesWanted(bounce_type)).tables()[1].columns}

    log = [record("bounce", "a@x.io", 1, HARD, NO_USER)]
    assert {"type", "delivered since"} & titles(log, None) == {"type"}
    assert {"type", "delivered since"} & titles([*log, record("delivered", "a@x.io", 2)], HARD) == {"delivered since"}


def test_csv_is_defused() -> None:
    """A reason or an address that a spreadsheet would run begins with a quote in CSV."""
    report = folded([record("bounce", "=cmd@x.io", 1, HARD, "@SUM(1)")])
    row = next(csv.DictReader(io.StringIO(b"".join(separated(report.data(), ",")).decode())))
    assert (row["email"], row["reason"]) == ("'=cmd@x.io", "'@SUM(1)")
