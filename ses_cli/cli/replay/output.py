"""What is told of a replay: before it, of what would be sent, and when it has ended."""

import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import click

from ses_cli.cli import scanning
from ses_cli.cli.options import Printing, Reading
from ses_cli.cli.replay.settings import Given
from ses_cli.errors import Exit, SesEventsError, UsageError
from ses_cli.render import data, messages
from ses_cli.render.output import write
from ses_cli.render.progress import Progress
from ses_cli.render.text import safe
from ses_cli.replay.http.mask import MASK, mask_url
from ses_cli.replay.http.preview import Preview, preview
from ses_cli.replay.result.advice import advice
from ses_cli.replay.result.report import ReplayReport, RunEnd
from ses_cli.replay.result.tables import forecast_tables, report_tables
from ses_cli.replay.session import ReplaySettings, Session, forecast

_LISTED = 10  # of the unknown ones
_BODY = 2000  # characters of a body that are shown


def confirm(settings: ReplaySettings, is_allowed: bool) -> None:
    """Asks before anything goes to a public host. UsageError where the answer is no, or nobody can be asked."""
    host, reach = settings.target.host, settings.target.reach
    if not reach.is_asked_about or is_allowed:
        return
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise UsageError(
            f"{host} is {reach.label}", "--yes sends to it without asking; --dry-run shows what would be sent"
        )
    if not click.confirm(f"send {_amount(settings)} to {host}, {reach.label}?", err=True):
        raise UsageError("nothing was sent")


def _amount(settings: ReplaySettings) -> str:
    """How many callbacks, and how long that takes, where the log can be read twice."""
    if settings.policy.is_endless:
        return "all that is in the log and comes to it"
    if settings.size is None:
        return "what is piped in"
    with Progress(settings.size) as progress:
        found = forecast(settings, progress=progress.reach).forecast
    return f"{found.count:,} callbacks" + (f", for {found.seconds:,.0f} s," if found.seconds else "")


def show(given: Given, reading: Reading, printing: Printing) -> Exit:
    """Prints what would be sent, and the first request as it would go out."""
    settings = given.settings
    with scanning.rejects_output(reading, settings.sources) as rejected, Progress(settings.size) as progress:
        write_rejects = (lambda lines: rejected.write(data.rejects(lines))) if reading.rejects else None
        outlook = forecast(settings, rejects=write_rejects, progress=progress.reach)
    found, ledger = outlook.forecast, outlook.reader.ledger
    journal = str(settings.journal) if settings.journal else None
    first = found.first and preview(settings.target, settings.http, found.first, int(time.time()))
    if printing.form == "json":
        head: dict[str, object] = {"schema": "ses-events/replay-plan@1"}
        head["sources"] = [source.name for source in settings.sources]
        shown = first and {"head": first.head, "body": first.body.decode(errors="replace")}
        plan = found.document(settings.target.masked, journal)
        write(data.document(head | ledger.document() | {"plan": plan, "request": shown}), printing.output)
    else:
        from ses_cli.render.screen import page  # start-up

        shown_tables = forecast_tables(found, settings.target.masked, journal)
        sample, line = _request(first) if first else "", scanning.account(ledger)
        write([page(line, shown_tables, printing.output, printing.colour, None, sample)], printing.output)
    scanning.tell_lines(ledger, outlook.reader.first)
    errors = [*given.errors, *outlook.errors]
    for error in errors:
        messages.error(error)
    messages.note("dry run: nothing was sent")
    return Exit.TROUBLE if errors else Exit.DONE


def _request(shown: Preview) -> str:
    text = shown.body.decode(errors="replace")
    more = f"\n... {len(text) - _BODY:,} more characters" if len(text) > _BODY else ""
    head = (f"  {safe(line)}" for line in shown.head)
    return "\n".join(["the first request", "", *head, "", f"  {safe(text[:_BODY])}{more}"])


def tell_found(session: Session) -> None:
    """Says what the journal knows of the logs, where that is not what one would expect."""
    for name, opened in session.found:
        if opened.name is not None:
            messages.note(f"{name} is known to the journal as {opened.name}")
        if opened.shared:
            messages.note(f"{name} has lost lines that had been read: everything after line {opened.shared:,} is new")
        if opened.resembles is not None:
            messages.note(f"{name} begins like {opened.resembles}, which was sent before, but is a different log")
    unknown = _unknown(session)
    first = list(islice(unknown, _LISTED))
    count = len(first) + sum(1 for _ in unknown)
    if count:
        what = "sent again" if session.settings.policy.resend_unknown else "left out"
        more = ", ..." if count > len(first) else ""
        messages.note(f"{count:,} in flight when an earlier run ended, {what} (--unknown): {', '.join(first)}{more}")


