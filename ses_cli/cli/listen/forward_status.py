"""What is said of forwarding: how many callbacks wait, since when, why, and when sending is tried again."""

import json
import time
from dataclasses import dataclass, field
from math import ceil

from ses_cli.replay.result.status import Status
from ses_cli.times import local, zone_name

_SOON = 1.0  # seconds: a handler that takes nothing for so long is worth a line


@dataclass(slots=True)
class ForwardStatus:
    """How forwarding stands, over all processes that did it for one receiver."""

    now: Status = field(default_factory=lambda: Status(0, 0))
    since: float | None = None  # Unix seconds, when the handler stopped taking callbacks
    _before: tuple[int, int] = (0, 0)  # forwarded and refused by processes that have ended

    def update(self, line: str) -> bool:
        """Takes in a line of `--status-fd`. Whether what is to be said has changed."""
        before = str(self)
        self.now = Status(**json.loads(line))
        if self.now.failing is None:
            self.since = None
        elif self.since is None:
            self.since = time.time() - self.now.failing
        return str(self) != before

    def restart(self) -> None:
        """Another process begins."""
        self._before = self.forwarded, self.refused
        self.now = Status(0, 0, self.now.waiting, self.now.is_all)
        self.since = None

    @property
    def forwarded(self) -> int:
        """Callbacks that the handler took."""
        return self._before[0] + self.now.delivered

    @property
    def refused(self) -> int:
        """Callbacks that it did not take, and that are not tried again by this process."""
        return self._before[1] + self.now.failed

    @property
    def is_down(self) -> bool:
        """Whether the handler has taken nothing for a while."""
        return (self.now.failing or 0) >= _SOON

    def __str__(self) -> str:
        now = self.now
        if self.since is not None and self.is_down:
            return f"forwarding: {self.waiting} since {_shown(self.since)}, {_next(now)}"
        return f"forwarding: {self.totals}" + (f", {self.waiting}" if now.waiting else "")

    @property
    def waiting(self) -> str:
        """How many wait."""
        return f"{'' if self.now.is_all else 'at least '}{self.now.waiting:,} waiting"

    @property
    def totals(self) -> str:
        """How many are done."""
        return f"{self.forwarded:,} forwarded" + (f", {self.refused:,} refused" if self.refused else "")


def _next(now: Status) -> str:
    when = f"in {ceil(now.retry_in)} s" if now.retry_in else "now"
    return f"retrying {when}" + (f" ({now.cause})" if now.cause else "")


def _shown(timestamp: float) -> str:
    return f"{local(timestamp, None):%H:%M:%S} {zone_name(None)}"
