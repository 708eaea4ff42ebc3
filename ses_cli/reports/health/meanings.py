"""Why mail failed: what its reason means, and an example of that."""

from pathlib import Path
from typing import NamedTuple

from ses_cli.callback import Callback
from ses_cli.events import SOFT
from ses_cli.reasons.own import hide, reveal
from ses_cli.reports.addresses import classifier

HOUR = 3600
FAILURES = frozenset({"bounce", "dropped", "deferred"})  # events whose reasons are read
_LONGEST = 200  # characters of a sample that are kept
_MOST_KNOWN = 1 << 14  # reasons whose meaning is remembered
_ADDRESS = "<address>"  # stands for the recipient's own in a sample

# sender domain, recipient domain, template, hour since 1970: the hours of UTC+8 are the same
Place = tuple[str | None, str, int | None, int]
Sample = tuple[int, str]  # the time and the text of a reason


class Meaning(NamedTuple):
    """Why mail failed."""

    event: str  # one of FAILURES
    cls: str
    action: str
    rule: str  # "" where no rule knew the reason


_known: dict[tuple[str, str, str | None, str, Path | None], tuple[Meaning, str]] = {}


def meaning_of(record: Callback, name: str, rules: Path | None) -> tuple[Meaning, str]:
    """What the reason of a failure means, and its text without the recipient's address."""
    reason = record.reason or ""
    hidden = hide(reason, record.email)
    key = record.event, hidden, record.bounce_type, name, rules
    found = _known.get(key)
    if found is None:
        cls, action, rule, *_ = classifier(rules).judge(hidden, record.bounce_type == SOFT, record.email)[0]
        found = Meaning(record.event, cls, action, rule), reveal(hidden, _ADDRESS)[:_LONGEST]
        if "@" in hidden or len(hidden) > _LONGEST:
            return found  # of a text with other addresses the meaning depends on the recipient's
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = found
    return found
