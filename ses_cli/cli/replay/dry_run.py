"""What a replay would send, found out by reading the log, and the question asked before it goes to a public host."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import click

from ses_cli.cli import scanning
from ses_cli.cli.options import Printing
from ses_cli.cli.replay import journal as journaling
from ses_cli.cli.replay.setup import Setup
from ses_cli.cli.stream import Stream
from ses_cli.errors import Exit, UsageError
from ses_cli.render import data, messages
from ses_cli.render.output import Output, write
from ses_cli.render.plan import request, tables
from ses_cli.render.progress import Progress
from ses_cli.replay.http.preview import preview
from ses_cli.replay.intake import Intake
from ses_cli.replay.result.forecast import Forecast
from ses_cli.replay.result.report import Report
from ses_cli.sources.series import Series


def show(setup: Setup, path: Path | None, printing: Printing) -> Exit:
    """Prints what would be sent, and the first request as it would go out."""
    series = setup.series()
    with scanning.rejects_output(setup.reading, setup.sources) as rejects:
        stream = setup.stream(series, rejects)
        forecast = _forecast(setup, path, series, stream)
    first = forecast.first and preview(setup.target, setup.wire, forecast.first, int(time.time()))
    numbers = forecast.document(setup.target.masked, str(path) if path else None)
    if printing.form == "json":
        head: dict[str, object] = {"schema": "ses-events/replay-plan@1", "sources": [s.name for s in setup.sources]}
        shown = first and {"head": first.head, "body": first.body.decode(errors="replace")}
        write(data.document(head | stream.ledger.document() | {"plan": numbers, "request": shown}), printing.output)
    else:
        from ses_cli.render.screen import page

        sample = request(first.head, first.body) if first else ""
        line = scanning.account(stream.ledger)
        write([page(line, tables(numbers), printing.output, printing.colour, None, sample)], printing.output)
    scanning.tell_lines(stream.ledger, stream.first)
    errors = [*setup.errors, *series.errors]
    for error in errors:
        messages.error(error)
    messages.note("a dry run: nothing was sent")
    return Exit.TROUBLE if errors else Exit.DONE


def guard(setup: Setup, path: Path | None, is_allowed: bool) -> None:
    """Asks before anything goes to a public host. UsageError where the answer is no, or nobody can be asked."""
    host, reach = setup.target.host, setup.target.reach
    if not reach.is_asked_about or is_allowed:
        return
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise UsageError(
            f"{host} is {reach.label}", "--yes sends to it without asking; --dry-run shows what would be sent"
        )
    if not click.confirm(f"send {_amount(setup, path)} to {host}, {reach.label}?", err=True):
        raise UsageError("nothing was sent")


def _amount(setup: Setup, path: Path | None) -> str:
    """How many callbacks, and how long that takes, where the log can be read twice."""
    if setup.is_followed:
        return "all that is in the log and comes to it"
    if setup.size is None:
        return "what is piped in"
    silent, series = replace(setup, reading=replace(setup.reading, rejects=None)), setup.series()
    with Output(None) as nowhere:
        forecast = _forecast(silent, path, series, silent.stream(series, nowhere))
    return f"{forecast.count:,} callbacks" + (f", for {forecast.seconds:,.0f} s," if forecast.seconds else "")


def _forecast(setup: Setup, path: Path | None, series: Series, stream: Stream) -> Forecast:
    known, report = journaling.look(path, setup, series), Report()
    intake = Intake(setup.deliveries(stream), known, report, setup.rules.pace, setup.rules.resend_unknown)
    forecast = Forecast(report)
    with Progress(setup.size) as progress:
        while not intake.over:
            if intake.peek() is not None:
                job = intake.take()
                forecast.add(job.delivery, job.due)
            progress.reach(series.done)
    return forecast
