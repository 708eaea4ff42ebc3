"""The definition of a valid record: every code, when it comes and when not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from ses_cli.callback import Callback
from ses_cli.events import ERRORS, EVENT_IDS, FIELDS, WARNINGS
from ses_cli.schema.record import flaws, is_email, normalise, path
from tests.logs import ABSENT, NEARLY, RECORD, Record, record

SENT = {
    "subject": "example subject",
    "messageId": "ea2783c1-7704-48a8-af36-2b9e83e767ec@fromexample.com",
    "sentTimestamp": 1761555487,
    "X-Tencentcloudses-Cb-Custom": "ses callback",
}
OLD = {
    "event": "delivered",
    "email": "",
    "bulkId": "qcloud-ses-4F001945B2D9BXXXXXX",
    "timestamp": 1587953211,
    "reason": "the reason when email failed to delivered",
    "bounceType": "",
}
CASES: list[tuple[str, Record, list[str]]] = [
    ("the sample of 2022", RECORD, []),
    ("the sample of 2025", {**RECORD, **SENT}, ["sent-after-event"]),
    ("the sample of 2021", OLD, ["blank-email"]),
    ("nothing", {}, ["missing-field"] * 4),
    ("no event", record(event=ABSENT), ["missing-field"]),
    ("a null event", record(event=None), ["missing-field"]),
    ("no email", record(email=ABSENT), ["missing-field"]),
    ("no bulkId", record(bulkId=ABSENT), ["missing-field"]),
    ("a null timestamp", record(timestamp=None), ["missing-field"]),
    ("the old bulkid", record(bulkId=ABSENT, bulkid="q"), ["legacy-spelling"]),
    ("an empty bulkId", record(bulkId=""), ["blank-bulk-id"]),
    ("an empty bulkid", record(bulkId=ABSENT, bulkid=""), ["legacy-spelling", "blank-bulk-id"]),
    ("a null bulkid", record(bulkId=ABSENT, bulkid=None), ["missing-field", "legacy-spelling"]),
    ("a string timestamp", record(timestamp="1654064683"), ["wrong-type"]),
    ("an empty timestamp", record(timestamp=""), ["wrong-type"]),
    ("a boolean timestamp", record(timestamp=True), ["wrong-type"]),
    ("a float timestamp", record(timestamp=1654064683.0), ["wrong-type"]),
    ("a boolean templateId", record(templateId=False), ["wrong-type"]),
    ("an integer username", record(username=251200670), ["wrong-type"]),
    ("an array as email", record(email=["a@b.c"]), ["wrong-type"]),
    ("an object as event", record(event={}), ["wrong-type"]),
    ("a custom header that is no string", record(**{"X-Tencentcloudses-Cb-A": 1}), ["wrong-type"]),
    ("a custom header in another case", record(**{"x-tencentcloudses-cb-a": "1"}), []),
    ("an event with a capital", record(event="Bounce"), ["unknown-event"]),
    ("an empty event", record(event=""), ["unknown-event"]),
    ("the event of 2021", record(event="processed"), ["legacy-spelling"]),
    ("no @", record(email="example.com"), ["bad-email"]),
    ("no local part", record(email="@example.com"), ["bad-email"]),
    ("no domain", record(email="example@"), ["bad-email"]),
    ("a space in the address", record(email="ex ample@example.com"), ["bad-email"]),
    ("a control character in it", record(email="example@example.com\x07"), ["bad-email"]),
    ("321 characters", record(email="x" * 317 + "@b.c"), ["bad-email"]),
    ("320 characters", record(email="x" * 316 + "@b.c"), []),
    ("an address in other scripts", record(email="用户@例え.テスト"), []),
    ("zero", record(timestamp=0), ["bad-timestamp"]),
    ("a negative time", record(timestamp=-1), ["bad-timestamp"]),
    ("milliseconds", record(timestamp=1654064683000), ["bad-timestamp"]),
    ("the last second of 9999", record(timestamp=253402300799), []),
    ("the first second after", record(timestamp=253402300800), ["bad-timestamp"]),
    ("sent at zero", record(sentTimestamp=0), []),
    ("sent in the same second", record(sentTimestamp=1654064683), []),
    ("sent a second later", record(sentTimestamp=1654064684), ["sent-after-event"]),
    ("a bounceType of another provider", record(bounceType="Permanent"), ["bad-bounce-type"]),
    ("a bounceType in capitals", record(bounceType="HARD"), ["bad-bounce-type"]),
    ("a strange bounceType on a click", record(event="click", bounceType="Permanent"), []),
    ("hard", record(bounceType="hard"), ["legacy-spelling"]),
    ("soft", record(bounceType="soft"), ["legacy-spelling"]),
    ("a bounce without a bounceType", record(bounceType=ABSENT), ["missing-bounce-type"]),
    ("a bounce with an empty one", record(bounceType=""), ["missing-bounce-type"]),
    ("a bounce with a null one", record(bounceType=None), ["missing-bounce-type"]),
    ("the event's number", record(eventid=3), []),
    ("another event's number", record(eventid=8), ["eventid-mismatch"]),
    ("an unknown key", record(colour="red"), ["unknown-field"]),
    ("an unknown key that is null", record(colour=None), ["unknown-field"]),
    ("everything at once", {"event": "x", "email": "y", "timestamp": 0, "z": 1},
     ["missing-field", "unknown-event", "bad-email", "bad-timestamp", "unknown-field"]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "codes"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_flaw_has_its_code(value: Record, codes: list[str]) -> None:
    """A record has exactly these flaws, each of them once."""
    assert [flaw.code for flaw in flaws(value)] == codes


@pytest.mark.parametrize("empty", ["", None], ids=["blank", "null"])
@pytest.mark.parametrize("name", [*(name for name in FIELDS if not FIELDS[name].required), "X-Tencentcloudses-Cb-A"])
def test_optional_fields_may_be_empty(name: str, empty: str | None) -> None:
    """An optional field may be there with nothing in it, integers too."""
    assert flaws(record(**{"event": "deferred", name: empty})) == []


@pytest.mark.parametrize(("event", "number"), EVENT_IDS.items())
def test_each_event_has_its_number(event: str, number: int | None) -> None:
    """The event's own number is no mismatch, any other is."""
    codes = {n: [flaw.code for flaw in flaws(record(event=event, eventid=n))] for n in range(10)}
    assert [n for n, found in codes.items() if "eventid-mismatch" not in found] == ([] if number is None else [number])


