"""The rules file: every rule lives, is found by its example, and is searched in bounded time."""

import random
import re
from importlib import resources
from pathlib import Path

import pytest

from ses_cli.errors import UsageError
from ses_cli.reasons import TIERS, Classifier, Rule, load_rules, shape
from ses_cli.reasons.linear import why_slow
from ses_cli.reasons.rules import read_rules

RULES = load_rules()
CLASSIFIER = Classifier(RULES)
TEXT_RULES = [rule for rule in RULES if rule.pattern]
names = pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])


@names
def test_example_is_decided_by_its_rule(rule: Rule) -> None:
    """No rule is dead: the rule of each example decides it."""
    assert rule.example
    assert rule.source
    assert CLASSIFIER.classify(rule.example, "hard_bounce").rule == rule.id


def test_built_in_rules_pass_the_checks_of_users_rules() -> None:
    """Every built-in pattern compiles, is bounded, and matches its own example."""
    text = resources.files("ses_cli").joinpath("reasons.toml").read_text("utf-8")
    assert read_rules(text, "reasons.toml", check=True) == RULES


def test_built_in_patterns_are_in_lower_case() -> None:
    """Shapes are in lower case, so a capital in a pattern could never match (but in an escape)."""
    for rule in TEXT_RULES:
        bare = re.sub(r"\\[A-Za-z]", "", rule.pattern)
        assert bare == bare.lower(), rule.id


def test_every_code_is_claimed_once() -> None:
    """No enhanced or reply code stands in two rules."""
    codes = [code for rule in RULES for code in rule.codes]
    assert len(codes) == len(set(codes))


def _hostile(rule: Rule) -> list[str]:
    words = re.findall(r"[^\W\d_]{2,}", re.sub(r"\\.", "", rule.pattern))
    shuffled = random.Random(rule.id)
    return [" ".join(shuffled.choice(words) for _ in range(600)) for _ in range(3)] + [
        " ".join([word] * 600) for word in sorted(set(words))[:20]
    ]


@pytest.mark.parametrize("rule", TEXT_RULES, ids=[rule.id for rule in TEXT_RULES])
def test_pattern_ends_on_repeats_of_its_own_words(rule: Rule) -> None:
    """A pattern on the longest shape, made of its own words, ends (a runaway search would hang the suite)."""
    pattern = re.compile(rule.pattern)
    for text in _hostile(rule):
        pattern.search(text[:2100])


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(a+)+b", "without end"),
        ("user .*unknown", "without end"),
        ("a{3,}", "without end"),
        ("(?:ab|a){0,9}", "repeated group"),
        (r"(a)\1", "back reference"),
        (".{0,60}x.{0,60}y.{0,60}z", "too many gaps"),
    ],
)
def test_slow_patterns_are_refused(pattern: str, why: str) -> None:
    """A pattern that could take long is refused, whatever the text."""
    assert why in why_slow(pattern)


@pytest.mark.parametrize("pattern", [r"a\+b\*", "[+*]", "e-?mail", "user .{0,40}unknown", "(?:a|b{2})c", r"\(\d{3}\)"])
def test_bounded_patterns_are_taken(pattern: str) -> None:
    """A bounded pattern is not refused."""
    assert why_slow(pattern) == ""


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(text, "utf-8")
    return path


def test_own_rules_are_tried_first(tmp_path: Path) -> None:
    """A user's rule outranks a receiver's own text, in the order of the file, with capitals or without."""
    path = _write(
        tmp_path,
        '[[rule]]\nid = "mine"\npattern = "User Suspended"\nclass = "policy"\n'
        '[[rule]]\nid = "later"\npattern = "user suspended"\nclass = "network"\n'
        '[[rule]]\nid = "code"\nenhanced = "X.1.1"\nclass = "policy"\naction = "suppress"\n',
    )
    classifier = Classifier.load(path)
    assert classifier.classify("550 User suspended")[:3] == ("policy", "review", "mine")
    assert classifier.classify("550 5.1.1 User unknown")[:3] == ("policy", "suppress", "code")
    assert classifier.classify("550 User unknown").cls == "unknown-user"
    assert [rule.tier for rule in classifier.explain("550 user suspended").matched[:2]] == ["yours", "yours"]


GOOD = 'id = "mine"\nclass = "policy"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rule = 3", "[[rule]]"),
        ("", "[[rule]]"),
        ("[[rule]", "not TOML"),
        ('[[rule]]\npattern = "x"\nclass = "policy"\n', "rule 1: id"),
        ('[[rule]]\nid = "A b"\npattern = "x"\nclass = "policy"\n', "rule 1: id"),
        (f'[[rule]]\n{GOOD}pattern = "x"\nfoo = 1\n', "rule mine: unknown key foo"),
        ('[[rule]]\nid = "mine"\nclass = "dead"\npattern = "x"\n', 'rule mine: class: unknown: "dead"'),
        (f'[[rule]]\n{GOOD}action = "kill"\npattern = "x"\n', 'rule mine: action: unknown: "kill"'),
        (f"[[rule]]\n{GOOD}", "rule mine: expected one of pattern, enhanced and reply, got none"),
        (f'[[rule]]\n{GOOD}pattern = "x"\nreply = "550"\n', "got pattern and reply"),
        (f'[[rule]]\n{GOOD}pattern = "("\n', "rule mine: pattern"),
        (f'[[rule]]\n{GOOD}pattern = ""\n', "rule mine: pattern: expected"),
        (f'[[rule]]\n{GOOD}pattern = "a?"\n', "matches the empty text"),
        (f'[[rule]]\n{GOOD}pattern = "a.*b"\n', "repeats without end"),
        (f"[[rule]]\n{GOOD}pattern = [1]\n", "rule mine: pattern: expected"),
        (f'[[rule]]\n{GOOD}enhanced = "9.1.1"\n', 'rule mine: enhanced: "9.1.1"'),
        (f'[[rule]]\n{GOOD}reply = "250"\n', 'rule mine: reply: "250"'),
        (f'[[rule]]\n{GOOD}pattern = "a"\nweak = 1\n', "rule mine: weak"),
        (f'[[rule]]\n{GOOD}pattern = "a@b"\nexample = "a@b.com"\n', "<email>"),
        (
            f'[[rule]]\n{GOOD}pattern = "a"\n[[rule]]\n{GOOD}pattern = "b"\n',
            "rule mine: the id is used twice",
        ),
        ("rule = [1]", "rule 1: expected a table"),
    ],
)
def test_bad_rules_file_is_a_clear_error(tmp_path: Path, text: str, message: str) -> None:
    """A bad rules file names the file, the rule and what is wrong."""
    path = _write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_rules(path)
    assert caught.value.message.startswith(str(path))
    assert message in caught.value.message


def test_unreadable_rules_file_is_a_clear_error(tmp_path: Path) -> None:
    """A rules file that is absent, or not UTF-8, is a usage error."""
    with pytest.raises(UsageError, match="cannot read"):
        load_rules(tmp_path / "absent.toml")
    path = tmp_path / "latin.toml"
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="UTF-8"):
        load_rules(path)


def test_tiers_are_used_and_ids_unique() -> None:
    """Every tier but the user's has rules, and ids are unique."""
    assert {rule.tier for rule in RULES} == set(TIERS) - {"yours"}
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(shape(rule.example) for rule in RULES)
