"""Why mail failed: what its reason means."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from ses_cli.batch.collected import Cause
from ses_cli.events import SOFT
from ses_cli.reports.addresses import classifier

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600
_LONGEST = 200  # characters of a reason whose meaning is remembered
_MOST_KNOWN = 1 << 14  # reasons whose meaning is remembered

Place = tuple[str | None, str, int | None]  # sender domain, recipient domain, template


class Meaning(NamedTuple):
    """Why mail failed."""

    event: str  # bounce, dropped or deferred
    cls: str
    action: str
    rule: str  # "" where no rule knew the reason


class Judge:
    """Tells what reasons mean, by numbers that are the same in every process: see `ses_cli.batch.Judge`."""

    def __init__(self, rules: Path | None) -> None:
        self._rules = rules
        self._known: dict[tuple[str, str | None, str, str], int] = {}
        self.meanings: dict[int, Meaning] = {}  # by the number that stands for each

    def __call__(self, causes: Sequence[Cause]) -> list[int]:
        return list(map(self._number, causes))

    def _number(self, cause: Cause) -> int:
        event, bounce_type, hidden, _, email = cause
        known = self._known.get(cause[:4])
        if known is None:
            cls, action, rule, *_ = classifier(self._rules).classify_hidden(hidden, bounce_type == SOFT, email)[0]
            meaning = Meaning(event, cls, action, rule)
            known = int.from_bytes(blake2b("\0".join(meaning).encode(), digest_size=8).digest())
            self.meanings[known] = meaning
            if "@" in hidden or len(hidden) > _LONGEST:
                return known  # of a text with other addresses the meaning depends on the recipient's
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[cause[:4]] = known
        return known


@cache
def judge_of(rules: Path | None) -> Judge:
    """One for each process: engines remember what it said."""
    return Judge(rules)
