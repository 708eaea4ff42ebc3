"""Applying the rules to a reason, the strongest evidence first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from itertools import starmap
from typing import TYPE_CHECKING, NamedTuple

from ses_cli.events import LEGACY_BOUNCE_TYPES, SOFT
from ses_cli.reasons.classes import TIERS
from ses_cli.reasons.codes import Code, find
from ses_cli.reasons.guard import names_another
from ses_cli.reasons.own import OWN, hide, reveal
from ses_cli.reasons.phrases import Pattern
from ses_cli.reasons.providers import provider_of
from ses_cli.reasons.ready import split
from ses_cli.reasons.rule import Rule
from ses_cli.reasons.rules import load_rules
from ses_cli.reasons.text import shape
from ses_cli.reasons.verdict import Verdict, decide

if TYPE_CHECKING:
    from pathlib import Path

MEMO = 16_384  # verdicts remembered by exact text, and as many by shape
MEMO_CHARS = 1024  # a longer text is not kept as a key


_Key = tuple[str, bool, str]  # text, whether the bounce was soft, provider
_NAMED = re.compile(r"<(?:host|url):([a-z0-9.-]{1,253})")


class Explanation(NamedTuple):
    """How a verdict came about."""

    shape: str  # what the rules see
    codes: tuple[Code, ...]
    matched: tuple[Rule, ...]  # in order of evidence: the first one decided
    verdict: Verdict
    note: str  # why the action is not that of the rule, "" if it is


@cache
def _patterns(pattern: str) -> list[Pattern]:
    """The alternatives of a rule's pattern: what one classifier compiles of it, all have."""
    return list(starmap(Pattern, split(pattern)))


class Matcher:
    """The rules of one tier, ready to be tried."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self.by_code: dict[str, int] = {}
        for place, rule in enumerate(self.rules):
            for code in rule.codes:
                self.by_code.setdefault(code, place)

    @cached_property
    def patterns(self) -> list[tuple[int, list[Pattern]]]:
        """Made on first use."""
        return [(place, _patterns(rule.pattern)) for place, rule in enumerate(self.rules) if rule.pattern]

    def matches(self, text: str, codes: Sequence[str]) -> Iterator[Rule]:
        """Every rule that matches, in the order of the rules."""
        places = {self.by_code[code] for code in codes if code in self.by_code}
        if not self.patterns:
            yield from (self.rules[place] for place in sorted(places))
            return
        waiting = sorted(places, reverse=True)
        for place, patterns in self.patterns:
            while waiting and waiting[-1] < place:
                yield self.rules[waiting.pop()]
            if any(pattern.is_in(text) for pattern in patterns):
                yield self.rules[place]
        yield from (self.rules[place] for place in reversed(waiting))


class Classifier:
    """Rules and the verdicts they have given; one verdict for each shape and kind of bounce."""

    def __init__(self, rules: Sequence[Rule], second_opinion: bool = True) -> None:
        self.rules, self.second_opinion = tuple(rules), second_opinion
        self.tiers = [Matcher(rule for rule in rules if rule.tier == tier) for tier in TIERS]
        self._shapes: dict[_Key, tuple[Verdict, str]] = {}
        self._exact: dict[_Key, tuple[Verdict, str]] = {}

    @classmethod
    def load(cls, path: Path | None = None) -> Classifier:
        """A classifier of the built-in rules, and first those of the user's file; raises UsageError."""
        return cls(load_rules(path))

    def classify(self, reason: str, bounce_type: str | None = None, email: str = "") -> Verdict:
        """What the reason means; never raises, and reads a bounded part of the reason.

        `email` is the address that bounced: its provider's rules hold for it, and no other's; a text that names other
        addresses only is no proof against it.
        """
        return self.classify_hidden(hide(reason, email), _is_soft(bounce_type), email)[0]

    def explain(self, reason: str, bounce_type: str | None = None, email: str = "") -> Explanation:
        """The evidence in a reason, every rule that matches it in order of evidence, and the verdict."""
        text = shape(reason)
        codes = find(text)
        matched = tuple(self._matches(text, codes, _provider(email)))
        return Explanation(
            text, codes, matched, *self.classify_hidden(hide(reason, email), _is_soft(bounce_type), email)
        )

    def classify_hidden(self, hidden: str, soft: bool, email: str) -> tuple[Verdict, str]:
        """The verdict on a reason that `own.hide` gave for this address, and why its action is not the rule's."""
        provider = _provider(email)
        key = (hidden, soft, provider)
        found = self._exact.get(key)
        if found is None:
            text = shape(reveal(hidden, email))
            found = self._shapes.get((text, soft, provider))
            if found is None:
                codes = find(text)
                rule = next(self._matches(text, codes, provider), None)
                found = decide(rule, codes, soft, text, self.second_opinion)
                _remember(self._shapes, (text, soft, provider), found)
            _remember(self._exact, key, found)
        if found[0].action != "suppress" or not email or hidden.startswith(OWN):
            return found
        if "@" in hidden and names_another(reveal(hidden, email), email):
            return found[0]._replace(action="review"), "suppress became review: the text names another address"
        return found

    def _matches(self, text: str, codes: Sequence[Code], provider: str) -> Iterator[Rule]:
        names = [code.code for code in codes]
        for tier in self.tiers:
            yield from (rule for rule in tier.matches(text, names) if _holds(rule, text, provider))


def _is_soft(bounce_type: str | None) -> bool:
    return bounce_type == SOFT or LEGACY_BOUNCE_TYPES.get(bounce_type or "") == SOFT


def _provider(email: str) -> str:
    """The provider of an address, "elsewhere" for a domain of no known one, "" where there is no address."""
    return (provider_of(email.rpartition("@")[2].lower().rstrip(".")) or "elsewhere") if email else ""


def _holds(rule: Rule, text: str, provider: str) -> bool:
    """Whether a rule of common words holds: for its receiver's mailboxes, or where the text names its host."""
    if not rule.bound or not provider or rule.receiver == provider:
        return True
    return any(provider_of(match[1]) == rule.receiver for match in _NAMED.finditer(text))


def _remember(memo: dict[_Key, tuple[Verdict, str]], key: _Key, verdict: tuple[Verdict, str]) -> None:
    if len(key[0]) > MEMO_CHARS:
        return
    if len(memo) >= MEMO:
        memo.clear()
    memo[key] = verdict