@pytest.mark.parametrize(
    ("value", "provider"),
    [
        ({"eventType": "Bounce", "mail": {}, "bounce": {}}, "Amazon SES"),
        ({"notificationType": "Bounce", "mail": {}}, "Amazon SES"),
        ({"Type": "Notification", "Message": "{}"}, "Amazon SES"),
        ({"event": "bounce", "email": "a@b.c", "timestamp": 1, "sg_message_id": "x"}, "SendGrid"),
    ],
)
def test_another_providers_payload_is_named(value: Record, provider: str) -> None:
    """Where the keys tell another provider, the hint of `missing-field` names it."""
    hints = [flaw.hint or "" for flaw in flaws(value) if flaw.code == "missing-field"]
    assert hints
    assert all(provider in hint for hint in hints)


def test_hints_say_the_next_step() -> None:
    """A misspelt event gets the closest one, milliseconds are called so."""
    assert "bounce" in (flaws(record(event="bounced"))[0].hint or "")
    assert "delivered" in (flaws(record(event="zzz"))[0].hint or "")
    assert "illiseconds" in (flaws(record(timestamp=1654064683000))[0].hint or "")


def test_legacy_spellings_are_brought_to_todays() -> None:
    """`bulkid`, `hard` and `soft` become today's; `processed` stays an event type of its own."""
    value = record(event="bounce", bulkId=ABSENT, bulkid="q", bounceType="soft")
    normalise(value)
    assert (value["bulkId"], value["bounceType"]) == ("q", "soft_bounce")
    value = record(event="processed", bounceType="hard")
    normalise(value)
    assert (value["event"], value["bounceType"]) == ("processed", "hard")


@given(NEARLY)
def test_every_flaw_is_in_the_vocabulary(value: Record) -> None:
    """Whatever the record, its flaws have known codes, paths to a key, and fit on a line that is safe to print."""
    for flaw in flaws(value):
        assert flaw.code in ERRORS or flaw.code in WARNINGS
        assert flaw.path.startswith("$")
        assert (flaw.path + flaw.message + (flaw.hint or "")).isprintable()


@given(NEARLY)
def test_a_normalised_record_has_no_old_value(value: Record) -> None:
    """Normalising twice changes nothing more."""
    normalise(value)
    again = json.loads(json.dumps(value))
    normalise(again)
    assert again == value


LOCAL = st.text(
    st.characters(codec="utf-8", exclude_categories=["Zs", "Zl", "Zp", "Cc"], exclude_characters="@"), min_size=1
)


@given(LOCAL, LOCAL, st.sampled_from(" \t\n\x00\x7f\x85\xa0\u2028\u3000"))
def test_any_script_is_an_address(local: str, domain: str, unseen: str) -> None:
    """`local@domain` of any characters is an address while short enough, and none with white space or control ones."""
    address = f"{local}@{domain}"
    assert is_email(address) == (len(address) <= 320)
    assert not is_email(f"{local}{unseen}@{domain}")
    assert not is_email(f"{local}@{domain}{unseen}")


@given(st.text())
def test_paths_are_safe_to_print(name: str) -> None:
    """A key of any characters has a path that is printable ASCII."""
    assert path(name).isascii()
    assert path(name).isprintable()


def test_a_record_has_every_documented_field() -> None:
    """The record's attributes are the fields of the table, under their own keys and types, the required ones first."""
    found = {field.encode_name: (field.type, field.required) for field in fields(Callback)}
    assert found == {
        name: (field.type if field.required else field.type | None, field.required) for name, field in FIELDS.items()
    }
