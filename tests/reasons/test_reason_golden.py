"""Golden reasons: what real texts of receivers and mail servers mean."""

import json
from pathlib import Path

import pytest

from ses_cli.reasons import ACTIONS, CLASSES, DEFAULT_ACTIONS, Classifier

GOLDEN = Path(__file__).parent / "golden"
CASES = [
    pytest.param(case["reason"], case["class"], case["action"], id=f"{path.stem}-{number}")
    for path in sorted(GOLDEN.glob("*.jsonl"))
    for number, case in enumerate(map(json.loads, path.read_text("utf-8").split("\n")[:-1]), 1)
]
CLASSIFIER = Classifier.load()


@pytest.mark.parametrize(("reason", "cls", "action"), CASES)
def test_golden(reason: str, cls: str, action: str) -> None:
    """A golden reason gets its class and its action."""
    verdict = CLASSIFIER.classify(reason, "hard_bounce")
    assert (verdict.cls, verdict.action) == (cls, action), CLASSIFIER.explain(reason)


@pytest.mark.parametrize("reason", (Path(__file__).parent / "blame.txt").read_text("utf-8").splitlines())
def test_what_blames_the_sender_never_suppresses(reason: str) -> None:
    """A text that blames the sender, in words that also blame addresses, throws no address away."""
    assert CLASSIFIER.classify(reason, "hard_bounce").action != "suppress", CLASSIFIER.explain(reason)


def test_ordinary_ways_of_saying_it_are_known() -> None:
    """In each language that the rules read, the ordinary ways of saying each thing get an action that is accepted."""
    files = [Path(__file__).parent / name for name in ("phrases.tsv", "more-phrases.tsv")]
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()[1:]]
    wrong = []
    for accepted, phrase in (line.split("\t") for line in lines):
        if CLASSIFIER.classify(phrase, "hard_bounce").action not in accepted.split():
            wrong.append(phrase)
    assert not wrong
    assert len(lines) > 2000


def test_every_class_has_golden_cases() -> None:
    """Each class has at least three golden reasons, and there are hundreds in all."""
    classes = [str(case.values[1]) for case in CASES]
    assert set(classes) == set(CLASSES)
    assert min(classes.count(cls) for cls in CLASSES) >= 3
    assert len(classes) > 500


def test_vocabularies_agree() -> None:
    """Every class has a default action, and every action is known."""
    assert set(DEFAULT_ACTIONS) == set(CLASSES)
    assert set(DEFAULT_ACTIONS.values()) <= set(ACTIONS)


@pytest.mark.parametrize(
    ("reason", "cls"),
    [
        ("550 5.1.1 <a@example.com>: User unknown", "unknown-user"),
        ("552 5.2.2 https://support.google.com/mail/?p=OverQuotaPerm", "mailbox-full"),
        ("550 5.1.2 Host unknown", "domain-not-found"),
    ],
)
@pytest.mark.parametrize("soft", ["soft_bounce", "soft"])
def test_soft_bounce_is_never_suppress(reason: str, cls: str, soft: str) -> None:
    """A soft bounce keeps the class of a dead address but not the action, and the explanation says why."""
    assert CLASSIFIER.classify(reason, "hard_bounce").action == "suppress"
    explanation = CLASSIFIER.explain(reason, soft)
    assert explanation.verdict == CLASSIFIER.classify(reason, soft)
    assert (explanation.verdict.cls, explanation.verdict.action) == (cls, "retry")
    assert "soft bounce" in explanation.note


def test_class_four_is_temporary() -> None:
    """A 4yz reply or a class 4 code softens suppress; a 5yz rate limit still blames the sender."""
    assert CLASSIFIER.classify("450 4.1.1 user unknown").action == "retry"
    assert CLASSIFIER.classify("450 user unknown").action == "retry"
    assert CLASSIFIER.classify("550 Sender frequency limited").action == "fix-sender"


def test_order_of_evidence() -> None:
    """A receiver's text beats a code, a narrow code a text, a text a broad code, and that the reply code."""
    tiers = [
        ("552 5.2.2 http://x.example/?p=OverQuotaPerm", "receiver"),
        ("550 5.2.2 user unknown", "code"),
        ("550 5.7.1 user unknown", "text"),
        ("551 5.1.1 xyzzy", "broad-code"),
        ("550 5.0.0 forbidden", "hint"),
        ("553 xyzzy", "reply"),
    ]
    for reason, tier in tiers:
        assert CLASSIFIER.explain(reason).matched[0].tier == tier, reason
    assert CLASSIFIER.classify("xyzzy").rule == ""
