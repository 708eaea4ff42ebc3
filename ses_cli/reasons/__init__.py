"""What a bounce reason means, and what to do about it: rules as data, applied in order of evidence."""

from ses_cli.reasons.classes import ACTIONS, CLASSES, DEFAULT_ACTIONS, TIERS
from ses_cli.reasons.classifier import Classifier, Explanation
from ses_cli.reasons.codes import Code
from ses_cli.reasons.rule import Rule
from ses_cli.reasons.rules import load_rules
from ses_cli.reasons.text import shape
from ses_cli.reasons.verdict import Verdict

__all__ = [
    "ACTIONS",
    "CLASSES",
    "DEFAULT_ACTIONS",
    "TIERS",
    "Classifier",
    "Code",
    "Explanation",
    "Rule",
    "Verdict",
    "load_rules",
    "shape",
]
