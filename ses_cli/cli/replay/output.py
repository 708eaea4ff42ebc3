"""What is told when a replay has ended: its report, what it leaves, and the exit status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ses_cli.cli import scanning
from ses_cli.cli.options import Printing
from ses_cli.cli.stream import Stream
from ses_cli.errors import Exit, SourceError
from ses_cli.render import data, messages, screen
from ses_cli.render.output import write
from ses_cli.render.replay import tables
from ses_cli.replay.result.advice import advice
from ses_cli.replay.result.report import End, Report, document


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over."""

    sources: Sequence[str]
    host: str
    stream: Stream
    report: Report
    errors: Sequence[SourceError]
    journal: Path | None
    failed: str | None  # the file of undelivered callbacks

    def tell(self, printing: Printing) -> Exit:
        """Prints the report where it is wanted, and what else is to be known."""
        self._print(printing)
        scanning.tell_lines(self.stream.ledger, self.stream.first)
        for error in self.errors:
            messages.error(error)
        if self.report.end is not End.DONE:
            messages.note(f"{self._end()}; {self._next()}")
        elif self.report.failed and self.journal:
            messages.note(f"run again to send once more what failed ({self.journal})")
        if self.failed and self.report.end is End.INTERRUPTED:
            messages.note(f"{self.failed} has what failed, not what this run did not come to")
        cause = self._cause()
        if cause:
            messages.hint(advice(cause))
        return self._status()

    def _print(self, printing: Printing) -> None:
        numbers, failures = document(self.report), _failures(self.report)
        if printing.form == "json":
            head: dict[str, object] = {"schema": "ses-events/replay@1", "sources": list(self.sources)}
            content = head | self.stream.ledger.document() | {"replay": numbers, "failures": failures}
            write(data.document(content), printing.output)
        else:
            line, shown = scanning.account(self.stream.ledger), tables(numbers, failures)
            write([screen.page(line, shown, printing.output, printing.colour, None)], printing.output)

    def _end(self) -> str:
        report = self.report
        said = report.cause + (f" ({report.detail})" if report.detail else "")
        match report.end:
            case End.GAVE_UP:
                return f"gave up: {self.host} failed for too long, at last with {said}"
            case End.GONE:
                return f"ended: {self.host} answered 410, gone for good"
            case _:
                return "interrupted"

    def _next(self) -> str:
        if self.journal:
            return f"run again to go on where this one ended ({self.journal})"
        return "no journal was kept: a second run sends all again"

    def _cause(self) -> str:
        """Of what is most worth mending; "" where there is nothing."""
        if self.report.end is End.GAVE_UP:
            return self.report.cause
        return max(self.report.failures.items(), key=lambda item: item[1].count, default=("", None))[0]

    def _status(self) -> Exit:
        report = self.report
        if report.end is End.INTERRUPTED:
            return Exit.INTERRUPTED
        if self.errors:
            return Exit.TROUBLE
        if scanning.is_bad(self.stream.ledger):
            return Exit.BAD_NEWS
        return Exit.BAD_NEWS if report.failed or report.unknown or report.unsent else Exit.DONE


def _failures(report: Report) -> list[Mapping[str, object]]:
    return [
        {"cause": cause, "count": one.count, "source": one.source, "line": one.line, "id": one.id, "said": one.detail}
        for cause, one in sorted(report.failures.items(), key=lambda item: -item[1].count)
    ]
