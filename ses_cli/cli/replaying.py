"""What `replay` does: look at the target, take up the journal, send, and tell what came of it."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import click

from ses_cli.cli import folding
from ses_cli.cli.options import Printing, Reading, Selecting
from ses_cli.cli.replay_options import Pacing, Remembering, Sending
from ses_cli.cli.stream import Stream, first_line
from ses_cli.errors import Exit, SourcesError, TargetError, UsageError
from ses_cli.render import data, messages, screen
from ses_cli.render.output import Output, write
from ses_cli.render.replay import Standing, tables
from ses_cli.replay.backoff import parse_statuses
from ses_cli.replay.guard import Reach, look
from ses_cli.replay.journal import Journal, NoJournal
from ses_cli.replay.letters import DeadLetters
from ses_cli.replay.pace import Pace, schedule
from ses_cli.replay.past import Source as Log
from ses_cli.replay.plan import Delivery, Lane, deliveries, raw_deliveries
from ses_cli.replay.report import End, Report, document
from ses_cli.replay.resume import default_path, fingerprint, open_journal
from ses_cli.replay.run import Replay, Rules
from ses_cli.replay.send import Curl, Wire
from ses_cli.replay.sign import parse_secrets
from ses_cli.selection import EVERYTHING
from ses_cli.sources import find
from ses_cli.table import Column, Kind, Table
from ses_cli.times import rfc3339

SECRET = "SES_EVENTS_SECRET"
_ENDS = {
    End.INTERRUPTED: "interrupted",
    End.GAVE_UP: "gave up: the target failed for too long",
    End.GONE: "ended: the target answered 410, gone for good",
}


class Planned(NamedTuple):
    """What a plan needs of a delivery."""

    timestamp: int
    size: int
    event: str
    domain: str


class Run:
    """One run of the command, put together from its options."""

    def __init__(
        self, reading: Reading, selecting: Selecting, sending: Sending, pacing: Pacing, remembering: Remembering
    ) -> None:
        self._selection = selecting.selection()
        if remembering.raw and self._selection != EVERYTHING:
            raise UsageError("--raw sends every line as it is, and what is no record cannot be selected")
        self._reading, self._sending, self._pacing, self._remembering = reading, sending, pacing, remembering
        self.target = look(sending.to, os.environ)
        self.sources, self.errors = find(reading.files)
        if not self.sources:
            raise SourcesError(self.errors)
        self.pace = Pace(pacing.rate, pacing.speed, pacing.max_gap)
        self.wire = _wire(sending)

    def stream(self, output: Output) -> Stream:
        """The log, from its beginning."""
        return Stream(self.sources, self._reading, self._selection, output)

    def deliveries(self, stream: Stream) -> Iterator[Delivery]:
        """What is to be sent, in order."""
        found = (
            raw_deliveries(stream.raw_rows())
            if self._remembering.raw
            else deliveries(stream.rows(), Lane(self._pacing.lane))
        )
        return (delivery for delivery in found if delivery is not None)

    def journal_path(self) -> Path | None:
        """Where this run is remembered; None where it is not."""
        if self._remembering.no_journal:
            return None
        if self._remembering.journal:
            if any(source.size is None for source in self.sources):
                raise UsageError("a journal needs logs that can be read again", "save what is piped in to a file first")
            return Path(self._remembering.journal)
        if any(source.size is None for source in self.sources):
            messages.note("what is piped in cannot be resumed: no journal")
            return None
        return default_path(self.sources[0].path, self._sending.to)

    def journal(self) -> Journal | NoJournal:
        """The journal, begun or taken up again."""
        path = self.journal_path()
        if path is None:
            return NoJournal()
        logs = [Log(s.name, fingerprint(first_line(s, self._reading.max_line))) for s in self.sources]
        journal = open_journal(path, self._sending.to, self.target.masked, logs)
        unknown = sum(1 for _ in journal.unknown())
        if unknown:
            what = "sent again" if self._remembering.unknown == "resend" else "left alone"
            messages.note(f"{unknown:,} were in flight when a run before ended, and are {what} (--unknown)")
        return journal

    def rules(self) -> Rules:
        """How to go about it."""
        pacing = self._pacing
        return Rules(
            concurrency=pacing.concurrency,
            pace=self.pace,
            retries=pacing.retries,
            retry_on=parse_statuses(pacing.retry_on),
            give_up_after=pacing.give_up_after,
            give_up_time=pacing.give_up_time,
            grace=pacing.grace,
            resend_unknown=self._remembering.unknown == "resend",
        )

    def plan(self) -> tuple[list[Table], Stream, float, int]:
        """What would be sent: counts, the stream they are from, seconds at this pace, and how many."""
        counts: Counter[tuple[str, str]] = Counter()
        size, due, first, last = 0, 0.0, 0, 0
        with Output(None) as nowhere:
            stream = Stream(self.sources, _without_rejects(self._reading), self._selection, nowhere)
            planned = (Planned(d.timestamp, len(d.body), d.event, d.domain) for d in self.deliveries(stream))
            for timed in schedule(planned, self.pace):
                if timed is not None:
                    due, one = timed
                    counts[one.event, one.domain] += 1
                    size += one.size
                    first = min(first or one.timestamp, one.timestamp)
                    last = max(last, one.timestamp)
        total = counts.total()
        facts = [("callbacks", f"{total:,}"), ("bytes", f"{size:,}"), ("to", self.target.masked)]
        facts += [("first", rfc3339(first)), ("last", rfc3339(last))] if first else []
        facts += [("at this pace", f"{due:,.0f} s")] if self.pace.rate or self.pace.speed else []
        rows = [(event or "(raw)", domain, n) for (event, domain), n in counts.most_common(20)]
        columns = (Column("event", Kind.KEY), Column("domain"), Column("count", Kind.COUNT))
        plan = [Table("plan", (Column("what", Kind.KEY), Column("value")), facts), Table("largest", columns, rows)]
        return plan, stream, due, total

    def guard(self) -> None:
        """Asks before anything goes to a public host, or refuses where nobody can be asked."""
        if self.target.reach is not Reach.PUBLIC or self._sending.yes:
            return
        if not sys.stdin.isatty() or not sys.stderr.isatty():
            raise UsageError(
                f"{self.target.host} is a public host", "--yes sends to it all the same; --dry-run looks first"
            )
        _, _, due, total = self.plan()
        pace = f", {due:,.0f} s at this pace" if due else ""
        if not click.confirm(f"send {total:,} callbacks to {self.target.masked}{pace}?", err=True):
            raise UsageError("nothing was sent")


def send(run: Run, reading: Reading, printing: Printing, remembering: Remembering, concurrency: int) -> Exit:
    """Sends, and reports."""
    run.guard()
    with ExitStack() as stack:
        output = stack.enter_context(Output(reading.rejects))
        stream = run.stream(output)
        letters = None
        if remembering.failed:
            try:
                file = stack.enter_context(open(remembering.failed, "xb"))
            except OSError as error:
                raise TargetError(
                    f"{remembering.failed}: {(error.strerror or '').lower()}", "name a new file"
                ) from None
            letters = DeadLetters(file, remembering.failed)
        journal = run.journal()
        standing = Standing()
        sender = Curl(run.target, run.wire, concurrency)
        replay = Replay(run.deliveries(stream), sender, journal, run.rules(), letters=letters, progress=standing)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: replay.stop())
        try:
            report = replay.run()
        finally:
            standing.clear()
    stream.errors[:0] = run.errors
    _print(run, stream, report, printing)
    return _status(stream, report)


def show(run: Run, printing: Printing) -> Exit:
    """What would be sent, and the first request as it would go out."""
    plan, stream, _, _ = run.plan()
    text = screen.tables(plan, printing.output, printing.colour, None)
    write([f"{folding.account(stream.ledger)}\n\n{text}".encode(errors="replace")], printing.output)
    messages.note("a dry run: nothing was sent")
    return Exit.TROUBLE if [*run.errors, *stream.errors] else Exit.DONE


def _print(run: Run, stream: Stream, report: Report, printing: Printing) -> None:
    numbers = document(report)
    failures: list[dict[str, object]] = [
        {"cause": cause, "count": one.count, "source": one.source, "line": one.line, "id": one.id, "said": one.detail}
        for cause, one in report.failures.items()
    ]
    if printing.form == "json":
        head: dict[str, object] = {"schema": "ses-events/replay@1", "sources": [s.name for s in run.sources]}
        content = head | stream.ledger.document() | {"replay": numbers, "failures": failures}
        write(data.document(content), printing.output)
    else:
        text = screen.tables(tables(numbers, failures), printing.output, printing.colour, None)
        write([f"{folding.account(stream.ledger)}\n\n{text}".encode(errors="replace")], printing.output)
    folding.tell_invalid(stream.ledger, stream.first)
    for error in stream.errors:
        messages.error(error)
    if report.end is not End.DONE:
        messages.note(f"{_ENDS[report.end]}: {report.delivered:,} delivered; run again to go on where this one ended")


def _status(stream: Stream, report: Report) -> Exit:
    if report.end is End.INTERRUPTED:
        return Exit.INTERRUPTED
    if stream.errors:
        return Exit.TROUBLE
    return Exit.BAD_NEWS if report.failed or report.unknown or report.unsent else Exit.DONE


def _without_rejects(reading: Reading) -> Reading:
    return Reading(reading.files, reading.max_line, reading.strict, None, reading.jobs)


def _wire(sending: Sending) -> Wire:
    headers = []
    for header in sending.headers:
        name, colon, value = header.partition(":")
        if not colon:
            raise UsageError("no header: a name, a colon and a value", "like -H 'Authorization: Bearer ...'")
        headers.append((name.strip(), value.strip()))
    secret = os.environ.get(SECRET, "")
    if sending.secret_file:
        try:
            secret = Path(sending.secret_file).read_text()
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"{sending.secret_file}: the secret cannot be read") from None
    if sending.insecure:
        messages.note("--insecure: the target's certificate is not checked")
    return Wire(
        method=sending.method,
        headers=headers,
        keys=parse_secrets(secret) if secret else (),
        timeout=sending.timeout,
        connect_timeout=sending.connect_timeout,
        cacert=sending.cacert,
        cert=sending.cert,
        key=sending.key,
        insecure=sending.insecure,
        http2=sending.http2,
    )
