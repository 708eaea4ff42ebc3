"""The second opinion: what it learnt from, and what it may change."""

import subprocess
import sys
from importlib import resources
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ses_cli.reasons import ACTIONS, Classifier, load_rules, shape
from ses_cli.reasons.opinion import Model, model, words
from ses_cli.reasons.rules import read_rules
from ses_cli.reasons.verdict import OPINION

CLASSIFIER = Classifier.load()
WEAK = "550 client host lacks permission, sender unknown to us"  # words about the sender that no rule of words knows


def test_the_counts_are_fresh(tmp_path: Path) -> None:
    """The training script, run again, writes the counts of the package, which are less than a megabyte."""
    written = tmp_path / "opinion.tsv"
    script = Path(__file__).parents[2] / "docs" / "train_opinion.py"
    subprocess.run([sys.executable, script, written], check=True)
    packaged = resources.files("ses_cli.reasons").joinpath("opinion.tsv").read_bytes()
    assert written.read_bytes() == packaged
    assert len(packaged) < 1_000_000


@given(st.text())
def test_it_never_suppresses(text: str) -> None:
    """Whatever the text, the opinion is one of the other actions, or none."""
    found = model().ask(shape(text))
    assert found.action in set(ACTIONS) - {"suppress"} | {""}
    assert 0 <= found.share <= 1


def test_words_are_counted_by_action() -> None:
    """A word says what the texts in which it stands were about; a text of unknown words says nothing."""
    small = Model([10, 10, 10, 10, 10], {"busy": "0 8 0 0 0", "very": "1 1 1 1 1"})
    assert small.ask("very busy").action == "retry"
    assert small.ask("very busy").share > small.ask("very new").share
    assert small.ask("new words").action == ""


def test_scripts_without_spaces_are_read_by_pairs_of_characters() -> None:
    """Chinese has no spaces: neighbours of one text are found in another."""
    assert {"550", "用户", "户不"} <= words("550 用户不存在")


def test_strong_rules_are_not_overruled() -> None:
    """Words that a rule knows, and rules of one's own, decide whatever the opinion is."""
    own = read_rules('[[rule]]\nid = "mine"\npattern = "client host"\nclass = "policy"\n', "mine", own=True)
    assert Classifier((*own, *load_rules())).classify(WEAK, "hard_bounce").rule == "mine"
    assert CLASSIFIER.classify("550 5.7.1 user unknown", "hard_bounce").rule == "unknown-user"


def test_the_explanation_says_that_an_opinion_decided() -> None:
    """Where no rule of words spoke, the rule is called by its name and the note says why."""
    reason = "550 5.7.1 Sender host not authorised for this domain"
    found = CLASSIFIER.explain(reason, "hard_bounce")
    assert (found.verdict.action, found.verdict.rule) == ("fix-sender", OPINION)
    assert found.note.startswith("review became fix-sender: ")
    assert Classifier(CLASSIFIER.rules, second_opinion=False).classify(reason, "hard_bounce").action == "review"
