"""What came of a replay, and how it stands while it runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ses_cli.errors import SesEventsError
from ses_cli.replay.job import Attempt
from ses_cli.replay.result.histogram import Histogram


class RunEnd(StrEnum):
    """Why a run ended."""

    DONE = "done"  # the log was sent to its end
    INTERRUPTED = "interrupted"
    GAVE_UP = "gave-up"  # the target failed for too long
    GONE = "gone"  # it answered 410
    REDIRECTED = "redirected"  # it answered 3xx, and nothing else before
    JOURNAL = "journal"  # the journal could not be written


class Snapshot(NamedTuple):
    """How a run stands."""

    seconds: float
    skipped: int
    delivered: int  # and on disk in the journal
    failed: int
    retries: int
    in_flight: int
    held: float  # seconds until anything is sent again: the breaker is open, or the target asked to wait
    waiting: int  # callbacks that were read and are neither delivered nor failed
    failing: float | None  # seconds since the target began to take nothing; None: it does
    retry_in: float  # seconds until the next attempt, where nothing is in flight
    p99: float | None  # latency, seconds
    cause: str  # why the last attempt failed that did, in a few words; "" for none


@dataclass(slots=True)
class FailureCause:
    """Callbacks that were given up on for one cause, and the first of them."""

    cause: str
    count: int
    source: str
    line: int
    id: str
    detail: str


@dataclass(slots=True)
class ReplayReport:
    """What came of it."""

    delivered: int = 0
    failed: int = 0  # given up on, and known not to be delivered
    skipped: int = 0  # delivered by an earlier run, as the journal says
    unknown: int = 0  # an attempt had no answer, in this run or, with `--unknown skip`, in one before
    unsent: int = 0  # not tried to the end since the run ended
    is_counted: bool = True  # whether that is all of them: the log was read to its end
    retries: int = 0  # attempts beyond the first
    resent: int = 0  # sent again, for their outcome in an earlier run was unknown
    failed_before: int = 0  # sent again, for they failed in an earlier run
    attempts: int = 0
    statuses: Counter[int | str] = field(default_factory=Counter)  # of attempts; else what kept it from one
    latency: Histogram = field(default_factory=Histogram)
    lateness: Histogram = field(default_factory=Histogram)  # of first attempts, where there is a pace
    seconds: float = 0.0
    failures: dict[str, FailureCause] = field(default_factory=dict)
    errors: list[SesEventsError] = field(default_factory=list)  # of the log and the journal
    end: RunEnd = RunEnd.DONE
    paced: bool = False
    cause: str = ""  # of the last attempt that failed
    detail: str = ""  # what was said to it

    @property
    def selected(self) -> int:
        """All that was to be sent, as far as it is known."""
        return self.delivered + self.failed + self.skipped + self.unknown + self.unsent

    @property
    def rate(self) -> float:
        """Deliveries a second."""
        return self.delivered / self.seconds if self.seconds else 0.0

    @property
    def reason(self) -> str:
        """Why the last attempt failed that did, in a few words; "" for none."""
        return self.cause if self.cause.startswith("status ") else self.detail or self.cause

    def count(self, attempts: Sequence[Attempt]) -> None:
        """Take in how attempts ended."""
        self.attempts += len(attempts)
        jobs, statuses, errors, seconds, details, *_ = zip(*attempts, strict=True)
        self.retries += sum([job.attempt > 1 for job in jobs])
        self.latency.add(seconds)
        if min(statuses) >= 200 and max(statuses) < 300:
            self.statuses.update(statuses)
            return
        self.statuses.update([error or status for error, status in zip(errors, statuses, strict=True)])
        for status, error, detail in zip(statuses, errors, details, strict=True):
            if not 200 <= status < 300:
                self.cause, self.detail = error or f"status {status}", detail

    def fail(self, attempt: Attempt, is_unknown: bool) -> None:
        """Take in that there is no further attempt. Cause and detail are those of the last one."""
        job, cause = attempt.job, attempt.error or f"status {attempt.status}"
        self.failed += not is_unknown
        self.unknown += is_unknown
        if cause in self.failures:
            self.failures[cause].count += 1
        else:
            self.failures[cause] = FailureCause(cause, 1, job.source, job.entry.line, job.id, attempt.detail)

    def causes(self) -> list[FailureCause]:
        """The failures, the most frequent cause first."""
        return sorted(self.failures.values(), key=lambda failure: -failure.count)

    def document(self) -> dict[str, object]:
        """The numbers as the JSON document has them: durations in milliseconds."""
        return {
            "selected": self.selected,
            "delivered": self.delivered,
            "failed": self.failed,
            "skipped": self.skipped,
            "unknown": self.unknown,
            "unsent": self.unsent,
            "counted": self.is_counted,
            "resent": self.resent,
            "attempts": self.attempts,
            "statuses": {str(status): self.statuses[status] for status in sorted(self.statuses, key=str)},
            "latency_ms": quantiles(self.latency),
            "lateness_ms": quantiles(self.lateness),
            "seconds": round(self.seconds, 3),
            "rate": round(self.rate, 1),
            "end": self.end.value,
            "last_failure": {"cause": self.cause, "said": self.detail} if self.cause else None,
        }

    def failure_documents(self) -> list[dict[str, object]]:
        """The failures as the JSON document has them."""
        return [
            {"cause": one.cause, "count": one.count, "source": one.source, "line": one.line, "id": one.id}
            | {"said": one.detail}
            for one in self.causes()
        ]


def quantiles(histogram: Histogram) -> dict[str, float | None]:
    """p50, p90, p99 and max in milliseconds; None where nothing was counted."""
    found = {name: histogram.quantile(share) for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))}
    found["max"] = histogram.max if histogram.count else None
    return {name: None if value is None else round(value * 1000, 3) for name, value in found.items()}
