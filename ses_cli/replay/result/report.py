"""What came of a replay, and how it stands while it runs."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ses_cli.replay.job import Attempt, Job
from ses_cli.replay.result.histogram import Histogram


class End(StrEnum):
    """Why a run ended."""

    DONE = "done"  # the log was sent to its end
    INTERRUPTED = "interrupted"
    GAVE_UP = "gave-up"  # the target failed for too long
    GONE = "gone"  # it answered 410


class Snapshot(NamedTuple):
    """How a run stands."""

    seconds: float
    skipped: int
    delivered: int  # and on disk in the journal
    failed: int
    retries: int
    in_flight: int
    held: float  # seconds until anything is sent again: the breaker is open, or the target asked to wait
    p99: float | None  # latency, seconds
    cause: str  # why the last attempt failed that did; "" for none


@dataclass(slots=True)
class Failure:
    """Deliveries that failed for one cause, and the first of them."""

    count: int
    source: str
    line: int
    id: str
    detail: str


@dataclass(slots=True)
class Report:
    """What came of it. selected = delivered + failed + skipped + unknown + unsent."""

    selected: int = 0  # taken from the log
    delivered: int = 0
    failed: int = 0  # for good
    skipped: int = 0  # delivered by a run before, as the journal says
    unknown: int = 0  # left without an answer, in this run or, with `--unknown skip`, in one before
    unsent: int = 0  # taken, and not tried to the end since the run ended
    retries: int = 0  # attempts beyond the first
    resent: int = 0  # sent again, for their fate in a run before was unknown
    failed_before: int = 0  # sent again, for they failed in a run before
    attempts: int = 0
    statuses: Counter[int | str] = field(default_factory=Counter)  # of attempts; else what kept it from one
    latency: Histogram = field(default_factory=Histogram)
    lateness: Histogram = field(default_factory=Histogram)  # of first attempts, where there is a pace
    seconds: float = 0.0
    failures: dict[str, Failure] = field(default_factory=dict)
    end: End = End.DONE
    paced: bool = False
    cause: str = ""  # of the last attempt that failed
    detail: str = ""  # what was said to it

    @property
    def rate(self) -> float:
        """Deliveries a second."""
        return self.delivered / self.seconds if self.seconds else 0.0

    def snapshot(self, seconds: float, delivered: int, in_flight: int, held: float) -> Snapshot:
        """How it stands, of what is confirmed."""
        return Snapshot(
            seconds=seconds,
            skipped=self.skipped,
            delivered=delivered,
            failed=self.failed,
            retries=self.retries,
            in_flight=in_flight,
            held=held,
            p99=self.latency.quantile(0.99),
            cause=self.cause,
        )

    def count(self, answer: Attempt) -> None:
        """Take in how an attempt ended."""
        self.attempts += 1
        self.retries += answer.job.attempt > 1
        self.statuses[answer.error or answer.status] += 1
        self.latency.add(answer.seconds)
        if not 200 <= answer.status < 300:
            self.cause, self.detail = answer.error or f"status {answer.status}", answer.detail

    def fail(self, job: Job, answer: Attempt) -> None:
        """Take in that a delivery failed for good, by the answer counted last."""
        self.failed += 1
        if self.cause in self.failures:
            self.failures[self.cause].count += 1
        else:
            delivery = job.delivery
            self.failures[self.cause] = Failure(1, delivery.source, delivery.line, delivery.id, answer.detail)


def document(report: Report) -> dict[str, object]:
    """The report's numbers as the JSON document has them: durations in milliseconds."""
    return {
        "selected": report.selected,
        "delivered": report.delivered,
        "failed": report.failed,
        "skipped": report.skipped,
        "unknown": report.unknown,
        "unsent": report.unsent,
        "resent": report.resent,
        "attempts": report.attempts,
        "statuses": {str(status): report.statuses[status] for status in sorted(report.statuses, key=str)},
        "latency_ms": quantiles(report.latency),
        "lateness_ms": quantiles(report.lateness),
        "seconds": round(report.seconds, 3),
        "rate": round(report.rate, 1),
        "end": report.end.value,
        "last_failure": {"cause": report.cause, "said": report.detail} if report.cause else None,
    }


def quantiles(histogram: Histogram) -> dict[str, float | None]:
    """p50, p90, p99 and max in milliseconds; None where nothing was counted."""
    found = {name: histogram.quantile(share) for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))}
    found["max"] = histogram.max if histogram.count else None
    return {name: None if value is None else round(value * 1000, 3) for name, value in found.items()}
