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
        (["--baseline", "2026-01-05..2026-01-04"], "ends before it begins"),
        (["--baseline", "log.jsonl", "-o", "log.jsonl"], "log.jsonl"),
        (["--level", "7"], "--level 7: its daily quota is not known"),
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


def test_conditions_decide_the_status(logged: Program) -> None:
    """A condition that holds is told in one line and makes the status 1; the report is written all the same."""
    done = logged("check", "--fail-on", "invalid_address_rate > 9%", "--fail-on", "block", "log.jsonl")
    assert done.status == 1
    assert done.stderr == ("failed: invalid_address_rate > 9%: fromexample.com on 2026-01-05: 10.0% (40 of 400 sent)\n")
    assert done.stdout.startswith("fromexample.com would be lowered")
    assert logged("check", "--fail-on", "block", "log.jsonl").status == 0
    document = json.loads(logged("check", "--fail-on", "lower", "--json", "log.jsonl").out)
    (failed,) = document["failed"]
    assert failed == {"condition": "lower", "from_domain": "fromexample.com", "day": "2026-01-05", "value": "lower"}


def test_silence_is_an_alarm(logged: Program) -> None:
    """Where the newest callback is too old the status is 1."""
    done = logged("check", "--max-silence", "1h", "log.jsonl")
    assert done.status == 1
    assert "failed: silence: no callback for " in done.stderr
    assert logged("check", "--max-silence", "999999h", "log.jsonl").status == 0


def test_prometheus_by_name(logged: Program) -> None:
    """A name in .prom asks for metrics, which replace the file as a whole; other commands write none."""
    assert logged("check", "-o", "ses.prom", "log.jsonl").status == 0
    text = (logged.home / "ses.prom").read_text()
    assert 'ses_events_check_level{from_domain="fromexample.com",level="lower"} 1\n' in text
    assert text.endswith("# EOF\n")
    assert logged("check", "-f", "prometheus", "log.jsonl").stdout == text
    assert "this command writes no prometheus" in logged("summarize", "-o", "x.prom", "log.jsonl").stderr


def test_another_log_can_be_the_baseline(logged: Program) -> None:
    """With --baseline FILE the newest day is compared with all of that log, of which a note tells."""
    (logged.home / "before.jsonl").write_bytes(log(*[mail(n, timestamp=NOON - 10**6 + n) for n in range(400)]))
    done = logged("check", "--baseline", "before.jsonl", "--tz", "UTC", "log.jsonl")
    assert "note: baseline before.jsonl: 400 lines, 400 counted" in done.stderr
    assert done.stdout.splitlines()[1] == "1 rate changed: 1 for the worse"
    told = 'bounces 0% -> 10.0%: 40 more, nearly all "551 5.1.1 recipient is not exist" (suppress)'
    assert told in done.stdout
    assert "ses-events bounces --events --since 2026-01-04T05:00:00Z" in done.stdout
    assert logged("check", "--baseline", "nothing.jsonl", "log.jsonl").status == 3
