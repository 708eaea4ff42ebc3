"""`ses-events bounces --event`, the real program."""

import json

import pytest

from tests.cli.test_bounces import EXAMPLES
from tests.conftest import Program
from tests.logs import log, record

DELAYED = record(event="deferred", email="a@qq.com", timestamp=100, reason="550 5.1.1 no such user", bounceType="")
HELD = record(event="dropped", email="b@163.com", timestamp=200, reason="The recipient has unsubscribed", bounceType="")
BOUNCED = record(email="c@x.example", timestamp=300)


@pytest.fixture
def logged(run: Program) -> Program:
    """The program beside `log.jsonl`."""
    (run.home / "log.jsonl").write_bytes(log(DELAYED, HELD, BOUNCED))
    return run


def test_who_delays_mail_and_why(logged: Program) -> None:
    """`--event deferred` lists deferrals by address, by provider and by reason, and suppresses nobody."""
    document = json.loads(
        logged("bounces", "--event", "deferred", "--by", "provider", "--by", "reason", "--json", "log.jsonl").out
    )
    assert document["event"] == "deferred"
    assert document["records"]["counted"] == 1
    assert [(row["email"], row["action"], row["event"]) for row in document["bounces"]] == [
        ("a@qq.com", "retry", "deferred")
    ]
    assert document["providers"][0] | {"provider": "QQ", "addresses": 1, "suppress": 0} == document["providers"][0]
    assert document["reasons"][0]["sample"] == "550 5.1.1 no such user"
    assert "deferrals" in logged("bounces", "--event", "deferred", "log.jsonl").stdout


def test_every_engine_lists_them(run: Program) -> None:
    """Both engines print the same deferrals and drops, byte for byte."""
    for event in ("deferred", "dropped"):
        for form in ("json", "table"):
            outs = {
                run("bounces", "--event", event, "-f", form, EXAMPLES / "callbacks.jsonl", env=env)
                for env in ({"SES_EVENTS_ENGINE": "python"}, {})
            }
            assert len({done.out for done in outs}) == 1
            assert {done.status for done in outs} == {0}


def test_every_deferral_as_it_comes(logged: Program) -> None:
    """`--events` lists each of them, in the order of the log."""
    lines = logged("bounces", "--event", "dropped", "--events", "-f", "ndjson", "log.jsonl").out.splitlines()
    assert [(row["email"], row["class"], row["event"]) for row in map(json.loads, lines)] == [
        ("b@163.com", "suppressed", "dropped")
    ]
    assert "  deferred  " in logged("bounces", "--event", "deferred", "--events", "log.jsonl").stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["deferred", "--export", "plain"], "--export lists bounced addresses, not those of deferred events"),
        (["dropped", "--export", "plain"], "--export lists bounced addresses, not those of dropped events"),
        (["deferred", "--hard"], "--hard does nothing with --event deferred: only bounces are hard or soft"),
        (["dropped", "--soft"], "--soft does nothing with --event dropped: only bounces are hard or soft"),
        (["deferred", "--action", "suppress"], "--action suppress: a deferral suppresses no address"),
        (["bounce", "--export", "plain", "--complaints"], "--complaints does nothing with --event bounce"),
        (["delivered"], '--event: expected one of bounce, deferred and dropped, got "delivered"'),
        (["bounce,deferred"], '--event: expected one of bounce, deferred and dropped, got "bounce,deferred"'),
        (["bounce", "--event", "deferred"], "--event is given twice"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_not_go_with_an_event_is_refused(logged: Program, options: list[str], message: str) -> None:
    """No list to suppress is made of deferrals or drops, and options that would do nothing are refused."""
    done = logged("bounces", "--event", *options, "log.jsonl")
    assert (done.status, done.out) == (2, b"")
    assert done.stderr.startswith(f"error: {message}")
