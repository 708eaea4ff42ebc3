"""What `replay` does: take up the journal, send, and tell what came of it."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from ses_cli.cli import folding, journaling
from ses_cli.cli.following import TURNS
from ses_cli.cli.options import Printing
from ses_cli.cli.replay_options import Remembering
from ses_cli.cli.replay_setup import Setup
from ses_cli.cli.stream import Stream
from ses_cli.errors import Exit, SourceError, UsageError
from ses_cli.render import data, messages, screen
from ses_cli.render.output import Output, write
from ses_cli.render.replay import Standing, tables
from ses_cli.replay.journal import Journal, NoJournal
from ses_cli.replay.letters import DeadLetters
from ses_cli.replay.report import End, Report, Snapshot, document
from ses_cli.replay.run import Replay
from ses_cli.replay.send import Curl
from ses_cli.sources.follow import Turn
from ses_cli.sources.series import Series
from ses_cli.sources.tailed import Tailed

_ENDS = {
    End.INTERRUPTED: "interrupted",
    End.GAVE_UP: "gave up: the target failed for too long",
    End.GONE: "ended: the target answered 410, gone for good",
}


def send(setup: Setup, path: Path | None, printing: Printing, remembering: Remembering) -> Exit:
    """Sends, and reports."""
    _keep_apart(setup, path, remembering.failed)
    with ExitStack() as stack:
        rejects = stack.enter_context(Output(setup.reading.rejects))
        failed = stack.enter_context(Output(remembering.failed)) if remembering.failed else None
        sender = Curl(setup.target, setup.wire, setup.rules.concurrency)
        standing = stack.enter_context(Standing(setup.size))
        pieces, journal = _opened(setup, path, standing)
        stream = setup.stream(pieces, rejects)
        run = Replay(
            setup.deliveries(stream),
            sender,
            journal,
            setup.rules,
            letters=DeadLetters(failed.write) if failed else None,
            progress=lambda now: _watch(now, run, setup, pieces, standing),
        )
        stack.enter_context(_stopping(run, standing, setup.rules.grace))
        report = run.run()
    errors = [*setup.errors, *pieces.errors]
    _print(setup, stream, report, errors, printing)
    return _status(report, errors)


def _watch(now: Snapshot, run: Replay, setup: Setup, pieces: Series | Tailed, standing: Standing) -> None:
    """Shows how it stands; stops what has lost the process it works for."""
    standing.show(now, pieces.done, isinstance(pieces, Tailed) and pieces.is_waiting)
    if setup.parent not in (None, os.getppid()) and not run.is_stopping:
        run.stop()


def _opened(setup: Setup, path: Path | None, standing: Standing) -> tuple[Series | Tailed, Journal | NoJournal]:
    """What is read, and what is known of it."""
    if not setup.is_followed:
        series = setup.series()
        return series, journaling.write(path, setup, series)

    def tell(turn: Turn) -> None:
        standing.clear()
        messages.note(TURNS[turn.kind].format(turn.source))

    return journaling.follow(path, setup, tell)


@contextmanager
def _stopping(run: Replay, standing: Standing, grace: float) -> Iterator[None]:
    """SIGINT and SIGTERM stop the run: once gently, twice at once."""
    stops = 0

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal stops
        stops += 1
        run.stop()
        if stops == 1:
            standing.clear()
            messages.note(f"stopping when what is in flight has its answers, in {grace:g} s at most; again: at once")

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _keep_apart(setup: Setup, path: Path | None, failed: str | None) -> None:
    """UsageError where the undelivered callbacks would be written over what is read or remembered."""
    if failed is None:
        return
    taken = [Path(source.path) for source in setup.sources if source.size is not None] + ([path] if path else [])
    for file in taken:
        if Path(failed).resolve() == file.resolve():
            raise UsageError(f"--failed {failed}: that file is part of this replay", "name another one")


def _print(setup: Setup, stream: Stream, report: Report, errors: Sequence[SourceError], printing: Printing) -> None:
    numbers = document(report)
    failures: list[dict[str, object]] = [
        {"cause": cause, "count": one.count, "source": one.source, "line": one.line, "id": one.id, "said": one.detail}
        for cause, one in report.failures.items()
    ]
    if printing.form == "json":
        head: dict[str, object] = {"schema": "ses-events/replay@1", "sources": [s.name for s in setup.sources]}
        content = head | stream.ledger.document() | {"replay": numbers, "failures": failures}
        write(data.document(content), printing.output)
    else:
        text = screen.tables(tables(numbers, failures), printing.output, printing.colour, None)
        write([f"{folding.account(stream.ledger)}\n\n{text}".encode(errors="replace")], printing.output)
    folding.tell_invalid(stream.ledger, stream.first)
    for error in errors:
        messages.error(error)
    if report.end is not End.DONE:
        messages.note(f"{_ENDS[report.end]}; run again to go on where this one ended")


def _status(report: Report, errors: Sequence[SourceError]) -> Exit:
    if report.end is End.INTERRUPTED:
        return Exit.INTERRUPTED
    if errors:
        return Exit.TROUBLE
    return Exit.BAD_NEWS if report.failed or report.unknown or report.unsent else Exit.DONE
