"""The guard on `suppress`: what is no proof that an address is dead."""

import re
from pathlib import Path

import pytest

from ses_cli.reasons import Classifier

CLASSIFIER = Classifier.load()
UNKNOWN = "550 5.1.1 <{}>: user unknown"


def test_a_text_that_names_another_address_suppresses_nobody() -> None:
    """The addresses in a text must be the one that bounced, in any case; else it is for review."""
    for email in ("ann@example.com", "Ann@Example.COM"):
        assert CLASSIFIER.classify(UNKNOWN.format("ann@example.com"), "hard_bounce", email).action == "suppress"
    found = CLASSIFIER.explain(UNKNOWN.format("ann@example.com"), "hard_bounce", "bob@example.com")
    assert (found.verdict.cls, found.verdict.action) == ("unknown-user", "review")
    assert found.note == "suppress became review: the text names another address"


@pytest.mark.parametrize(
    "reason",
    [
        "550-ann@example.com: no such user",
        "550 5.1.1 <ann@mx1.example.com>: user unknown",
        "550 5.1.1 user unknown, ask postmaster@other.example",
        "550 no such user here: rfc822;Ann@Example.com.",
    ],
)
def test_the_address_itself_and_whom_to_ask_are_no_other_address(reason: str) -> None:
    """A text that has the address in any form, or only one to write to, is proof."""
    assert CLASSIFIER.classify(reason, "hard_bounce", "ann@example.com").action == "suppress"


@pytest.mark.parametrize("address", ["joann@example.com", "ann@example.com.br", "x.ann@example.com"])
def test_a_longer_address_is_another(address: str) -> None:
    """An address in which the one that bounced is a part is another address."""
    assert CLASSIFIER.classify(UNKNOWN.format(address), "hard_bounce", "ann@example.com").action == "review"


def test_a_network_code_beside_other_words_is_for_review() -> None:
    """5.4.1 is said for refusals too; with words about the network it means the network."""
    found = CLASSIFIER.explain("550 5.4.1 Mail rejected by destination domain", "hard_bounce")
    assert found.verdict.action == "review"
    assert found.note.startswith("retry became review: ")
    assert CLASSIFIER.classify("550 5.4.1 no answer from host", "hard_bounce").action == "retry"


@pytest.mark.parametrize(
    "reason",
    [
        "550 5.1.1 unauthorized mailbox access",
        "550 5.1.1 rejected due to policy violation",
        "550 5.2.1 The recipient wants a signed contract",
        "550 5.1.1 user unknown, please try again later",
    ],
)
def test_words_of_something_else_turn_suppress_into_review(reason: str) -> None:
    """A code that says dead, beside words about something else, is for review, and the explanation says why."""
    found = CLASSIFIER.explain(reason, "hard_bounce")
    assert found.verdict.action == "review"
    assert found.note.startswith("suppress became review: ")


@pytest.mark.parametrize("reason", ["550 5.1.1", "550 5.1.1 <ann@example.com>: Recipient address rejected"])
def test_a_bare_code_still_suppresses(reason: str) -> None:
    """A code that says dead, and no words beside it, is proof enough."""
    assert CLASSIFIER.classify(reason, "hard_bounce", "ann@example.com").action == "suppress"


def test_common_words_of_one_receiver_hold_for_its_mailboxes_only() -> None:
    """QQ's "access denied" means a busy mailbox at QQ; elsewhere only where a host of QQ is named."""
    reason = "550 Mailbox unavailable or access denied"
    assert CLASSIFIER.classify(reason, "hard_bounce", "x@qq.com").rule == "qq-mailbox-busy"
    assert CLASSIFIER.classify(reason, "hard_bounce", "x@bank.example").rule != "qq-mailbox-busy"
    named = f"{reason} http://service.mail.qq.com/detail/1"
    assert CLASSIFIER.classify(named, "hard_bounce", "x@bank.example").rule == "qq-mailbox-busy"


FRAMES = [
    "host mx.example.com[192.0.2.1] said: {} (in reply to RCPT TO command)",
    "SMTP error from remote mail server after RCPT TO:<ann@example.com>: host mx.example.com [192.0.2.1]: {}",
    "192.0.2.1 does not like recipient. Remote host said: {} Giving up on 192.0.2.1.",
    "Delivery to the following recipient failed permanently: ann@example.com. Google tried to deliver your message, "
    "but it was rejected by the server for the recipient domain example.com by mx.example.com. The error "
    "that the other server returned was: {}",
    "Your message wasn't delivered. {}",
    "{}. Please check the address and try again.",
    "{}. If you believe this is an error, contact postmaster@example.com",
    "Remote Server returned '{}' [DB5EUR01FT031.eop-EUR01.prod.protection.outlook.com]",
]
DEAD = [
    "550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
    "550 No such user here",
    "554 delivery error: dd This user doesn't have a yahoo.com account (ann@example.com)",
    "550 5.2.1 This mailbox has been disabled due to inactivity",
    "550 Mailbox not found",
    "550 Requested action not taken: mailbox unavailable",
]
BLAME = (Path(__file__).parent / "blame.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("reason", DEAD)
def test_what_servers_write_around_a_reply_takes_no_proof_away(frame: str, reason: str) -> None:
    """A mail server's report of the reply, and its advice, change nothing of what the reply proves."""
    assert CLASSIFIER.classify(frame.format(reason), "hard_bounce", "ann@example.com").action == "suppress"


@pytest.mark.parametrize("frame", ["550 5.1.1 {}", "550 5.2.1 {}", "550-mailbox unavailable 550 {}", *FRAMES[:2]])
def test_words_of_blame_never_suppress_in_any_frame(frame: str) -> None:
    """A text that blames the sender suppresses nobody, whatever code or standard sentence stands before it."""
    for line in (line for line in BLAME if line.startswith("5")):
        words = re.sub(r"^[45]\d\d (?:[45]\.\d\.\d )?", "", line)
        found = CLASSIFIER.explain(frame.format(words), "hard_bounce", "ann@example.com")
        assert found.verdict.action != "suppress", found


@pytest.mark.parametrize(
    "reason",
    ["503 5.5.0 unknown", "500 syntax error - invalid character", "501 5.5.4 Unrecognized parameter"],
)
def test_a_code_of_the_protocol_is_about_the_command(reason: str) -> None:
    """Such a code suppresses only where the words name who is missing."""
    assert CLASSIFIER.classify(reason, "hard_bounce").action != "suppress"
    assert CLASSIFIER.classify("500 unknown recipient", "hard_bounce").action == "suppress"