def _unknown(session: Session) -> Iterator[str]:
    for name, opened in session.found:
        for line in session.journal.unknown(opened.log):
            yield f"{name}:{line}"


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over."""

    given: Given
    session: Session
    report: ReplayReport
    failed: str | None  # the file of undelivered callbacks

    def tell(self, printing: Printing) -> Exit:
        """Prints the report where it is wanted, and what else is to be known."""
        report = self.report
        self._print(printing)
        scanning.tell_lines(self.session.reader.ledger, self.session.reader.first)
        for error in self._errors():
            messages.error(error)
        if report.end is not RunEnd.DONE:
            messages.note(f"{self._end()}; {self._left()}")
            self._tell_next()
        elif self.given.settings.journal:
            if report.failed or (report.unknown and self._resends()):
                messages.note(f"run again to retry what was not delivered ({self.given.settings.journal})")
            if report.unknown and not self._resends():
                messages.note(f"{report.unknown:,} may have arrived: --unknown resend sends them again")
        if self.failed and report.end in (RunEnd.INTERRUPTED, RunEnd.JOURNAL):
            messages.note(f"{self.failed} has what failed, not what this run never got to")
        cause = self._cause()
        if cause:
            messages.hint(advice(cause))
        return self._status()

    def _errors(self) -> Sequence[SesEventsError]:
        return [*self.given.errors, *self.session.errors, *self.report.errors]

    def _print(self, printing: Printing) -> None:
        ledger, report = self.session.reader.ledger, self.report
        if printing.form == "json":
            head: dict[str, object] = {"schema": "ses-events/replay@1"}
            head["sources"] = [source.name for source in self.given.settings.sources]
            content = {"replay": report.document(), "failures": report.failure_documents()}
            write(data.document(head | ledger.document() | content), printing.output)
        else:
            from ses_cli.render.screen import page  # start-up

            line = scanning.account(ledger)
            write([page(line, report_tables(report), printing.output, printing.colour, None)], printing.output)

    def _end(self) -> str:
        report, host = self.report, self.given.settings.target.host
        said = report.cause + (f" ({report.detail})" if report.detail else "")
        match report.end:
            case RunEnd.GAVE_UP:
                return f"gave up: {host} failed for too long, at last with {said}"
            case RunEnd.GONE:
                return f"ended: {host} answered 410, gone for good"
            case RunEnd.REDIRECTED:
                return f"ended: {host} answered {said}"
            case RunEnd.JOURNAL:
                return "ended: nothing is sent that the journal cannot remember"
            case _:
                return "interrupted"

    def _left(self) -> str:
        report = self.report
        left = report.unsent + report.failed + (report.unknown if self._resends() else 0)
        if not left and report.is_counted:
            return "nothing is left to send"
        return f"{'' if report.is_counted else 'at least '}{left:,} callbacks are left to send"

    def _resends(self) -> bool:
        return self.given.settings.policy.resend_unknown

    def _tell_next(self) -> None:
        if self.given.settings.journal:
            messages.plain(f"run again to resume: {command()}")
        else:
            messages.note("no journal was kept: another run would send everything again")

    def _cause(self) -> str:
        """Of what is most worth mending; "" where there is nothing."""
        if self.report.end in (RunEnd.GAVE_UP, RunEnd.REDIRECTED):
            return self.report.cause
        causes = self.report.causes()
        return causes[0].cause if causes else ""

    def _status(self) -> Exit:
        report = self.report
        if report.end is RunEnd.INTERRUPTED:
            return Exit.INTERRUPTED
        if self._errors():
            return Exit.TROUBLE
        if scanning.is_bad(self.session.reader.ledger):
            return Exit.BAD_NEWS
        return Exit.BAD_NEWS if report.failed or report.unknown or report.unsent else Exit.DONE


def command(arguments: Sequence[str] | None = None) -> str:
    """The command that runs, without the secrets in it."""
    words = sys.argv[1:] if arguments is None else arguments
    return shlex.join(["ses-events", *(_shown(before, word) for before, word in pairwise(["", *words]))])


def _shown(before: str, word: str) -> str:
    name, equals, value = word.partition("=")
    if before == "--to":
        return mask_url(word)
    if before in ("-H", "--header"):
        return _masked(word)
    if equals and name in ("--to", "--header"):
        return f"{name}={mask_url(value) if name == '--to' else _masked(value)}"
    return f"-H{_masked(word[2:])}" if word.startswith("-H") and len(word) > 2 else word


def _masked(header: str) -> str:
    name, colon, _ = header.partition(":")
    return f"{name}: {MASK}" if colon else MASK
