"""From the rule that decided to a verdict: what may soften its action, and the second opinion on it."""

from collections.abc import Sequence
from typing import NamedTuple

from ses_cli.reasons.classes import DEFAULT_ACTIONS
from ses_cli.reasons.codes import Code, is_temporary
from ses_cli.reasons.guard import objection, says_nothing
from ses_cli.reasons.opinion import SURE, UNLIKELY, model
from ses_cli.reasons.rule import Rule

OPINION = "second-opinion"  # stands for the id of a rule where no rule decided
_WEAK = ("broad-code", "hint", "reply", "")  # tiers that a second opinion may overrule
_CLASSES = {  # of an action that no rule gave
    "retry": "server-error",
    "fix-sender": "sender-reputation",
    "fix-content": "spam-content",
    "review": "policy",
}


class Verdict(NamedTuple):
    """What a reason means; "" where there is none."""

    cls: str  # a key of CLASSES
    action: str  # a key of ACTIONS
    rule: str  # the id of the rule that decided
    reply_code: str
    enhanced_code: str


def decide(
    rule: Rule | None, codes: Sequence[Code], soft: bool, text: str, second_opinion: bool
) -> tuple[Verdict, str]:
    """The verdict where this rule came first, and why its action is another if it is."""
    reply = next((code.code for code in codes if code.kind == "reply"), "")
    enhanced = _telling([code.code for code in codes if code.kind == "enhanced"], rule)
    verdict = Verdict("unclassified", "review", "", reply, enhanced)
    if rule is not None:
        verdict = verdict._replace(cls=rule.cls, action=rule.action, rule=rule.id)
    temporary = soft or is_temporary(reply, enhanced)
    if temporary and (verdict.action == "suppress" or verdict.cls == "unclassified"):
        why = "a soft bounce alone kills no address" if soft else "class 4 is temporary"
        return verdict._replace(action="retry"), f"{verdict.action} became retry: {why}"
    if is_temporary(reply, enhanced) and rule is not None and rule.tier in _WEAK and verdict.action == "review":
        return verdict._replace(action="retry"), "review became retry: class 4 is temporary"
    if rule is not None and rule.tier == "yours":
        return verdict, ""
    note = ""
    if rule is not None and not temporary and (why := objection(text, rule.action, rule.tier)):
        verdict, note = verdict._replace(action="review"), f"{rule.action} became review: {why}"
    return _reconsider(verdict, note, rule.tier if rule else "", text) if second_opinion else (verdict, note)


def _reconsider(verdict: Verdict, note: str, tier: str, text: str) -> tuple[Verdict, str]:
    """The verdict after the second opinion: it doubts a suppress, and overrules other actions for weak reasons."""
    if verdict.action == "suppress":
        if tier == "receiver" or model().ask(text).suppress >= UNLIKELY:
            return verdict, note
        return verdict._replace(action="review"), "suppress became review: the words are like those of other reasons"
    if tier not in _WEAK or says_nothing(text):
        return verdict, note
    found = model().ask(text)
    if found.share < SURE or found.action == verdict.action:
        return verdict, note
    cls = verdict.cls if DEFAULT_ACTIONS[verdict.cls] == found.action else _CLASSES[found.action]
    return (
        verdict._replace(cls=cls, action=found.action, rule=OPINION),
        f"{verdict.action} became {found.action}: the words are most like those of such reasons",
    )


def _telling(codes: Sequence[str], rule: Rule | None) -> str:
    """The enhanced code that decided, else the first that says more than its class, else the first."""
    if rule is not None:
        for code in codes:
            if code in rule.codes:
                return code
    return next((code for code in codes if not code.endswith(".0")), codes[0] if codes else "")
