"""What reading commands have in common: find the sources, scan them, tell what went wrong, print the report."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from typing import NamedTuple, Protocol, TypeVar

from ses_cli.batch import Checks
from ses_cli.cli.given import given_values, is_on, refuse
from ses_cli.cli.options import Printing, Reading, Selecting
from ses_cli.errors import Exit, SourceError, SourcesError, UsageError
from ses_cli.events import Problem
from ses_cli.fold import Fold
from ses_cli.ledger import Ledger
from ses_cli.pipeline import FIRST
from ses_cli.render import messages
from ses_cli.render.collisions import OutputFile, refuse_collisions
from ses_cli.render.formats import FORMATS, Page, Report
from ses_cli.render.output import Output, log_mode
from ses_cli.render.progress import Progress
from ses_cli.render.text import plural
from ses_cli.scan import Executor, Outcome, Part, Task, scan
from ses_cli.scan.parts import F
from ses_cli.scan.scan import Stretch, scan_stretches
from ses_cli.sources import Source, find
from ses_cli.sources.source import is_address
from ses_cli.table import Table

_CLUSTER = r"local|(tcp|tls)://(\[[0-9A-Fa-f:.%]+\]|[^\[\]:/\s]+):\d{1,5}"
Watch = Callable[[Part[F]], None]


class Input(NamedTuple):
    """The logs to read, none of which is a file that the command writes."""

    sources: list[Source]
    errors: list[SourceError]  # what could not be opened


def find_sources(reading: Reading) -> tuple[list[Source], list[SourceError]]:
    """The logs, and what could not be opened. Raises UsageError where there is none to look for."""
    sources, errors = find(reading.files, messages.note, reading.endpoint)
    if not errors and not any(source.is_object for source in sources):
        refuse("where no object is read", "endpoint")
    return sources, errors


def find_input(reading: Reading, printing: Printing, *others: str | None) -> Input:
    """Looks for the logs before anything is opened for writing; `others` are further files that are read.

    Raises SourcesError where there are none, UsageError where an output is an input.
    """
    sources, errors = find_sources(reading)
    if not sources:
        raise SourcesError(errors)
    check_outputs(reading, sources, [OutputFile("-o", printing.output)], *others)
    return Input(sources, errors)


def check_outputs(
    reading: Reading, sources: Sequence[Source], outputs: Sequence[OutputFile], *others: str | None
) -> None:
    """UsageError where an output, the rejects among them, is an input or another output."""
    rejects = [OutputFile("--rejects", reading.rejects)] if reading.rejects else []
    if reading.state and not is_address(reading.state):
        rejects.append(OutputFile("--state", reading.state))
    inputs = [*reading.files, *(source.path for source in sources), *filter(None, others)]
    refuse_collisions(inputs, [*outputs, *rejects])


def rejects_output(reading: Reading, sources: Sequence[Source]) -> Output:
    """Where invalid lines go: a file for those who may read the logs."""
    return Output(reading.rejects, log_mode(source.path for source in sources))


def fold(
    found: Input,
    reading: Reading,
    selecting: Selecting,
    make: Callable[[], F],
    watch: Watch[F] | None = None,
    explain: bool = False,
    is_streamed: bool = False,
    rules: str | None = None,
) -> Outcome[F]:
    """Folds what was found. `watch` sees every part in its order, with its fold where it `is_streamed`.

    `rules` is a file that making the fold reads.
    """
    sources = found.sources
    if rules:
        from pathlib import Path  # start-up, here and below

        from ses_cli.reports.addresses import classifier

        classifier(Path(rules))  # what is wrong with it is told before a long log is read
    keep = None if watch or reading.rejects else FIRST
    checks = Checks(reading.max_line, reading.strict, explain, selecting.selection())
    task = Task(make, checks, keep, is_streamed, (rules,) if rules else ())
    if reading.state:
        from ses_cli.cli import state  # start-up

        state.refuse(reading, selecting, task, sources)
        task = task._replace(is_whole=False)
    sizes = [source.size for source in sources if source.size is not None]
    size = sum(sizes) if len(sizes) == len(sources) else None
    with (
        _engine(reading, selecting, task, sources) as engine,
        Progress(size) as progress,
        rejects_output(reading, sources) as output,
    ):

        def see(part: Part[F]) -> None:
            if watch:
                progress.clear()
                watch(part)
            if reading.rejects:
                from ses_cli.render.data import rejects  # start-up

                output.write(rejects(part.invalid))
            progress.advance(part.bytes_read)

        def work(stretches: Sequence[Stretch], onto: Outcome[F], note: Watch[F] = lambda _: None) -> Outcome[F]:
            def both(part: Part[F]) -> None:
                note(part)
                see(part)

            return scan_stretches(stretches, onto, task, reading.jobs, watch=both, engine=engine)

        if reading.state:
            outcome = state.scan(reading, selecting, task, sources, work)
        else:
            outcome = scan(sources, task, reading.jobs, watch=see, engine=engine)
    outcome.errors[:0] = found.errors
    return outcome


@contextmanager
def _engine(
    reading: Reading, selecting: Selecting, task: Task[F], sources: Sequence[Source]
) -> Iterator[Executor | None]:
    """A cluster that would give the same answer, where one is asked for. Raises UsageError, TargetError."""
    if reading.cluster is None:
        yield None
        return
    refuse("with --cluster", "jobs")
    if not re.fullmatch(_CLUSTER, reading.cluster):
        raise UsageError(f'--cluster: expected tcp://HOST:PORT, tls://HOST:PORT or local, got "{reading.cluster}"')
    try:
        from ses_cli.scan.cluster.cluster import Cluster
    except ImportError:
        raise UsageError("--cluster: distributed is not installed", "pip install 'ses-events[cluster]'") from None
    with Cluster(reading.cluster) as cluster:
        cluster.check(sources, task.files, is_zone_own=selecting.tz is None)
        yield cluster


class ReportFold(Fold, Report, Protocol):
    """A fold that can be written in every format."""


R = TypeVar("R", bound=ReportFold)


def rendered(
    schema: str, outcome: Outcome[R], printing: Printing, tz: tzinfo | None, line: str, first: Sequence[Table] = ()
) -> Iterator[bytes]:
    """A report in the format asked for. People read `line` and the tables `first` before the report's own."""
    page = Page(schema, outcome.sources, outcome.ledger, outcome.fold, line, first)
    return FORMATS[printing.form].page(page, printing.style(tz))


