"""What came of a replay, for Prometheus. All gauges: the next run starts from nothing again."""

import time
from collections.abc import Iterator

from ses_cli.openmetrics import Sample, gauges
from ses_cli.replay.result.report import ReplayReport, RunEnd

_TEXTS = {
    "callbacks": "Callbacks of the last run, by what became of them.",
    "attempts": "Requests, by the status of the answer or what kept it from one.",
    "latency_seconds": "Time to the answer, by quantile.",
    "lateness_seconds": "How late first attempts were sent behind their pace, by quantile.",
    "duration_seconds": "How long the run took.",
    "end": "Why the run ended: 1 for one of them.",
    "end_timestamp_seconds": "When the run ended.",
}
_QUANTILES = (0.5, 0.9, 0.99, 1.0)


def metrics(report: ReplayReport) -> Iterator[bytes]:
    """All of them."""
    outcomes = ("delivered", "failed", "skipped", "unknown", "unsent")
    samples: dict[str, list[Sample]] = {
        "callbacks": [({"outcome": name}, getattr(report, name)) for name in outcomes],
        "attempts": [({"status": status}, n) for status, n in sorted(report.statuses.items(), key=str)],
        "latency_seconds": [],
        "lateness_seconds": [],
        "duration_seconds": [({}, report.seconds)],
        "end": [({"reason": end.value}, end is report.end) for end in RunEnd],
        "end_timestamp_seconds": [({}, time.time())],
    }
    for name, histogram in (("latency_seconds", report.latency), ("lateness_seconds", report.lateness)):
        for share in _QUANTILES:
            if (value := histogram.quantile(share)) is not None:
                samples[name].append(({"quantile": share}, value))
    return gauges("ses_events_replay", _TEXTS, samples)
