"""A second opinion: how much the words of a reason are like those of texts whose action is known.

A linear model over words, their first letters, pairs of words and codes: for each action, how much more often a word
stands in texts of that action than in others. Its numbers are counts over the labelled texts of this repository, which
`docs/train_opinion.py` writes. It never suppresses; it is asked where only weak evidence spoke, and whether it
contradicts a suppress.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import exp, log, sqrt
from typing import NamedTuple

from ses_cli.reasons.classes import ACTIONS

ORDER = tuple(ACTIONS)  # of the counts
SURE = 0.8  # the least share of an action that decides
UNLIKELY = 0.05  # a smaller share of suppress contradicts it
STEM = 5  # letters that a longer word is known by too: rejec-, unkno-, отпра-
FEWEST = 2  # known words or pairs without which there is no opinion

_WORD = re.compile(
    r"[45]\.\d{1,2}\.\d{1,3}|<(?:host|url):[^>]{1,80}>|<[a-z]{1,8}>|[a-z]{1,40}(?:'[a-z]{1,8})?|\d{3}|[^\x00-\x7f]{1,200}"
)


class Opinion(NamedTuple):
    """The action that a text is most like, and the shares of that and of suppress."""

    action: str  # never "suppress"; "" where too little of the text is known
    share: float
    suppress: float


class Model:
    """Counts of texts by action, in all and with each word: these as they are written, for few are asked for."""

    def __init__(self, totals: Sequence[int], counts: Mapping[str, str]) -> None:
        self._totals, self._counts = totals, counts
        self._weights: dict[str, tuple[float, ...]] = {}
        self._start = [log(total / sum(totals)) for total in totals]

    def ask(self, text: str) -> Opinion:
        """What the shape of a reason is most like."""
        found = [word for word in words(text) if word in self._counts]
        if len(found) < FEWEST:
            return Opinion("", 0.0, 1.0)
        scale = 1 / sqrt(len(found))
        columns = zip(*map(self._weigh, found), strict=True)
        sums = [start + scale * sum(column) for start, column in zip(self._start, columns, strict=True)]
        highest = max(sums)
        parts = [exp(value - highest) for value in sums]
        shares = dict(zip(ORDER, (part / sum(parts) for part in parts), strict=True))
        suppress = shares.pop("suppress")
        action = max(shares, key=shares.__getitem__)
        return Opinion(action, shares[action], suppress)

    def _weigh(self, word: str) -> tuple[float, ...]:
        """For each action, the logarithm of how much more often the word stands in its texts than in others."""
        weights = self._weights.get(word)
        if weights is None:
            counts, texts, more = _numbers(self._counts[word]), sum(self._totals), len(ORDER)
            every = sum(counts)
            weights = self._weights[word] = tuple(
                log((count + 1) / (total + more)) - log((every - count + 1) / (texts - total + more))
                for count, total in zip(counts, self._totals, strict=True)
            )
        return weights


def words(text: str) -> set[str]:
    """The words, codes, neighbours and stems of a shape; of Chinese, Japanese and Korean, pairs of characters."""
    found = list(_split(text))
    stems = (f"{word[:STEM]}-" for word in found if len(word) > STEM and word[0] != "<")
    return {*found, *stems, *(f"{one} {other}" for one, other in pairwise(found))}


def _split(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        if word.isascii() or not any(map(_is_unspaced, word)):
            yield word
        else:
            yield from (word[at : at + 2] for at in range(max(1, len(word) - 1)))


def _is_unspaced(character: str) -> bool:
    """Whether it is of a script that writes words without spaces: of such ranges `re` makes a table first, in 4 ms."""
    return "\u3040" <= character <= "\u30ff" or "\u4e00" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7af"


@cache
def model() -> Model:
    """The model of the package."""
    with open(os.path.join(os.path.dirname(__file__), "opinion.tsv"), encoding="utf-8", newline="\n") as file:
        cells = file.read().replace("\n", "\t").split("\t")  # at once: a list for each line takes longer
    table = dict(zip(cells[::2], cells[1::2], strict=False))  # the last cell is what follows the last line: nothing
    return Model(_numbers(table.pop("")), table)


def _numbers(written: str) -> tuple[int, ...]:
    return tuple(map(int, written.split()))
