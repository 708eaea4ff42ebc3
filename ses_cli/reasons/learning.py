"""Rules made of the user's own verdicts: one for each shape of a reason, which the rule's pattern is."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from ses_cli.errors import UsageError
from ses_cli.reasons.classifier import Classifier, Explanation
from ses_cli.reasons.decisions import Decision
from ses_cli.reasons.rule import Rule

_MOST_EXAMPLE = 1000  # characters: the pattern tells as much of a longer text
_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]|()]")


@dataclass(slots=True)
class Learned:
    """What became of decisions."""

    rules: list[Rule] = field(default_factory=list)
    undecided: int = 0  # still for review, as the rules leave it
    known: int = 0  # what the rules say already


def learn(decisions: Iterable[Decision], rules: Sequence[Rule]) -> Learned:
    """A rule for each decision that `rules`, those of the user's file first, do not make by themselves.

    Raises UsageError where two decisions contradict each other, or one would come to nothing.
    """
    before, learned = Classifier(rules), Learned()
    made: dict[str, Decision] = {}  # by shape
    for decision in decisions:
        now = before.explain(decision.reason)
        if decision.action == "review" and decision.cls == now.verdict.cls:
            learned.undecided += 1
        elif (decision.cls, decision.action) == (now.verdict.cls, now.verdict.action):
            learned.known += 1
        else:
            _refuse_contradiction(decision, made.setdefault(now.shape, decision))
    learned.rules = [_rule(text, decision) for text, decision in made.items()]
    own = [rule for rule in rules if rule.tier == "yours"]
    after = Classifier((*own, *learned.rules, *rules[len(own) :]))
    for decision in made.values():
        _check(decision, after.explain(decision.reason), own)
    return learned


def _rule(text: str, decision: Decision) -> Rule:
    if not text:
        raise UsageError(f"{decision.where}: no rule can be made for an empty reason", "leave it for review")
    return Rule(
        id=f"learned-{sha256(text.encode()).hexdigest()[:12]}",
        tier="yours",
        cls=decision.cls,
        action=decision.action,
        pattern=f"^{_SPECIAL.sub(lambda found: chr(92) + found[0], text)}$",
        example=decision.reason if len(decision.reason) <= _MOST_EXAMPLE else "",
    )


def _refuse_contradiction(decision: Decision, other: Decision) -> None:
    if decision[2:] != other[2:]:
        raise UsageError(
            f"{decision.where}: contradicts {other.where} ({other.cls}, {other.action})",
            "the two texts differ in addresses, hosts, numbers or ids only, which rules do not see",
        )


def _check(decision: Decision, found: Explanation, own: Iterable[Rule]) -> None:
    """Whether the rules, with what was learned, say what was decided."""
    verdict = found.verdict
    if (verdict.cls, verdict.action) == (decision.cls, decision.action):
        return
    if any(rule.id == verdict.rule for rule in own):
        raise UsageError(f"{decision.where}: your rule {verdict.rule} already decides this text", "change that rule")
    raise UsageError(f"{decision.where}: {decision.action} cannot be learned: {found.note}")


def write_rules(rules: Iterable[Rule]) -> Iterator[str]:
    """The rules as a file for `--rules`."""
    for number, rule in enumerate(rules):
        lines = ["[[rule]]", f'id = "{rule.id}"', f"pattern = {_quoted(rule.pattern)}"]
        lines += [f'class = "{rule.cls}"', f'action = "{rule.action}"']
        lines += [f"example = {_quoted(rule.example)}"] if rule.example else []
        yield ("\n" if number else "") + "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML string: as it is where that can be, else with escapes."""
    if "'" not in text and text.isprintable():
        return f"'{text}'"
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
