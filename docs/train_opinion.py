"""Writes the counts of the second opinion, from the labelled texts: `python docs/train_opinion.py [FILE]`.

It learns from the golden cases, the phrases and the known texts of `tests/reasons/`, never from those held out.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from measure_reasons import TEXTS, cases

from ses_cli.reasons import shape
from ses_cli.reasons.opinion import ORDER, words

GOLDEN = TEXTS.parent / "golden"
PHRASES = TEXTS.parent / "phrases.tsv"
WEIGHTS = Path(__file__).parents[1] / "ses_cli" / "reasons" / "opinion.tsv"
LEAST = 2  # texts that a word has to stand in


def labelled() -> Iterator[tuple[str, str]]:
    """Reasons and their actions."""
    for path in sorted(GOLDEN.glob("*.jsonl")):
        for line in path.read_text("utf-8").split("\n"):
            if line:
                case = json.loads(line)
                yield case["reason"], case["action"]
    for line in PHRASES.read_text("utf-8").splitlines()[1:]:
        actions, phrase = line.split("\t")
        if " " not in actions:
            yield phrase, actions
    for _, found in cases("known"):
        yield from ((case.reason, case.accepted[0]) for case in found)


def counts(texts: Iterator[tuple[str, str]]) -> str:
    """For all texts together, and for each word: the number of texts of each action."""
    totals: Counter[str] = Counter()
    by_word: dict[str, Counter[str]] = {}
    for reason, action in dict(texts).items():
        totals[action] += 1
        for word in words(shape(reason)):
            by_word.setdefault(word, Counter())[action] += 1
    rows = {"": totals, **{word: by_word[word] for word in sorted(by_word) if by_word[word].total() >= LEAST}}
    return "".join(f"{word}\t{' '.join(str(row[action]) for action in ORDER)}\n" for word, row in rows.items())


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS).write_text(counts(labelled()), "utf-8")
