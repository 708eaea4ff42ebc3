"""The recipient's own address in a reason is taken out and put back, and changes nothing of what the reason means."""

from hypothesis import given
from hypothesis import strategies as st

from ses_cli.reasons import Classifier, shape
from ses_cli.reasons.own import OWN, hide, reveal

EMAILS = st.from_regex(r"[a-zA-Z0-9._+-]{1,20}@(?:[a-z0-9]{1,9}\.){1,3}(?:com|cn|example|io)", fullmatch=True)
CONTEXTS = st.sampled_from(
    [
        "550 5.1.1 <{}>: Recipient address rejected: User unknown",
        "550 5.1.1 {}: no such user",
        "{} is a deactivated mailbox",
        'host mx.qq.com said: 550 Mailbox not found "{}"',
        "smtp; 550 user={} not found",
        "550 rfc822;{} unknown user.",
        "550 {}. 5.1.1",
        "5.1.1 x{}y no such user",
        "550 see https://x.qq.com/?u={} user unknown",
        "550 ({}) [{}] user unknown",
        "550 <{}>, forwarded to <other@x.io>: no such user",
    ]
)
FRESH = Classifier.load()


@given(st.one_of(st.text(), CONTEXTS), EMAILS)
def test_what_is_hidden_can_be_revealed(text: str, email: str) -> None:
    """Whatever the reason, it comes back as it was."""
    for reason in (text.replace("{}", email), f"{OWN}{text}", f"\1{text}", text.replace("{}", OWN)):
        assert reveal(hide(reason, email), email) == reason


@given(CONTEXTS, EMAILS, EMAILS)
def test_texts_that_are_one_mean_one_thing(context: str, one: str, other: str) -> None:
    """Where two reasons are the same but for the recipient's address, so are their shapes."""
    first, second = context.replace("{}", one), context.replace("{}", other)
    if hide(first, one) == hide(second, other):
        assert shape(first) == shape(second)


@given(CONTEXTS, st.lists(EMAILS, min_size=2, max_size=4), st.sampled_from(["hard_bounce", "soft_bounce"]))
def test_the_memo_changes_no_verdict(context: str, emails: list[str], kind: str) -> None:
    """A classifier that has met the text with other addresses says what a new one says."""
    learnt = Classifier(FRESH.rules)
    for email in emails:
        reason = context.replace("{}", email)
        learnt.classify(reason, kind, email)
        assert learnt.classify(reason, kind, email) == Classifier(FRESH.rules).classify(reason, kind, email)


def test_a_text_with_many_addresses_is_remembered_once() -> None:
    """Ten thousand recipients of one text are one entry of the memo, so that reading it costs no more than one."""
    classifier = Classifier(FRESH.rules)
    for at in range(10_000):
        email = f"u{at}@x.example"
        assert classifier.classify(f"550 5.1.1 <{email}>: no such user", "hard_bounce", email).action == "suppress"
    assert len(classifier._exact) == 1
