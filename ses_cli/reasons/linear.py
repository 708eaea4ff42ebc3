"""Refusing patterns whose search could take more than a bounded number of steps at each place of a text."""

import re

STEPS = 65_536  # the most ways in which one pattern may spread its gaps from one place, counted pessimistically

_TOKEN = re.compile(
    r"\\(?P<back>[1-9])|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<named>\(\?P=)|(?P<flags>\(\?[aiLmsux-]+\))"
    r"|(?P<open>\((?:\?(?:[:=!>]|<[=!]|P<\w+>|[aiLmsux-]+:))?)"
    r"|(?P<close>\))|(?P<branch>\|)|(?P<endless>[*+]|\{\d*,\})|(?P<maybe>\?)|\{(?:\d*,)?(?P<most>\d+)\}|.",
    re.DOTALL,
)


def why_slow(pattern: str) -> str:
    """Why a search could be slow, "" if it cannot: the ways of gaps multiply along a branch."""
    groups: list[tuple[int, int]] = []  # of each open group around: the most ways of a branch, the ways before it
    most_ways, ways, previous = 1, 1, ""
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup or ""
        if kind == "endless":
            return f'"{token[0]}" repeats without end'
        if kind in {"back", "named"}:
            return "a back reference"
        if kind == "most" and int(token["most"]) > 1:
            if previous == "close":
                return "a repeated group"
            ways *= int(token["most"])
        elif kind == "maybe" and previous not in {"maybe", "most"}:
            ways *= 2
        elif kind == "open":
            groups.append((most_ways, ways))
            most_ways = ways = 1
        elif kind == "branch":
            most_ways, ways = max(most_ways, ways), 1
        elif kind == "close" and groups:
            inside = max(most_ways, ways)
            most_ways, ways = groups.pop()
            ways *= inside
        previous = kind
    return "" if max(most_ways, ways) <= STEPS else "too many gaps"
