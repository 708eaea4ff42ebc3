"""Patterns that are compiled when a text may match them: compiling all takes longer than reading a short log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from ses_cli.reasons.literals import CAPITAL, Literals
from ses_cli.reasons.ready import split


class Pattern:
    """A pattern for shapes of reasons, of whose literals one stands in whatever it matches."""

    def __init__(self, pattern: str, literals: Literals = ()) -> None:
        self._pattern = pattern
        self.literals = literals or ("",)

    def is_in(self, text: str) -> bool:
        """Whether a text matches."""
        for literal in self.literals:
            if literal in text:
                return self.compiled.search(text) is not None
        return False

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """Shapes are in lower case, so only a pattern with capitals ignores case."""
        return re.compile(self._pattern, re.IGNORECASE if CAPITAL.search(self._pattern) else 0)


class Phrases:
    """Alternatives, searched as the one pattern `before(?:one|other)after` would be. None matches an empty text."""

    def __init__(self, pattern: str, before: str = "", after: str = "") -> None:
        self.pattern = pattern
        self.before, self.after = before, after

    @cached_property
    def _parts(self) -> list[Pattern]:
        return [Pattern(f"{self.before}(?:{one}){self.after}", literals) for one, literals in split(self.pattern)]

    @cached_property
    def _literals(self) -> list[tuple[str, int]]:
        """Each with the place of its part."""
        return [(literal, place) for place, part in enumerate(self._parts) for literal in part.literals]

    def _compiled(self, text: str) -> list[re.Pattern[str]]:
        """Those that may match."""
        places = {place for literal, place in self._literals if literal in text}
        return [self._parts[place].compiled for place in sorted(places)]

    def search(self, text: str) -> re.Match[str] | None:
        """The first match; of several at one place that of the first alternative."""
        return _first(pattern.search(text) for pattern in self._compiled(text))

    def sub(self, replacement: str, text: str) -> str:
        """The text with a replacement for each match."""
        patterns = self._compiled(text)
        found: list[str] = []
        at = 0
        while match := _first(pattern.search(text, at) for pattern in patterns):
            found += text[at : match.start()], replacement
            at = match.end()
        return "".join((*found, text[at:]))


def _first(matches: Iterable[re.Match[str] | None]) -> re.Match[str] | None:
    return min(filter(None, matches), key=re.Match.start, default=None)
