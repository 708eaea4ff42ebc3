"""Rules that are made of the user's own verdicts."""

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ses_cli.errors import UsageError
from ses_cli.events import HARD
from ses_cli.reasons import ACTIONS, CLASSES, Classifier, Rule, load_rules, shape
from ses_cli.reasons.decisions import read_decisions
from ses_cli.reasons.learning import Learned, learn, write_rules
from ses_cli.reasons.rules import read_rules
from ses_cli.render.data import separated
from ses_cli.table import Data

RULES = load_rules()
BEFORE = Classifier(RULES)
EXAMPLES = [rule.example for rule in RULES if rule.example]
REASONS = st.one_of(
    st.sampled_from(EXAMPLES), st.text(max_size=60), st.text("550 4.1.2<@x.io>'\"=\\\t\n#", max_size=30)
)
NEVER = [(cls, action) for cls in CLASSES for action in ACTIONS if action == "suppress" or cls == "unclassified"]
VERDICTS = st.tuples(st.sampled_from(list(CLASSES)), st.sampled_from(list(ACTIONS)))


def learned(text: str, own: Sequence[Rule] = ()) -> Learned:
    return learn(read_decisions(text, "v.tsv"), (*own, *RULES))


def ruled(found: Learned) -> Classifier:
    """The classifier of the file that was written."""
    return Classifier((*read_rules("".join(write_rules(found.rules)), "mine.toml", own=True), *RULES))


@given(st.lists(st.tuples(REASONS, VERDICTS), min_size=1, max_size=6), st.sampled_from("\t,;"))
def test_what_is_listed_can_be_learned(rows: list[tuple[str, tuple[str, str]]], delimiter: str) -> None:
    """Whatever texts a listing holds, and whatever a person decides, the rules give these verdicts and no others."""
    assume(not any(reason[:1] == "'" for reason, _ in rows))  # a quote of the text's own, or that for spreadsheets
    decided = {shape(reason): (reason, *verdict) for reason, verdict in rows if shape(reason)}
    assume(decided)
    names = ("class", "action", "addresses", "sample")
    data = Data(names, [[cls, action, 1, reason] for reason, cls, action in decided.values()])
    listing = b"".join(separated(data, delimiter)).decode()
    assume(not any(is_temporary(reason) and (cls, action) in NEVER for reason, cls, action in decided.values()))
    found = learned(listing)
    assert len(found.rules) + found.undecided + found.known == len(decided)
    if found.rules:
        rules = ruled(found)
        for reason, cls, action in decided.values():
            verdict = rules.classify(reason, HARD)
            is_left = action == "review" and cls == BEFORE.classify(reason, HARD).cls
            assert is_left or (verdict.cls, verdict.action) == (cls, action)
        for example in EXAMPLES[::10]:
            assert shape(example) in decided or rules.classify(example) == BEFORE.classify(example)


def is_temporary(reason: str) -> bool:
    """Whether a code of class 4 says that a later try may succeed."""
    verdict = BEFORE.classify(reason)
    return (verdict.enhanced_code or verdict.reply_code).startswith("4")


def test_a_rule_is_for_the_shape() -> None:
    """One verdict is for every text that differs in addresses, hosts, numbers and ids only."""
    found = learned("550 5.7.1 <a@x.io>: Frobnicated by mx1.x.io, id 8FA2C\tpolicy\tfix-sender\n")
    rules = ruled(found)
    assert rules.classify("550 5.7.1 <b@y.net>: frobnicated by mx2.y.net, id 1D003").action == "fix-sender"
    assert rules.classify("550 5.7.1 <b@y.net>: frobnicated").action != "fix-sender"


def test_lines_without_a_header() -> None:
    """Reason, class and action with tabs between them; quotes are the text's own, and the class has an action."""
    rules = ruled(learned('"no" such thing\tunknown-user\n\n"gone"\tpolicy\tretry\r\n'))
    assert rules.classify('"no" such thing')[:2] == ("unknown-user", "suppress")
    assert rules.classify('"gone"')[:2] == ("policy", "retry")


def test_what_is_not_decided_becomes_no_rule() -> None:
    """A text that is still for review, or whose verdict the rules give already, needs no rule."""
    found = learned("nobody knows\tunclassified\treview\n551 5.1.1 no such user\tunknown-user\tsuppress\n")
    assert (found.rules, found.undecided, found.known) == ([], 1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x\n", "v.tsv:1: expected 3 columns, got 1"),
        ("a\tpolicy\tretry\tmore\n", "v.tsv:1: expected 3 columns, got 4"),
        ("a\tpolicy\tretry\nb\tdead\n", 'v.tsv:2: unknown class "dead"'),
        ("a\tpolicy\tsupress\n", 'v.tsv:1: unknown action "supress"'),
        ("sample,class,action\n\na b,policy,kill\n", 'v.tsv:3: unknown action "kill"'),
        ("\tpolicy\tretry\n", "v.tsv:1: no rule can be made for an empty reason"),
        (
            "451 gone\tunknown-user\n",
            "v.tsv:1: suppress cannot be learned: suppress became retry: class 4 is temporary",
        ),
        (
            "gone 12\tpolicy\tretry\ngone 13\tpolicy\tfix-sender\n",
            "v.tsv:2: contradicts v.tsv:1 (policy, retry)",
        ),
    ],
)
def test_what_cannot_be_learned_is_told(text: str, message: str) -> None:
    """An error names the line, and what is wrong with it."""
    with pytest.raises(UsageError) as error:
        learned(text)
    assert error.value.message == message


def test_own_rules_stand_before_what_is_learned() -> None:
    """With a rules file, a verdict that it gives is known, and one that a rule of it would hide is refused."""
    rule = '[[rule]]\nid = "mine"\npattern = "frobnicated"\nclass = "policy"\naction = "retry"\n'
    own = read_rules(rule, "mine.toml", own=True)
    assert learned("frobnicated\tpolicy\tretry\n", own).known == 1
    with pytest.raises(UsageError, match=r"your rule mine already decides this text"):
        learned("frobnicated\tpolicy\tfix-sender\n", own)
    (made,) = learned("defenestrated\tpolicy\tfix-sender\n", own).rules
    assert made.pattern == "^defenestrated$"
