"""Patterns are told from texts by what these have to hold."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_cli.reasons import load_rules, shape
from ses_cli.reasons.literals import Literals, alternatives
from ses_cli.reasons.phrases import Pattern, Phrases

TEXTS = Path(__file__).with_name("texts")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"(?:ip|domain) frequency (?:is )?limited|connection denied\b", [(" frequency ",), ("connection denied",)]),
        (r"colou?r of sky", [("r of sky",)]),
        (r"abcd*|abcd{0,3}e|abcd+e", [("abc",), ("abc",), ("abcd",)]),
        (r"a\.b\.c\d|a(b|c\)|(d))e|[abc|]", [("a.b.c",), (), ()]),
        (r"(?:out|run(?:s|ning)? out) of|(?:full|over)\d", [("out", " out"), ("full", "over")]),
        (r"(?:full|over)?\d|(?:full|over)+\d|(?:full|o\d)\d", [(), ("full", "over"), ()]),
        (r"(?!full)ab|(?<!full)ab|(?=full)ab|x(?:full|(?!over))", [("ab",), ("ab",), ("ab",), ()]),
        (r"(?i)abcd|efgh", [()]),
        (r"Abcd|efgh", [()]),
        (r"退订|在", [("退订",), ()]),
    ],
)
def test_each_alternative_needs_its_longest_plain_text(pattern: str, expected: list[Literals]) -> None:
    """Or one of several, where groups stand in it; what is optional is no part of it, and one letter tells nothing."""
    assert [literals for _, literals in alternatives(pattern)] == expected


def test_rules_find_what_their_patterns_find() -> None:
    """In every text of the corpus the alternatives of a rule match where its pattern does."""
    shapes = {
        shape(line) for file in TEXTS.rglob("*") if file.is_file() for line in file.read_text().splitlines()[::20]
    }
    assert len(shapes) > 50
    for rule in load_rules():
        whole, parts = re.compile(rule.pattern), [Pattern(*each) for each in alternatives(rule.pattern)]
        for text in shapes if rule.pattern else ():
            assert any(part.is_in(text) for part in parts) == bool(whole.search(text)), (rule.id, text)


_ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "ab",
        "abc",
        r"\.",
        ".",
        "[ab|]",
        "[^)a]",
        "(a|b)",
        "(ab|bc)",
        "(?:abc|(b))",
        "(?!ab)",
        "(?<!ab)",
        r"(?:ab(c|\))?)",
        r"\d",
        r"\b",
        "^",
    ]
)
_PATTERNS = st.lists(st.tuples(_ATOMS, st.sampled_from(["", "", "", "?", "*", "+", "{0,2}", "|"])), min_size=1)


@given(_PATTERNS, st.lists(st.text("abc.)|1 ", max_size=12), max_size=5))
def test_any_pattern_matches_where_its_alternatives_do(atoms: list[tuple[str, str]], texts: list[str]) -> None:
    """Whatever a pattern is made of."""
    pattern = "".join(atom + ("" if atom in (r"\b", "^") and more != "|" else more) for atom, more in atoms)
    whole, parts = re.compile(pattern), [Pattern(*each) for each in alternatives(pattern)]
    for text in texts:
        assert any(part.is_in(text) for part in parts) == bool(whole.search(text)), pattern


@given(
    st.lists(st.sampled_from(["ab", "a", "abc?", "bc", "b.", "(?<=a)b", "c(?!a)", "(?:ab|ca)+", r"a\b"]), min_size=1),
    st.text("abc ", max_size=24),
)
def test_phrases_find_what_one_pattern_of_all_finds(alternatives: list[str], text: str) -> None:
    """The same first match, and the same text where matches are replaced, whatever is around each."""
    for before, after in (("", ""), (r"(?<!\w)", r"(?!\w)")):
        pattern = "|".join(alternatives)
        whole, phrases = re.compile(f"{before}(?:{pattern}){after}"), Phrases(pattern, before, after)
        first, found = whole.search(text), phrases.search(text)
        assert (first and (first.span(), first[0])) == (found and (found.span(), found[0]))
        assert phrases.sub("-", text) == whole.sub("-", text)
