"""What a text has to hold for a pattern to match: looked for first, for most patterns match few texts.

Compiling the patterns of all rules takes longer than reading half a million callbacks.
"""

import re
from collections.abc import Iterator

Literals = tuple[str, ...]  # one of them stands in whatever matches; () where that is not clear

_SPECIAL = "|([.^$*+?{\\)"
_OPTIONAL = "*?{"  # what they follow may be missing
_SHORT = 2  # letters: a single one is in nearly every text, unless it is a Chinese one
_TOKEN = re.compile(r"[^\\\[(){|.^$*+?]+|\\(.)|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[^}]*\}|\((?:\?(?::|<?[!=]))?|.", re.DOTALL)
_FLAGS = re.compile(r"\(\?[a-zA-Z-]+[:)]|\(\?P=|\\[1-9]")  # what makes more of a pattern than its alternatives
CAPITAL = re.compile(r"(?<!\\)[A-Z]")  # matched whatever its case; and not an escape such as \S


def alternatives(pattern: str) -> Iterator[tuple[str, Literals]]:
    r"""The alternatives of a pattern, each with texts of which one stands in whatever it matches.

    `(?:ip|domain) limit(?:ed)?|(?:no|bad) cs\d` has two: the first with " limit", the second with " cs".
    """
    if _FLAGS.search(pattern) or CAPITAL.search(pattern):
        yield pattern, ()
        return
    begin = 0
    for end, literals in _branches(_TOKEN.finditer(pattern + ")")):
        yield pattern[begin:end], literals
        begin = end + 1


def _branches(tokens: Iterator[re.Match[str]]) -> list[tuple[int, Literals]]:
    """The alternatives up to the end of a group: where each one ends, and the literals that tell it best."""
    found: list[tuple[int, Literals]] = []
    best: Literals = ()
    group: Literals = ()  # of the group just read, until it is clear that it is not optional
    run = ""  # of plain text
    for token in tokens:
        text = token[0]
        first = text[0]
        if first in _OPTIONAL:
            run = run[:-1]
        elif group:
            best = _better(best, group)
        group = ()
        if first not in _SPECIAL or (first == "\\" and not text[1].isalnum()):
            run += token[1] or text
            continue
        if run:
            best, run = _better(best, (run,)), ""
        if first == "(":
            inner = [literals for _, literals in _branches(tokens)]
            if text in ("(", "(?:") and all(inner):  # not what looks ahead or back
                group = tuple(literal for literals in inner for literal in literals)
        elif first in "|)":
            found.append((token.start(), best))
            best = ()
            if first == ")":
                break
    return found


def _better(one: Literals, other: Literals) -> Literals:
    """Those of which the shortest is longer."""
    return other if _telling(other) > max(_telling(one), _SHORT - 1) else one


def _telling(literals: Literals) -> int:
    """How much the one that tells least does."""
    return min([len(literal) if literal.isascii() else 3 * len(literal) for literal in literals], default=0)
