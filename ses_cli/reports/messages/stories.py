"""The whole story of each message that was selected: a support person's answer to "where is my mail?"."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING, Self

from ses_cli.batch import Batch
from ses_cli.callback import Callback
from ses_cli.errors import UsageError
from ses_cli.events import HARD, SOFT
from ses_cli.identity import message_key
from ses_cli.message import Sent, Step, Totals, sent_time, step
from ses_cli.reasons import Verdict
from ses_cli.reports.addresses import classifier
from ses_cli.reports.messages import counts, story_table
from ses_cli.reports.messages.rows import NAMES, row
from ses_cli.reports.messages.story import StepKey, Story, fuller, step_key
from ses_cli.table import Data, Table
from ses_cli.times import zone_name

if TYPE_CHECKING:
    from pathlib import Path

MOST = 100_000  # callbacks held


@dataclass(slots=True)
class _Known:
    """The callbacks of one message, how often each came, and the best that any of them knows of its sending."""

    callbacks: dict[StepKey, Callback] = field(default_factory=dict)
    seen: Counter[StepKey] = field(default_factory=Counter)
    sent: tuple[Sent, int] = (Sent.NOTHING, 0)  # the time negated: of those known alike the earliest counts


@dataclass(slots=True)
class Stories:
    """A fold over the callbacks selected, each held once. `top` messages are shown, the newest; None for all."""

    tz: tzinfo | None = None
    top: int | None = field(default=20, compare=False)
    rules: Path | None = None  # the user's own, tried first
    _known: dict[tuple[str, str], _Known] = field(default_factory=dict)
    _held: int = 0

    def add(self, batch: Batch) -> None:
        """Takes in the callbacks of a batch."""
        for record in batch.callbacks():
            time, known_from = sent_time(record)
            self._meet(message_key(record), step_key(record), record, 1, (known_from, -time))

    def merge(self, later: Self) -> None:
        """Takes in what another one holds."""
        for message, known in later._known.items():
            for key, record in known.callbacks.items():
                self._meet(message, key, record, known.seen[key], known.sent)

    def _meet(self, message: tuple[str, str], key: StepKey, record: Callback, n: int, sent: tuple[Sent, int]) -> None:
        known = self._known.setdefault(message, _Known())
        other = known.callbacks.get(key)
        known.callbacks[key] = record if other is None else fuller(record, other)
        known.seen[key] += n
        known.sent = max(known.sent, sent)
        self._held += other is None
        if self._held > MOST:
            raise UsageError(
                f"more than {MOST:,} callbacks match: too many to tell the story of each message",
                "select fewer, with --since for example",
            )

    def stories(self) -> list[Story]:
        """The messages in the order of their beginning."""
        found = [
            Story(bulk_id, email, known.callbacks, known.sent, known.seen.total() - len(known.seen))
            for (bulk_id, email), known in self._known.items()
        ]
        return sorted(found, key=lambda story: (story.life.since, story.bulk_id, story.email))

    def totals(self) -> Totals:
        """What they come to."""
        totals = Totals()
        for story in self.stories():
            totals.add(story.life)
        return totals

    def document(self) -> dict[str, object]:
        """The counts and times of these messages, as of all, and `stories`; `tz` is that of the conclusions."""
        stories = [story_table.document(story, self._judge, self.tz) for story in self.stories()]
        return {"tz": zone_name(self.tz), **counts.document(self.totals()), "groups": [], "stories": stories}

    def data(self) -> Data:
        """One row a message."""
        return Data(NAMES, (row(story.bulk_id, story.email, story.life, self.tz) for story in self.stories()))

    def tables(self) -> list[Table]:
        """One table a message, the newest last."""
        return [story_table.table(story, self._judge, self.tz) for story in self._shown(self.stories())]

    def headline(self) -> str:
        """How many messages there are, for people."""
        stories = self.stories()
        left = len(stories) - len(self._shown(stories))
        said = f"{len(stories):,} {'message' if len(stories) == 1 else 'messages'}"
        return f"{said}, the newest {self.top} shown: --top all shows them all" if left else said

    def _shown(self, stories: list[Story]) -> list[Story]:
        return stories if self.top is None else stories[-self.top :]

    def _judge(self, record: Callback) -> Verdict:
        kind = {Step.HARD_BOUNCE: HARD, Step.SOFT_BOUNCE: SOFT, Step.DEFERRED: SOFT}.get(step(record))
        return classifier(self.rules).classify(record.reason or "", kind, record.email)
