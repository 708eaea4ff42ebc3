"""The guard on `suppress`: what is no proof that an address is dead."""

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
        "550 5.1.1 unauthorized mailbox access",
        "550 5.1.0 rejected due to policy violation",
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
