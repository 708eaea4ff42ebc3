"""Shapes and codes: what is kept of a reason, and that nothing else counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses_cli.reasons import ACTIONS, CLASSES, Classifier, shape
from ses_cli.reasons.codes import find
from ses_cli.reasons.text import HEAD, TAIL

CLASSIFIER = Classifier.load()
EXAMPLES = sorted({rule.example for rule in CLASSIFIER.rules})


@pytest.mark.parametrize(
    ("reason", "reply", "enhanced"),
    [
        ("550-5.1.1 no", "550", "5.1.1"),
        ("#5.1.1 bad address", "", "5.1.1"),
        ("smtp;550 5.1.1 no", "550", "5.1.1"),
        ("smtp; 550 no", "550", ""),
        ("sorry (#5.1.1)", "", "5.1.1"),
        ("550 5.1.1", "550", "5.1.1"),
        ("550", "550", ""),
        ("5.1.1 smtp; 550", "550", "5.1.1"),
        ("5.0.0 550 no", "550", "5.0.0"),
        ("host mx.example.com said: 550 5.7.1 no", "550", "5.7.1"),
        ("host mx.example.com[10.5.1.1] said: 554 no", "554", ""),
        ("SMTP error from remote mail server after RCPT TO:<a@example.com>: 550 no", "550", ""),
        ("RecipientNotFound; 5.1.10", "", "5.1.10"),
        ("550 5.1.1User unknown", "550", "5.1.1"),
        ("421HL:REP", "421", ""),
        ("错误550用户不存在", "550", ""),
        ("dsn=5.1.1, status=bounced", "", "5.1.1"),
        ("550 5.7.606 banned", "550", "5.7.606"),
        ("5.1.0 - Unknown address error 550-'5.7.1 no'", "550", "5.7.1"),
        ("connect to 5.1.1.1 failed", "", ""),
        ("connect to [5.1.1.25] failed", "", ""),
        ("Postfix 2.5.6 on 4.1.2024", "", ""),
        ("running Exim 4.9.2 and sendmail/5.6.7", "", ""),
        ("mx1.5.1.1.example.com is down", "", ""),
        ("see https://example.com/5.1.1/550?a=5.2.2", "", ""),
        ("<user.5.1.1@example.com> no", "", ""),
        ("<5.1.1.550@example.com>", "", ""),
        ("Message-ID 12.5.1.1 refused", "", ""),
        ("at 2024-05-01 15.5.1.1", "", ""),
        ("more than 500 messages", "", ""),
        ("size 5500 of 4500", "", ""),
        ("5.8.1 and 3.1.1 and 5.1.1000", "", ""),
        ("", "", ""),
    ],
)
def test_codes_are_found_where_they_stand(reason: str, reply: str, enhanced: str) -> None:
    """Codes are found however glued on, and never inside addresses, hosts, URLs, versions, dates, ids."""
    verdict = CLASSIFIER.classify(reason)
    assert (verdict.reply_code, verdict.enhanced_code) == (reply, enhanced), find(shape(reason))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("550 5.1.1 <ann@example.com>: unknown", "550 5.1.1 <bob.x-y+z=9@mail.example.org>: unknown"),
        ("no such user ann@example.com", "no such user b@c.de"),
        ("IP 192.0.2.1 listed", "IP 198.51.100.254 listed"),
        ("IP 2001:db8::1 listed", "IP 2001:db8:0:1:2:3:4:5 listed"),
        ("see https://example.com/a?b=c", "see http://other.example.net/x/y#z"),
        ("host mx1.example.com[192.0.2.1] said", "host aspmx.other.co.uk[192.0.2.99] said"),
        ("queued as 4RH2xT4NwZz1LQKck", "queued as 7f9d3c"),
        ("id ea2783c1-7704-48a8-af36-2b9e83e767ec", "id 12345678-1234-1234-1234-123456789abc"),
        ("limit is 100", "limit is 25,000"),
        ("quota of 500 messages", "quota of 17 messages"),
        ("at 2024-02-20T14:30:32.425Z", "at 2025-11-01T00:00:00.001Z"),
        ("550 no [a.prod.outlook.com]", "550 no [b.c.prod.outlook.com]"),
        ("550 User\r\n unknown", "550 user\\r\\nUNKNOWN"),
        ("550 User<br>unknown", "550 User<BR />unknown"),
        (
            "550-5.1.1 The account\n550-5.1.1 that you\n550 5.1.1 tried",
            "550-5.1.1 The account that you tried",
        ),
        ("550-first\n550-second\n550 third", "550-first second third"),
        ("５５０ ｕｓｅｒ unknown", "550 user unknown"),
        ("Boîte pleine", "boite pleine"),
        ("user doesn’t exist", "user doesn't exist"),
        ("refused &lt;ann@example.com&gt;", "refused <bob@example.com>"),
        ("OFR004_405 [405]", "OFR_405 [405]"),
        ("<ann>... no", "<bob>... no"),
        ('mailbox "ann" is closed', "mailbox 'bob' is closed"),
    ],
)
def test_variants_have_one_shape(one: str, other: str) -> None:
    """Addresses, hosts, numbers, ids and spellings of line breaks do not count."""
    assert shape(one) == shape(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("550 5.1.1 x", "550 5.1.2 x"),
        ("550 x", "554 x"),
        ("(S3150)", "(S3140)"),
        ("550 OU-001", "550 RP-001"),
        ("[TSS04]", "[BL21]"),
        ("HL:REP", "DT:SPM"),
        ("OFR_416", "OFR_417"),
        ("IB504", "IB212"),
        ("blocked using zen.spamhaus.org", "blocked using mail.example.org"),
        ("https://support.google.com/mail/?p=NoSuchUser", "https://support.google.com/mail/?p=OverQuotaPerm"),
    ],
)
def test_what_carries_meaning_is_kept(one: str, other: str) -> None:
    """Codes, receivers' own codes, list operators and help page names make different shapes."""
    assert shape(one) != shape(other)


