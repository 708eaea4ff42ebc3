"""Suppression lists, parsed back by independent readers."""

import csv
import io
import json
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.suppression import FORMATS, Dead, leave_out

DEAD = Dead("a@x.io", "bounce", 1_700_000_000, True, "551", "551 5.1.1 no such user", "unknown-user")
EMAILS = st.from_regex(r"[A-Za-z0-9=+\-._'\"]{1,12}@[a-z0-9-]{1,9}\.io", fullmatch=True)
LISTS = st.lists(
    st.builds(
        Dead, EMAILS, st.just("bounce"), st.integers(1, 2**32), st.booleans(), st.just("550"), st.text(), st.just("x")
    )
)


def written(name: str, dead: list[Dead], chunk: int = 100, expire: str | None = None) -> str:
    """The file for a target."""
    return b"".join(FORMATS[name].write(dead, chunk, expire)).decode()


@pytest.mark.parametrize("name", ["plain", "cloudflare"])
@given(dead=LISTS)
def test_plain(name: str, dead: list[Dead]) -> None:
    """One address a line and nothing else."""
    assert written(name, dead).split("\n")[:-1] == [one.email for one in dead]


@given(LISTS, st.integers(1, 7))
def test_tencent(dead: list[Dead], chunk: int) -> None:
    """Each line is the body of one CreateCustomBlacklist request of at most a chunk; together they are all."""
    bodies = [json.loads(line) for line in written("tencent", dead, chunk).split("\n")[:-1]]
    assert all(body.keys() == {"Emails"} and 0 < len(body["Emails"]) <= chunk for body in bodies)
    assert [email for body in bodies for email in body["Emails"]] == [one.email for one in dead]


def test_tencent_expires() -> None:
    """With an end the body says when, as a date."""
    assert json.loads(written("tencent", [DEAD], expire="2026-12-31")) == {
        "Emails": ["a@x.io"],
        "ExpireDate": "2026-12-31",
    }


@given(LISTS)
def test_aws_ses(dead: list[Dead]) -> None:
    """One object a line with the address and BOUNCE."""
    rows = [json.loads(line) for line in written("aws-ses", dead).split("\n")[:-1]]
    assert rows == [{"emailAddress": one.email, "reason": "BOUNCE"} for one in dead]


@given(LISTS)
def test_mailgun(dead: list[Dead]) -> None:
    """A CSV reader gets back the columns Mailgun names, RFC 2822 dates, and no cell that a spreadsheet runs."""
    kept = [one for one in dead if leave_out(FORMATS["mailgun"], one) is None]
    rows = list(csv.DictReader(io.StringIO(written("mailgun", kept), newline="")))
    assert [row["address"] for row in rows] == [one.email for one in kept]
    for row, one in zip(rows, kept, strict=True):
        assert list(row) == ["address", "code", "error", "created_at"]
        assert parsedate_to_datetime(row["created_at"]).timestamp() == one.time
        assert row["error"].removeprefix("'").split() == one.reason.removeprefix("'").split()
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


def test_mailgun_without_a_code() -> None:
    """Where no code is known it is 550."""
    assert ",550," in written("mailgun", [DEAD._replace(reply_code="")])


@given(LISTS)
def test_listmonk(dead: list[Dead]) -> None:
    """One body of POST /webhooks/bounce a line."""
    rows = [json.loads(line) for line in written("listmonk", dead).split("\n")[:-1]]
    assert [(row["email"], row["type"]) for row in rows] == [(d.email, "hard" if d.is_hard else "soft") for d in dead]
    assert all(row.keys() == {"email", "source", "type", "meta"} for row in rows)


@pytest.mark.parametrize("name", FORMATS)
def test_nobody_without_address(name: str) -> None:
    """A blank address is left out of every list, and why is said."""
    assert leave_out(FORMATS[name], DEAD._replace(email=""))


def test_complaints_and_unsubscribes() -> None:
    """A target gets only the kinds it knows."""
    complaint = DEAD._replace(event="spamreport")
    assert json.loads(written("aws-ses", [complaint]))["reason"] == "COMPLAINT"
    assert json.loads(written("listmonk", [complaint]))["type"] == "complaint"
    assert leave_out(FORMATS["mailgun"], complaint)
    assert leave_out(FORMATS["listmonk"], DEAD._replace(event="unsubscribe"))
