"""Runs the receiver, with what watches it and what forwards."""

import sys
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from ses_cli.capture.server import ReceiverSettings, serve
from ses_cli.capture.server_events import ServerEvent
from ses_cli.cli.listen.forward_status import ForwardStatus
from ses_cli.cli.listen.forwarding import Forwarder
from ses_cli.cli.listen.lines import JsonLines, LineWriter, TextLines
from ses_cli.cli.listen.options import Observing
from ses_cli.cli.listen.output import EventPrinter
from ses_cli.cli.listen.settings import greeting
from ses_cli.errors import UsageError

if TYPE_CHECKING:
    from ses_cli.cli.listen.metrics import Metrics


def run(settings: ReceiverSettings, forward_to: str | None, is_allowed: bool, observing: Observing) -> None:
    """Receives until a signal ends it."""
    with ExitStack() as stack:
        metrics = stack.enter_context(_metrics(settings, observing.metrics)) if observing.metrics else None
        printer = stack.enter_context(
            EventPrinter(sys.stderr.buffer, _lines(settings, forward_to, metrics, observing), observing.quiet)
        )

        def see(event: ServerEvent | ForwardStatus) -> None:
            printer(event)
            if metrics:
                metrics.see(event)

        if not forward_to:
            printer.stopped(serve(settings, see))
            return
        with Forwarder(forward_to, settings.log, see, is_allowed) as forwarder:
            totals = serve(settings, forwarder)
        printer.stopped(totals)


def _lines(
    settings: ReceiverSettings, forward_to: str | None, metrics: "Metrics | None", observing: Observing
) -> LineWriter:
    if observing.log_format == "json":
        return JsonLines()
    return TextLines(partial(greeting, settings, forward_to, metrics.url if metrics else None))


def _metrics(settings: ReceiverSettings, address: tuple[str, int]) -> "Metrics":
    try:
        from ses_cli.cli.listen.metrics import Metrics
    except ImportError:
        raise UsageError("--metrics: prometheus_client is not installed", "pip install 'ses-events[metrics]'") from None
    return Metrics(*address, settings.log)