def test_secrets_in_a_url_are_not_in_the_shape() -> None:
    """A URL's path, query and user information are dropped."""
    text = shape("see https://user:secret@example.com/hidden?token=abcdef#frag")
    assert not any(word in text for word in ("secret", "hidden", "token", "abcdef", "frag"))


PIECES = st.one_of(
    st.sampled_from(EXAMPLES),
    st.sampled_from(
        [
            "a@b.com",
            "<x@y.z>",
            "192.0.2.1",
            "550 5.1.1",
            "https://e.example/?p=x",
            "\\n",
            "<br>",
            "550-",
            "#",
            "…",
        ]
    ),
    st.text(max_size=30),
)
REASONS = st.one_of(
    st.text(max_size=300),
    st.lists(PIECES, max_size=6).map(" ".join),
    st.lists(PIECES, max_size=6).map("".join),
)


@given(REASONS, st.sampled_from(["hard_bounce", "soft_bounce", "hard", "soft", "", None]))
@settings(deadline=None)
def test_any_text_classifies(reason: str, bounce_type: str | None) -> None:
    """Any text gets a known class and action, the same when explained; soft is never suppress."""
    verdict = CLASSIFIER.classify(reason, bounce_type)
    assert verdict.cls in CLASSES
    assert verdict.action in ACTIONS
    assert verdict == CLASSIFIER.classify(reason, bounce_type) == CLASSIFIER.explain(reason, bounce_type).verdict
    if bounce_type in {"soft_bounce", "soft"}:
        assert verdict.action != "suppress"


@given(REASONS, st.lists(REASONS, max_size=4))
@settings(deadline=None)
def test_the_memo_is_sound(reason: str, others: list[str]) -> None:
    """A verdict depends on the shape alone, whatever was asked before."""
    used = Classifier(CLASSIFIER.rules)
    used.tiers = CLASSIFIER.tiers  # compiled already
    for other in others:
        used.classify(other)
    assert used.classify(reason) == CLASSIFIER.explain(reason).verdict
    text = shape(reason)
    assert find(text) == CLASSIFIER.explain(reason).codes


@given(st.sampled_from(EXAMPLES), st.emails(), st.ip_addresses(v=4))
@settings(deadline=None)
def test_an_address_changes_no_verdict(example: str, email: str, ip: object) -> None:
    """Another address and IP in a known text give the same verdict."""
    known = CLASSIFIER.classify(f"{example} someone@example.com [192.0.2.1]")
    assert CLASSIFIER.classify(f"{example} <other@example.org> [{ip}]").cls == known.cls
    assert shape(f"{example} {email}").startswith(shape(example)[:20])


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1",
        "<",
        "@",
        "a@",
        "a.",
        "1.",
        "5.1.1 ",
        "550-",
        "http://",
        "::",
        "#",
        "\\n",
        "用",
        "\ufdfa",
        "user ",
        "mailbox not ",
    ],
)
def test_a_long_reason_is_read_in_bounded_part(piece: str) -> None:
    """Of a megabyte only the two ends are read, so its shape is short and equal to that of the ends."""
    reason = piece * (1_000_000 // len(piece))
    assert len(shape(reason)) <= 4 * (HEAD + TAIL)
    assert shape(reason) == shape(f"{reason[:HEAD]} … {reason[-TAIL:]}")
    assert CLASSIFIER.classify(reason).cls in CLASSES


def test_both_ends_of_a_long_reason_count() -> None:
    """A cause at the very end of a long text is found."""
    assert CLASSIFIER.classify("x " * 500_000 + "550 5.1.1 user unknown").cls == "unknown-user"


@pytest.mark.parametrize(
    "before",
    [
        "host mx1.example.net[192.0.2.9] said: ",
        "SMTP error from remote mail server after RCPT TO:<ann@example.com>: host mx1.example.net [192.0.2.9]: ",
        "SMTP error from remote mail server after end of data: ",
        "192.0.2.9 does not like recipient. Remote host said: ",
        "mx1.example.net failed after I sent the message. Remote host said: ",
        "5.1.0 - Unknown address error ",
        "The response from the remote server was: ",
        "Google tried to deliver your message, but it was rejected by the server for the recipient domain example.com "
        "by mx1.example.net. [192.0.2.9]. The error that the other server returned was: ",
        "javax.mail.SendFailedException: Invalid Addresses;\n  nested exception is:\n"
        "com.sun.mail.smtp.SMTPAddressFailedException: ",
        "Expected response code 250/251/252 but got code 550, with message ",
        "Can't send mail - all recipients were rejected: ",
        "SMTP Error: The following recipients failed: ann@example.com: ",
        "Mailbox unavailable. The server response was: ",
    ],
)
def test_what_is_printed_before_a_reply_does_not_count(before: str) -> None:
    """A reply has one shape, whatever the mailer or the server says that prints it."""
    for reply in (example for example in EXAMPLES if example[:3].isdigit() and example[3:4] == " "):
        assert shape(before + reply) == shape(reply)


def test_memos_stay_bounded() -> None:
    """More different reasons than the memo holds do not grow it, and a huge reason is no key."""
    classifier = Classifier(CLASSIFIER.rules[:1])
    for number in range(40_000):
        classifier.classify(f"no {number}")
    classifier.classify("y" * 2000)
    assert len(classifier._exact) <= 16_384
    assert ("y" * 2000, False, "") not in classifier._exact
    assert set(classifier._shapes) == {("no #", False, "")}
