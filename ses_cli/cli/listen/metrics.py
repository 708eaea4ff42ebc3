"""`listen --metrics`: counters and gauges for Prometheus, on an address of their own."""

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ses_cli.capture.server_events import Answered, Refused, Rejected, ServerEvent, Shipping, Stored, Synced
from ses_cli.cli.listen.forward_status import ForwardStatus
from ses_cli.errors import TargetError, reason

_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds


class Metrics(Collector):
    """Counts events of the receiver, from any thread, and serves them at /metrics."""

    def __init__(self, host: str, port: int, log: Path) -> None:
        self._address = host, port
        self._log = log
        self._requests: Counter[int] = Counter()
        self._callbacks: Counter[str] = Counter()
        self._rejects = self._bytes = self._waiting = 0
        self._forward: ForwardStatus | None = None
        self._shipping: Shipping | None = None
        self._registry = CollectorRegistry()
        self._sync = Histogram(
            "ses_events_sync_seconds", "Time to write and sync one group of callbacks.", buckets=_BUCKETS,
            registry=self._registry,
        )  # fmt: skip
        self._registry.register(self)

    def __enter__(self) -> Self:
        """Serves. Raises TargetError where the address cannot be had."""
        host, port = self._address
        try:
            self._server, self._thread = start_http_server(port, host, self._registry)
        except OSError as error:
            raise TargetError(f"--metrics: cannot listen on {host}:{port}: {reason(error)}") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it serves."""
        host = self._address[0]
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.server_port}/metrics"

    def see(self, event: ServerEvent | ForwardStatus) -> None:
        """Counts an event."""
        match event:
            case Answered():
                self._requests[event.status] += 1
                self._bytes += event.size
            case Refused():
                self._requests[event.status] += 1
            case Stored():
                self._callbacks[event.record.event] += 1
            case Rejected():
                self._rejects += 1
            case Synced():
                self._sync.observe(event.seconds)
                self._waiting = event.waiting
            case ForwardStatus():
                self._forward = event
            case Shipping():
                self._shipping = event

    def collect(self) -> Iterator[Metric]:
        """Everything but the histogram, when it is asked for."""
        requests = CounterMetricFamily("ses_events_requests", "Requests answered, by status.", labels=["status"])
        for status, count in sorted(self._requests.items()):
            requests.add_metric([str(status)], count)
        callbacks = CounterMetricFamily("ses_events_callbacks", "Callbacks stored, by event type.", labels=["event"])
        for event, count in sorted(self._callbacks.items()):
            callbacks.add_metric([event], count)
        yield from (requests, callbacks)
        yield CounterMetricFamily("ses_events_rejects", "Invalid callbacks kept in the rejects file.", self._rejects)
        yield CounterMetricFamily("ses_events_received_bytes", "Bytes of the bodies answered.", self._bytes)
        yield GaugeMetricFamily("ses_events_waiting_bytes", "Bytes that waited behind the last sync.", self._waiting)
        yield from self._disk()
        if self._forward is not None:
            yield from _forwarding(self._forward)
        if self._shipping is not None:
            yield from _shipping(self._shipping)

    def _disk(self) -> Iterator[Metric]:
        try:
            size, free = self._log.stat().st_size, shutil.disk_usage(self._log.parent).free
        except OSError:
            return
        yield GaugeMetricFamily("ses_events_log_size_bytes", "Size of the log that is written to.", size)
        yield GaugeMetricFamily("ses_events_disk_free_bytes", "Free space where the log is.", free)


def _forwarding(status: ForwardStatus) -> Iterator[Metric]:
    yield CounterMetricFamily("ses_events_forwarded", "Callbacks that the handler took.", status.forwarded)
    refused = "Callbacks that the handler refused for good."
    yield CounterMetricFamily("ses_events_forward_refused", refused, status.refused)
    waiting = "Callbacks that wait to be forwarded."
    yield GaugeMetricFamily("ses_events_forward_waiting", waiting, status.now.waiting)
    down = 0.0 if status.since is None else time.time() - status.since
    yield GaugeMetricFamily("ses_events_forward_down_seconds", "For how long the handler has taken nothing.", down)


def _shipping(status: Shipping) -> Iterator[Metric]:
    yield CounterMetricFamily("ses_events_shipped", "Rotated files uploaded to the store.", status.shipped)
    yield GaugeMetricFamily("ses_events_ship_waiting", "Rotated files that wait to be uploaded.", status.waiting)
    yield GaugeMetricFamily("ses_events_ship_waiting_bytes", "Bytes of these files.", status.size)
