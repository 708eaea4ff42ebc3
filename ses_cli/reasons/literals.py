"""What a text has to hold for a pattern to match: looked for first, for most patterns match few texts.

Compiling the patterns of all rules takes longer than reading half a million callbacks.
"""

import re
from collections.abc import Iterator

Literals = tuple[str, ...]  # one of them stands in whatever matches; () where that is not clear

_SPECIAL = "|([.^$*+?{\\)"
_OPTIONAL = "*?{"  # what they follow may be missing
_SHORT = 2  # bytes: fewer are in nearly every text
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
        is_plain = text[0] not in _SPECIAL or (text[0] == "\\" and not text[1].isalnum())
        if text[0] not in _OPTIONAL:
            best = _better(best, group)
        elif run:
            run = run[:-1]
        group = ()
        if is_plain:
            run += token[1] or text
            continue
        best, run = _better(best, (run,)), ""
        if text[0] == "(":
            inner = [literals for _, literals in _branches(tokens)]
            if text in ("(", "(?:") and all(inner):  # not what looks ahead or back
                group = tuple(literal for literals in inner for literal in literals)
        elif text in ("|", ")"):
            found.append((token.start(), best))
            best = ()
            if text == ")":
                break
    return found


def _better(one: Literals, other: Literals) -> Literals:
    """Those of which the shortest is longer."""
    return other if _telling(other) > max(_telling(one), _SHORT - 1) else one


def _telling(literals: Literals) -> int:
    return min((len(literal.encode()) for literal in literals), default=0)
