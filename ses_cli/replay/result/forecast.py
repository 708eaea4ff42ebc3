"""What a replay would send, counted."""

from collections import Counter

from ses_cli.replay.deliveries import Delivery
from ses_cli.replay.result.report import Report
from ses_cli.times import rfc3339


class Forecast:
    """Deliveries by event type and domain, their bytes and times; what is left out is in the intake's report."""

    def __init__(self, report: Report) -> None:
        self.count = 0
        self.bytes = 0
        self.seconds = 0.0  # at the pace asked for; 0 where there is none
        self.first: Delivery | None = None
        self.events: Counter[str] = Counter()
        self.domains: Counter[str] = Counter()
        self._report = report
        self._times: tuple[int, int] | None = None

    def add(self, delivery: Delivery, due: float) -> None:
        """One more, due so many seconds from the start."""
        self.first = self.first or delivery
        self.count += 1
        self.bytes += len(delivery.body)
        self.seconds = due
        if delivery.event:
            self.events[delivery.event] += 1
            self.domains[delivery.domain] += 1
            first, last = self._times or (delivery.timestamp, delivery.timestamp)
            self._times = min(first, delivery.timestamp), max(last, delivery.timestamp)

    def document(self, target: str, journal: str | None) -> dict[str, object]:
        """As the JSON document has it: selected = send + skipped + unknown; `resent`, `failed_before` of send."""
        first, last = map(rfc3339, self._times) if self._times else (None, None)
        return {
            "to": target,
            "journal": journal,
            "selected": self._report.selected,
            "send": self.count,
            "skipped": self._report.skipped,
            "unknown": self._report.unknown,
            "resent": self._report.resent,
            "failed_before": self._report.failed_before,
            "bytes": self.bytes,
            "first": first,
            "last": last,
            "seconds": round(self.seconds, 3),
            "events": dict(self.events.most_common()),
            "domains": dict(self.domains.most_common()),
        }
