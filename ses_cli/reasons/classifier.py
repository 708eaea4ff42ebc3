"""Applying the rules to a reason, the strongest evidence first."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ses_cli.events import LEGACY_BOUNCE_TYPES, SOFT
from ses_cli.reasons.classes import TIERS
from ses_cli.reasons.codes import Code, find, is_temporary
from ses_cli.reasons.rules import Rule, load_rules
from ses_cli.reasons.text import shape

MEMO = 16_384  # verdicts remembered by exact text, and as many by shape
MEMO_CHARS = 1024  # a longer text is not kept as a key


_CAPITAL = re.compile(r"(?<!\\)[A-Z]")  # and not an escape such as \S


class Verdict(NamedTuple):
    """What a reason means; "" where there is none."""

    cls: str  # a key of CLASSES
    action: str  # a key of ACTIONS
    rule: str  # the id of the rule that decided
    reply_code: str
    enhanced_code: str


class Explanation(NamedTuple):
    """How a verdict came about."""

    shape: str  # what the rules see
    codes: tuple[Code, ...]
    matched: tuple[Rule, ...]  # in order of evidence: the first one decided
    verdict: Verdict
    note: str  # why the action is not that of the rule, "" if it is


class Matcher:
    """The rules of one tier, ready to be tried."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self.by_code: dict[str, int] = {}
        for place, rule in enumerate(self.rules):
            for code in rule.codes:
                self.by_code.setdefault(code, place)

    @cached_property
    def patterns(self) -> list[tuple[int, re.Pattern[str]]]:
        """Compiled on first use; shapes are in lower case, so only a pattern with capitals ignores case."""
        return [
            (place, re.compile(rule.pattern, re.IGNORECASE if _CAPITAL.search(rule.pattern) else 0))
            for place, rule in enumerate(self.rules)
            if rule.pattern
        ]

    def matches(self, text: str, codes: Sequence[str]) -> Iterator[Rule]:
        """Every rule that matches, in the order of the rules."""
        places = {self.by_code[code] for code in codes if code in self.by_code}
        if not self.patterns:
            yield from (self.rules[place] for place in sorted(places))
            return
        waiting = sorted(places, reverse=True)
        for place, pattern in self.patterns:
            while waiting and waiting[-1] < place:
                yield self.rules[waiting.pop()]
            if pattern.search(text):
                yield self.rules[place]
        yield from (self.rules[place] for place in reversed(waiting))


class Classifier:
    """Rules and the verdicts they have given; one verdict for each shape and kind of bounce."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self.tiers = [Matcher(rule for rule in rules if rule.tier == tier) for tier in TIERS]
        self._exact: tuple[dict[str, Verdict], dict[str, Verdict]] = ({}, {})
        self._shapes: tuple[dict[str, Verdict], dict[str, Verdict]] = ({}, {})

    @classmethod
    def load(cls, path: Path | None = None) -> "Classifier":
        """A classifier of the built-in rules, and first those of the user's file; raises UsageError."""
        return cls(load_rules(path))

    def classify(self, reason: str, bounce_type: str | None = None) -> Verdict:
        """What the reason means; never raises, and reads a bounded part of the reason."""
        soft = bounce_type == SOFT or LEGACY_BOUNCE_TYPES.get(bounce_type or "") == SOFT
        exact = self._exact[soft]
        verdict = exact.get(reason)
        if verdict is None:
            text = shape(reason)
            shapes = self._shapes[soft]
            verdict = shapes.get(text)
            if verdict is None:
                codes = find(text)
                rule = next(self._matches(text, codes), None)
                verdict = _verdict(rule, codes, soft)[0]
                _remember(shapes, text, verdict)
            _remember(exact, reason, verdict)
        return verdict

    def explain(self, reason: str, bounce_type: str | None = None) -> Explanation:
        """The evidence in a reason, every rule that matches it in order of evidence, and the verdict."""
        soft = bounce_type == SOFT or LEGACY_BOUNCE_TYPES.get(bounce_type or "") == SOFT
        text = shape(reason)
        codes = find(text)
        matched = tuple(self._matches(text, codes))
        verdict, note = _verdict(matched[0] if matched else None, codes, soft)
        return Explanation(text, codes, matched, verdict, note)

    def _matches(self, text: str, codes: Sequence[Code]) -> Iterator[Rule]:
        names = [code.code for code in codes]
        for tier in self.tiers:
            yield from tier.matches(text, names)


def _verdict(rule: Rule | None, codes: Sequence[Code], soft: bool) -> tuple[Verdict, str]:
    """The verdict of the deciding rule, and why its action was softened if it was."""
    reply = next((code.code for code in codes if code.kind == "reply"), "")
    enhanced = _telling([code.code for code in codes if code.kind == "enhanced"], rule)
    if rule is None:
        cls, action, name = "unclassified", "review", ""
    else:
        cls, action, name = rule.cls, rule.action, rule.id
    note = ""
    temporary = is_temporary(reply, enhanced)
    if (soft or temporary) and (action == "suppress" or cls == "unclassified"):
        note = f"{action} became retry: " + ("a soft bounce alone kills no address" if soft else "class 4 is temporary")
        action = "retry"
    return Verdict(cls, action, name, reply, enhanced), note


def _telling(codes: Sequence[str], rule: Rule | None) -> str:
    """The enhanced code that decided, else the first that says more than its class, else the first."""
    if rule is not None:
        for code in codes:
            if code in rule.codes:
                return code
    return next((code for code in codes if not code.endswith(".0")), codes[0] if codes else "")


def _remember(memo: dict[str, Verdict], key: str, verdict: Verdict) -> None:
    if len(key) > MEMO_CHARS:
        return
    if len(memo) >= MEMO:
        memo.clear()
    memo[key] = verdict