def tell(outcome: Outcome[F], has_shown_problems: bool = False) -> None:
    """Says on standard error what was left out and what failed."""
    tell_lines(outcome.ledger, () if has_shown_problems else outcome.first, has_errors=bool(outcome.errors))
    for name in outcome.grown:
        messages.note(f"{name} grew while it was being read: later lines are not in this report")
    for error in outcome.errors:
        messages.error(error)


def tell_lines(ledger: Ledger, first: Sequence[Problem], has_errors: bool = False) -> None:
    """Says how many lines of how many are invalid, with the first few, and where nothing was selected, why.

    Of a log that could not be read (`has_errors`) it does not say that it is empty.
    """
    if ledger.invalid and first:
        what = f"{plural(ledger.lines, 'line')} {'is' if ledger.invalid == 1 else 'are'} invalid and not counted"
        messages.note(f"{ledger.invalid:,} of {what}")
        for problem in first:
            messages.plain(messages.problem(problem, strict=True))  # of an invalid line
        messages.hint("ses-events validate shows them all, --rejects FILE keeps them")
    if not ledger.counted and (ledger.valid or not (ledger.invalid or has_errors)):
        messages.note(_nothing(ledger))


def _nothing(ledger: Ledger) -> str:
    """Why nothing was counted."""
    if not ledger.valid:
        return "the log is empty"
    filters = ("events", "domains", "from_domains", "emails", "bulk_ids", "message_ids", "templates", "since", "until")
    asked = given_values(*filters)
    return f"nothing selected: none of {plural(ledger.valid, 'valid callback')} matches {' '.join(asked)}"


def is_bad(ledger: Ledger) -> bool:
    """Whether the answer is bad news: not one valid line, or with --fail-empty, nothing selected."""
    is_garbage = ledger.invalid > 0 and not ledger.valid
    return is_garbage or (not ledger.counted and is_on("fail_empty"))


def status(outcome: Outcome[F], is_wrong: bool) -> Exit:
    """The exit status: trouble outranks bad news."""
    if outcome.errors:
        return Exit.TROUBLE
    return Exit.BAD_NEWS if is_wrong or is_bad(outcome.ledger) else Exit.DONE


def account(ledger: Ledger) -> str:
    """The ledger in a line."""
    found = [f"{ledger.valid:,} valid", f"{ledger.invalid:,} invalid", f"{ledger.blank:,} blank"]
    used = [f"{ledger.counted:,} counted"]
    used += [f"{ledger.filtered:,} filtered"] if ledger.filtered else []
    used += [plural(ledger.duplicates, "duplicate")] if ledger.duplicates else []
    return f"{plural(ledger.lines, 'line')}: {', '.join(found)}" + (f"; {', '.join(used)}" if used[1:] else "")
