"""`trigger`: callbacks made for trying a handler."""

import json

import pytest

from ses_cli.replay.trigger import TRIGGERS
from tests.conftest import Program
from tests.replay.servers import serve, status


@pytest.mark.parametrize("event", TRIGGERS)
def test_every_event_type_arrives_as_a_valid_callback(run: Program, event: str) -> None:
    """What a handler gets is valid under --strict, of the type asked for, and of today."""
    with serve() as server:
        done = run("trigger", event, "--to", server.url)
        assert done.status == 0, done.stderr
        (body,) = server.bodies()
    checked = run("validate", "--strict", "--json", stdin=body + b"\n")
    assert checked.status == 0, checked.stdout
    assert json.loads(body)["event"] == event


def test_fields_are_set_with_their_types_and_left_out_when_empty(run: Program) -> None:
    """--set takes documented fields by their type, custom headers as text, and drops a field without a value."""
    settings = ("templateId=7", "X-Tencentcloudses-Cb-Id=7", "subject=", "email=alice@example.org")
    with serve() as server:
        run("trigger", "open", "--to", server.url, *(word for each in settings for word in ("--set", each)))
        (body,) = server.bodies()
    record = json.loads(body)
    assert (record["templateId"], record["X-Tencentcloudses-Cb-Id"], record["email"]) == (7, "7", "alice@example.org")
    assert "subject" not in record


def test_each_callback_is_of_a_message_of_its_own(run: Program) -> None:
    """--count sends so many, with different bulkIds and webhook-ids."""
    with serve() as server:
        run("trigger", "delivered", "--to", server.url, "--count", "20")
        bodies = [json.loads(body) for body in server.bodies()]
    assert len({body["bulkId"] for body in bodies}) == len({body["messageId"] for body in bodies}) == 20


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("bounce", "--to: missing"),
        ("bonce --to http://127.0.0.1:1/", "EVENT: expected one of delivered, "),
        ("bounce --to http://127.0.0.1:1/ --set timestamp=x", '--set: timestamp: expected a whole number, got "x"'),
        ("bounce --to http://127.0.0.1:1/ --set email=x", "--set: $.email: expected local@domain"),
        ("bounce --to http://127.0.0.1:1/ --set bounceType=x", "--set: $.bounceType: "),
        ("bounce --to http://127.0.0.1:1/ --set email", '--set: expected field=value, got "email"'),
    ],
)
def test_what_would_be_no_callback_is_refused(run: Program, words: str, said: str) -> None:
    """A mistake is told before anything is sent."""
    done = run("trigger", *words.split())
    assert done.status == 2
    assert done.stderr.startswith(f"error: {said}")


def test_a_dry_run_shows_the_request(run: Program) -> None:
    """--dry-run sends nothing and shows head and body."""
    with serve() as server:
        done = run("trigger", "click", "--to", server.url, "--dry-run")
        assert not server.bodies()
    assert '{"event":"click"' in done.stdout
    assert "POST /" in done.stdout


def test_a_handler_that_fails_is_told(run: Program) -> None:
    """A callback that was refused makes the status 1."""
    with serve(lambda _number, _request: status(422)) as server:
        assert run("trigger", "bounce", "--to", server.url).status == 1
