"""What a text has to hold for a pattern to match: looked for first, for most patterns match few texts.

Compiling the patterns of all rules takes longer than reading half a million callbacks.
"""

import re
from collections.abc import Iterator
from itertools import chain

Literals = tuple[str, ...]  # one of them stands in whatever matches; () where that is not clear

_SHORT = 1  # letters: one is in nearly every text
_NONE: tuple[Literals, int] = (), _SHORT  # with the length of the shortest
_TOKEN = re.compile(
    r"([^\\\[(){|.^$*+?]+)"  # plain text
    r"|\\(\W)"  # an escaped sign, which stands for itself
    r"|([*?]|\{[^}]*\})"  # what comes before it may be missing
    r"|(\((?:\?(?::|<?[!=]))?)"  # a group begins
    r"|([|)])"  # an alternative ends
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]|\\?.",  # one letter of many
    re.DOTALL,
)
_PLAIN, _ESCAPED, _OPTIONAL, _BEGIN, _END = range(1, 6)  # its groups
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
    """The alternatives up to the end of a group: where each ends, and those of its literals that tell most."""
    found: list[tuple[int, Literals]] = []
    best, length = _NONE
    group: Literals = ()  # those of the group just read, until it is clear that it may not be missing
    run = ""  # of plain text
    for token in tokens:
        kind = token.lastindex
        if kind == _OPTIONAL:
            run = run[:-1]
        elif group and (shortest := min(map(len, group))) > length:
            best, length = group, shortest
        group = ()
        if kind in (_PLAIN, _ESCAPED):
            run += token[kind]
            continue
        if len(run) > length:
            best, length = (run,), len(run)
        run = ""
        if kind == _BEGIN:
            inner = [literals for _, literals in _branches(tokens)]
            if token[0] in ("(", "(?:") and all(inner):  # not what looks ahead or back
                group = tuple(chain.from_iterable(inner))
        elif kind == _END:
            found.append((token.start(), best))
            best, length = _NONE
            if token[0] == ")":
                break
    return found
