"""`ses-events check`, the real program."""

import json

import pytest

from tests.conftest import Program
from tests.logs import Record, log, record

NOON = 1_767_585_600  # 12:00 on 5 January 2026 in UTC+8


def mail(number: int, event: str = "delivered", **changes: object) -> Record:
    """A callback of a mail of its own."""
    told = {"reason": "", "bounceType": ""} if event != "bounce" else {}
    named = {"email": f"user{number}@qq.com", "bulkId": f"q-{number}", "timestamp": NOON + number % 3600}
    return record(event=event, **{**told, **named, **changes})


@pytest.fixture
def logged(run: Program) -> Program:
    """The program beside `log.jsonl`: of 400 mails 40 went to addresses that do not exist."""
    mails = [mail(number, "bounce" if number < 40 else "delivered") for number in range(400)]
    (run.home / "log.jsonl").write_bytes(log(*mails))
    return run


def test_the_verdict_comes_first(logged: Program) -> None:
    """The first line says what the rules make of it, the reason stands below."""
    done = logged("check", "log.jsonl")
    assert done.status == 0
    assert done.stdout.splitlines()[0] == "fromexample.com would be lowered a level"
    assert done.stdout.splitlines()[1] == "nothing to compare with: no mail before"
    assert "invalid 10.0%, > 9% (40 of 400 sent)" in done.stdout
    assert "1 row" not in done.stderr


def test_the_document_is_the_contract(logged: Program) -> None:
    """The JSON document has the ledger and for each sender and day its rates, level, rules and margin."""
    document = json.loads(logged("check", "--json", "log.jsonl").out)
    assert document["schema"] == "ses-events/check@1"
    assert document["records"]["counted"] == 400
    (sender,) = document["senders"]
    assert {name: sender[name] for name in ("from_domain", "day", "sent", "level", "why")} == {
        "from_domain": "fromexample.com",
        "day": "2026-01-05",
        "sent": 400,
        "level": "lower",
        "why": ["invalid_address_rate > 9%"],
    }
    assert (sender["deliverability"], sender["invalid_address_rate"], sender["spam_bounce_rate"]) == (0.9, 0.1, 0.0)
    assert (sender["complaint_rate"], sender["open_rate"]) == (0.0, 0.0)
    assert sender["margin"]["block"] == {"invalid_addresses": 5, "spam_bounces": 61}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--event", "open"], "no such option: --event"),
        (["--window", "90m"], "expected whole hours such as 6h, 1d or 1w"),
        (["--window", "0d"], "expected whole hours such as 6h, 1d or 1w"),
        (["--baseline", "2026-01-05..x"], "--baseline: expected 7d, two dates or a log"),
        (["--baseline", "2026-01-05..2026-01-04"], "it ends before it begins"),
        (["--baseline", "log.jsonl", "-o", "log.jsonl"], "log.jsonl"),
        (["--level", "7"], "--level 7: its mails a day are not known"),
        (["--level", "many"], "expected a whole number, alone or as in example.com=3"),
        (["--quota", "=3"], "expected a whole number, alone or as in example.com=3"),
        (["--level", "3", "--quota", "100"], "--quota: the quota of all sender domains is given twice"),
        (["--json", "--top", "3"], "--top does nothing with --format json"),
    ],
)
def test_what_makes_no_sense_is_refused(logged: Program, options: list[str], message: str) -> None:
    """Options that would make the answer wrong, or do nothing, are usage errors."""
    done = logged("check", *options, "log.jsonl")
    assert done.status == 2
    assert message in done.stderr


def test_a_level_tells_of_a_raise(run: Program) -> None:
    """Enough mail without trouble raises a level, by the quota of the sender's level."""
    (run.home / "log.jsonl").write_bytes(log(*[mail(number) for number in range(350)]))
    assert "would be raised" not in run("check", "log.jsonl").stdout
    assert run("check", "--level", "1", "log.jsonl").stdout.startswith("fromexample.com would be raised a level\n")
    assert "would be raised" not in run("check", "--level", "2", "log.jsonl").stdout
    assert "would be raised" in run("check", "--quota", "FromExample.com=500", "log.jsonl").stdout


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "tsv", "ndjson", "json"])
def test_every_format_and_no_mail_at_all(run: Program, form: str) -> None:
    """A log without any mail is no trouble in any format."""
    (run.home / "log.jsonl").write_bytes(log(record(event="click")))
    (run.home / "empty.jsonl").write_bytes(b"")
    assert run("check", "-f", form, "log.jsonl").status == 0
    assert run("check", "-f", form, "empty.jsonl").status == 0
