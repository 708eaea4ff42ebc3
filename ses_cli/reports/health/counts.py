"""Records counted by sender and recipient domain, template and hour; failures by their meaning."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self, TypeVar, cast

from ses_cli.batch import SLOT, Batch, Collected
from ses_cli.batch import Counts as Counted
from ses_cli.batch import Key as BatchKey
from ses_cli.callback import Callback
from ses_cli.events import SOFT
from ses_cli.identity import domain, from_domain
from ses_cli.reasons.own import hide, reveal
from ses_cli.reports.addresses import classifier
from ses_cli.reports.tally import kind

HOUR = 3600
FAILURES = frozenset({"bounce", "dropped", "deferred"})  # events whose reasons are read
_KEYS = (
    BatchKey.EVENT,
    BatchKey.BOUNCE_TYPE,
    BatchKey.FROM_DOMAIN,
    BatchKey.DOMAIN,
    BatchKey.TEMPLATE,
    BatchKey.SLOT,
)
_SLOTS = HOUR // SLOT
_LONGEST = 200  # characters of a sample that are kept
_MOST_KNOWN = 1 << 14  # reasons whose meaning is remembered
_ADDRESS = "<address>"  # stands for the recipient's own in a sample

# sender domain, recipient domain, template, hour since 1970: the hours of UTC+8 are the same
Place = tuple[str | None, str, int | None, int]
_Groups = Mapping[tuple[str, str | None, str | None, str, int | None, int], int]  # by _KEYS
Sample = tuple[int, str]  # the time and the text of a reason


class Meaning(NamedTuple):
    """Why mail failed."""

    event: str  # one of FAILURES
    cls: str
    action: str
    rule: str  # "" where no rule knew the reason


@dataclass(slots=True)
class Counts:
    """What a part of a log holds."""

    rules: Path | None = None
    _records: dict[tuple[str, Place], int] = field(default_factory=dict)  # by event, bounces by their type
    _collected: Collected | None = None  # what the engine holds besides
    failures: dict[tuple[Meaning, Place], int] = field(default_factory=dict)
    samples: dict[tuple[str, Meaning], Sample] = field(default_factory=dict)  # the newest, by recipient domain
    last: int | None = None  # Unix seconds

    def add(self, batch: Batch) -> None:
        """Counts the records of a batch."""
        period = batch.period()
        if period is None:
            return
        self.last = period[1] if self.last is None else max(self.last, period[1])
        collected = batch.collect(_KEYS, self._collected)
        if collected is None:
            self._enter(batch.counts(_KEYS))
        else:
            self._collected = collected
        self._read(batch.callbacks(FAILURES))

    @property
    def records(self) -> Mapping[tuple[str, Place], int]:
        """Records by event, bounces by their type, and place."""
        collected, self._collected = self._collected, None
        if collected is not None:
            self._enter(collected.counts())
        return self._records

    def _enter(self, counts: Counted) -> None:
        records = self._records
        for (event, bounce_type, sender, name, template, slot), n in cast(_Groups, counts).items():
            key = kind(event, bounce_type), (sender, name, template, slot // _SLOTS)
            records[key] = records.get(key, 0) + n

    def _read(self, records: Iterable[Callback]) -> None:
        """Takes in failures by what their reasons mean."""
        failures = self.failures
        for record in records:
            name = domain(record.email)
            meaning, sample = meaning_of(record, name, self.rules)
            key = meaning, (from_domain(record) or None, name, record.template_id or None, record.timestamp // HOUR)
            failures[key] = failures.get(key, 0) + 1
            self._sample((name, meaning), (record.timestamp, sample))

    def _sample(self, key: tuple[str, Meaning], sample: Sample) -> None:
        known = self.samples.get(key)
        if known is None or sample > known:
            self.samples[key] = sample

    def merge(self, later: Self) -> None:
        """Counts what was counted later, which is spent then."""
        if later.last is not None:
            self.last = later.last if self.last is None else max(self.last, later.last)
        if self._collected is None:
            self._collected = later._collected
        elif later._collected is not None:
            self._collected.merge(later._collected)
        later._collected = None
        _merge(self._records, later._records)
        _merge(self.failures, later.failures)
        for key, sample in later.samples.items():
            self._sample(key, sample)

    def __getstate__(self) -> object:
        """Copies, and what goes to another process, hold the counts themselves."""
        _ = self.records
        return object.__getstate__(self)


K = TypeVar("K")


def _merge(mine: dict[K, int], theirs: Mapping[K, int]) -> None:
    if not mine:
        mine.update(theirs)
        return
    for key, n in theirs.items():
        mine[key] = mine.get(key, 0) + n


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
