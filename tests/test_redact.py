"""Redaction: no address of the input is left, and what is left reads as before."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ses_cli.errors import UsageError
from ses_cli.events import EVENT_IDS
from ses_cli.reasons import Classifier
from ses_cli.redact import Redactor
from ses_cli.schema.line import validate

KEY = b"k" * 32
REDACTOR = Redactor(KEY)
CLASSIFIER = Classifier.load()
GOLDEN = Path(__file__).parent / "reasons" / "golden"
REASONS = [json.loads(line)["reason"] for file in sorted(GOLDEN.glob("*.jsonl")) for line in file.open()]
LOCALS = st.from_regex(r"[A-Za-z0-9_%+=.&/-]{1,20}", fullmatch=True) | st.sampled_from(
    ["user", "full", "李雷", '"a b"']
)
EMAILS = st.builds("{}@{}".format, LOCALS, st.sampled_from(["qq.com", "163.com", "Gmail.com", "x.example", "例子.cn"]))
TEXTS = st.one_of(
    st.sampled_from(REASONS),
    st.builds("550 5.1.1 <{}>: no such user {}".format, EMAILS, EMAILS),
    st.builds("{} {}".format, st.text(max_size=20), EMAILS),
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, object]:
    """A valid record with addresses in every place that may hold text."""
    email, other = draw(EMAILS), draw(EMAILS)
    record: dict[str, object] = {
        "event": draw(st.sampled_from(list(EVENT_IDS))),
        "email": email,
        draw(st.sampled_from(["bulkId", "bulkid"])): f"q-{draw(st.integers(0, 9))}",
        "timestamp": draw(st.integers(0, 2**31)),
        "reason": draw(TEXTS).replace("RECIPIENT", email),
        "from": draw(st.sampled_from([other, f'"Alice Smith" <{other}>', f"Alice Smith <{other}>"])),
        "subject": draw(
            st.sampled_from([f"for {email}", "=?utf-8?B?5L2g5aW9?=", f"=?utf-8?Q?hello_{'alice=40qq.com'}?="])
        ),
        "messageId": f"{draw(st.integers(0, 99))}-id@mail.example",
        "link": f"https://u:p@shop.example/{email.replace('@', '%40')}?to={email}#{email}",
        "X-Tencentcloudses-Cb-Owner": draw(TEXTS),
        "extra": {email: [email, 1, None, {"x": other}]},
    }
    return record


def addresses(record: dict[str, object]) -> set[str]:
    """All that has the form of an address in the input."""
    text = unquote(json.dumps(record, ensure_ascii=False)).lower()
    return set(re.findall(r"[^\s<>()\[\]\"',;:@/?&#\\]+@[^\s<>()\[\]\"',;:@/?&#\\]+[^\s<>()\[\]\"',;:@/?&#\\.!]", text))


@given(record=records())
def test_no_address_of_the_input_is_left(record: dict[str, object]) -> None:
    """Whatever field an address stands in, encoded or not, the output does not have it."""
    made = json.loads(REDACTOR.line(json.dumps(record).encode()))
    assert not addresses(record) & addresses(made)
    assert "?" not in made["link"]


@given(record=records())
def test_a_redacted_record_is_valid_and_keeps_its_form(record: dict[str, object]) -> None:
    """Keys, their order, numbers, event, domains and identifiers stay; the record is as valid as before."""
    raw = json.dumps(record).encode()
    assume(validate(raw, unended=False).is_valid(strict=False))
    line = REDACTOR.line(raw)
    made = json.loads(line)
    assert validate(line, unended=False).is_valid(strict=False)
    kept = ("event", "bulkId", "bulkid", "timestamp")
    assert [name for name in made if name != "extra"] == [name for name in record if name != "extra"]
    assert {name: made.get(name) for name in kept} == {name: record.get(name) for name in kept}
    assert made["email"].rpartition("@")[2] == str(record["email"]).rpartition("@")[2]


@given(email=EMAILS, reason=st.sampled_from(REASONS))
def test_a_reason_means_what_it_meant(email: str, reason: str) -> None:
    """Class and action of a reason are the same for the redacted text and address."""
    record = {"event": "bounce", "email": email, "bulkId": "q", "timestamp": 1, "reason": reason}
    made = json.loads(REDACTOR.line(json.dumps(record).encode()))
    before = CLASSIFIER.classify(reason, None, email)
    after = CLASSIFIER.classify(made["reason"], None, made["email"])
    assert (before.cls, before.action) == (after.cls, after.action)


def test_the_same_key_gives_the_same_pseudonyms() -> None:
    """An address has one pseudonym a key, in every field and spelling; another key has others."""
    record = {
        "event": "bounce",
        "email": "Wang@QQ.com",
        "bulkId": "q",
        "timestamp": 1,
        "reason": "550 <wang@qq.com> no",
    }
    made = json.loads(REDACTOR.line(json.dumps(record).encode()))
    local = made["email"].partition("@")[0]
    assert made["reason"] == f"550 <{local}@QQ.com> no"
    assert made == json.loads(REDACTOR.line(json.dumps(record).encode()))
    assert local not in Redactor(b"o" * 32).email("wang@qq.com")


def test_a_local_part_that_stands_alone_goes_too() -> None:
    """`mailbox of alice is full` names alice; a word that the meaning hangs on stays."""
    for email, reason, left in (
        ("alice@qq.com", "552 5.2.2 mailbox of alice is full", "alice"),
        ("zhang.san@qq.com", "550 User zhang.san unknown", "zhang.san"),
    ):
        record = {"event": "bounce", "email": email, "bulkId": "q", "timestamp": 1, "reason": reason}
        assert left not in REDACTOR.line(json.dumps(record).encode()).decode()


def test_domains_go_where_that_is_asked_for() -> None:
    """With domains redacted none of the input's is left, and equal domains stay equal."""
    record = {
        "event": "click",
        "email": "a@corp.example",
        "bulkId": "q",
        "timestamp": 1,
        "from": "b@mail.test",
        "fromDomain": "mail.test",
        "link": "https://mail.test/x",
    }
    made = json.loads(Redactor(KEY, with_domains=True).line(json.dumps(record).encode()))
    assert "mail.test" not in json.dumps(made)
    assert "corp.example" not in json.dumps(made)
    assert made["from"].endswith(f"@{made['fromDomain']}")
    assert made["link"] == f"https://{made['fromDomain']}/x"


def test_a_short_key_is_refused() -> None:
    """A key that could be guessed would be no secret."""
    with pytest.raises(UsageError, match="the key has 4 bytes, and 16 are needed"):
        Redactor(b"1234")
