"""The built-in rules, and the alternatives of patterns with their literals, as `ready.tsv` has them.

To read the rules from TOML and to find the literals takes twenty times as long. `docs/make_reasons.py` writes the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple
from zlib import crc32

from ses_cli.reasons.literals import Literals, alternatives
from ses_cli.reasons.rule import Rule

TOML = os.path.join(os.path.dirname(os.path.dirname(__file__)), "reasons.toml")
READY = os.path.join(os.path.dirname(__file__), "ready.tsv")

Parts = list[tuple[str, Literals]]


class Ready(NamedTuple):
    """What the file has."""

    mark: str  # of the TOML that it was made of
    rules: tuple[Rule, ...]
    parts: dict[str, Parts]  # by pattern


def split(pattern: str) -> Parts:
    """The alternatives of a pattern, each with its literals: see `literals.alternatives`."""
    return _ready().parts.get(pattern) or list(alternatives(pattern))


def ready_rules() -> tuple[Rule, ...] | None:
    """The built-in rules; None where they have been changed since."""
    return _ready().rules if _ready().mark == mark() else None


def mark() -> str:
    """What tells one state of the rules from another."""
    with open(TOML, "rb") as toml:
        return str(crc32(toml.read()))


@cache
def _ready() -> Ready:
    with open(READY, encoding="utf-8", newline="\n") as file:
        head, *blocks = file.read().removesuffix("\n").split("\n\n")
    rules, parts = [], {}
    for block in blocks:
        first, *lines = block.split("\n")
        own = [(part, tuple(literals)) for part, *literals in (line.split("\t") for line in lines)]
        pattern = "|".join([part for part, _ in own])
        parts[pattern] = own
        if first != "-":
            name, tier, cls, action, codes, receiver, bound, example, source = first.split("\t")
            known = tuple(codes.split())
            rules.append(Rule(name, tier, cls, action, pattern, known, receiver, bound == "bound", example, source))
    return Ready(head, tuple(rules), parts)


def written(rules: Iterable[Rule], patterns: Iterable[str]) -> Iterator[str]:
    """The lines of the file: a block for each rule and each pattern, with a line for each alternative."""
    yield mark()
    for rule in rules:
        codes, bound = " ".join(rule.codes), "bound" if rule.bound else ""
        head = (rule.id, rule.tier, rule.cls, rule.action, codes, rule.receiver, bound, rule.example, rule.source)
        yield from ("", "\t".join(head), *_lines(rule.pattern))
    for pattern in patterns:
        yield from ("", "-", *_lines(pattern))


def _lines(pattern: str) -> Iterator[str]:
    return ("\t".join((part, *literals)) for part, literals in alternatives(pattern) if pattern)
