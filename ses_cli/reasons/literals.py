"""What a text has to hold for a pattern to match: looked for first, for most patterns match few texts.

Compiling the patterns of all rules takes longer than reading half a million callbacks.
"""

import re
from collections.abc import Iterator

_SPECIAL = "|([.^$*+?{\\"
_SHORT = 3  # bytes: fewer are in nearly every text
_TOKEN = re.compile(r"[^\\\[(){|.^$*+?]+|\\(.)|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[^}]*\}|.", re.DOTALL)
_FLAGS = re.compile(r"\(\?[a-zA-Z-]+[:)]|\(\?P=|\\[1-9]")  # what makes more of a pattern than its alternatives
CAPITAL = re.compile(r"(?<!\\)[A-Z]")  # matched whatever its case; and not an escape such as \S


def alternatives(pattern: str) -> Iterator[tuple[str, str]]:
    r"""The alternatives of a pattern, each with a text that stands in whatever it matches, "" where that is not clear.

    `(?:ip|domain) frequency (?:is )?limited|connection denied\b` has two: with " frequency " and "connection denied".
    Groups are passed over: what stands in them may be optional.
    """
    if _FLAGS.search(pattern) or CAPITAL.search(pattern):
        yield pattern, ""
        return
    begin, depth, run, longest = 0, 0, "", ""
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if depth:
            depth += (text == "(") - (text == ")")
            continue
        if text[0] not in _SPECIAL or (text[0] == "\\" and not text[1].isalnum()):
            run += token[1] or text
            continue
        longest, run = max(longest, run[:-1] if text[0] in "*?{" else run, key=len), ""
        if text == "|":
            yield pattern[begin : token.start()], _telling(longest)
            begin, longest = token.end(), ""
        depth = text == "("
    longest = max(longest, run, key=len)
    yield pattern[begin:], _telling(longest)


def _telling(text: str) -> str:
    return text if len(text.encode()) >= _SHORT else ""
