"""How a replay stands, for the process that started it: a line of JSON when that has changed, and one at the end."""

import json
import os
from contextlib import suppress
from dataclasses import asdict

from ses_cli.follow import Backlog, Follower, LinesBehind
from ses_cli.replay.result.report import ReplayReport, RunEnd, Snapshot
from ses_cli.replay.result.status import Status

_PERIOD = 0.5  # seconds between two lines


class StatusWriter:
    """Writes to a descriptor. A reader that is gone, or too slow, holds up nothing."""

    def __init__(self, fd: int, follower: Follower) -> None:
        self._fd = fd
        self._follower = follower
        self._backlog = Backlog(follower)
        self._next = 0.0
        self._last: Status | None = None
        os.set_blocking(fd, False)

    def look(self, now: Snapshot, report: ReplayReport) -> None:
        """Is called often; writes seldom."""
        if now.seconds < self._next:
            return
        self._next = now.seconds + _PERIOD
        self._write(self._status(now, report))

    def end(self, report: ReplayReport) -> None:
        """It ended in order, and how."""
        count = self._backlog.count()
        is_all = count.is_all and report.end is not RunEnd.JOURNAL
        failed, waiting = report.failed + report.unknown, report.unsent + count.lines
        self._write(Status(report.delivered, failed, waiting, is_all, end=report.end.value))

    def _status(self, now: Snapshot, report: ReplayReport) -> Status:
        is_behind = now.failing is not None or not self._follower.is_waiting
        count = self._backlog.count() if is_behind else LinesBehind(0)
        return Status(
            delivered=now.delivered,
            failed=report.failed + report.unknown,
            waiting=now.waiting + count.lines,
            is_all=count.is_all,
            failing=now.failing,
            retry_in=now.retry_in,
            cause=now.cause,
        )

    def _write(self, status: Status) -> None:
        if status != self._last:
            self._last = status
            with suppress(OSError):
                os.write(self._fd, json.dumps(asdict(status)).encode() + b"\n")
