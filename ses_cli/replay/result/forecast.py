"""What a replay would send, counted."""

from collections import Counter

from ses_cli.replay.job import Job
from ses_cli.replay.result.report import ReplayReport
from ses_cli.times import rfc3339


class Forecast:
    """Callbacks by event type and domain, their bytes and times; what is left out is in the report."""

    def __init__(self, report: ReplayReport) -> None:
        self.report = report
        self.count = 0
        self.bytes = 0
        self.seconds = 0.0  # at the pace asked for; 0 where there is none
        self.first: Job | None = None
        self.events: Counter[str] = Counter()
        self.domains: Counter[str] = Counter()
        self.period: tuple[int, int] | None = None  # of the events, Unix seconds; None with `--raw`

    def add(self, job: Job) -> None:
        """One more."""
        self.first = self.first or job
        self.count += 1
        self.bytes += len(job.body)
        self.seconds = job.due
        if job.row.event:
            self.events[job.row.event] += 1
            self.domains[job.row.domain] += 1
            first, last = self.period or (job.timestamp, job.timestamp)
            self.period = min(first, job.timestamp), max(last, job.timestamp)

    def document(self, target: str, journal: str | None) -> dict[str, object]:
        """As the JSON document has it: selected = send + skipped + unknown; `resent`, `failed_before` of send."""
        report, (first, last) = self.report, map(rfc3339, self.period) if self.period else (None, None)
        return {
            "to": target,
            "journal": journal,
            "selected": self.count + report.skipped + report.unknown,
            "send": self.count,
            "skipped": report.skipped,
            "unknown": report.unknown,
            "resent": report.resent,
            "failed_before": report.failed_before,
            "bytes": self.bytes,
            "first": first,
            "last": last,
            "seconds": round(self.seconds, 3),
            "events": dict(self.events.most_common()),
            "domains": dict(self.domains.most_common()),
        }
