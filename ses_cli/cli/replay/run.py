"""What `replay` does: take up the journal, send, and tell what came of it."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from ses_cli.cli import scanning
from ses_cli.cli.live import CHANGES
from ses_cli.cli.options import Printing
from ses_cli.cli.replay import followed as following
from ses_cli.cli.replay import journal as journaling
from ses_cli.cli.replay.options import Remembering
from ses_cli.cli.replay.output import Ended
from ses_cli.cli.replay.setup import Setup
from ses_cli.errors import Exit
from ses_cli.follow import Change, Follower
from ses_cli.render.output import Output, log_mode
from ses_cli.render.standing import Standing
from ses_cli.replay.dead_letters import DeadLetters
from ses_cli.replay.engine import Replay
from ses_cli.replay.http.client import Client
from ses_cli.replay.jsonl import Journal, NoJournal
from ses_cli.replay.result.report import Snapshot
from ses_cli.sources.series import Series


def send(setup: Setup, path: Path | None, printing: Printing, remembering: Remembering) -> Exit:
    """Sends, and reports."""
    with ExitStack() as stack:
        rejects = stack.enter_context(scanning.rejects_output(setup.reading, setup.sources))
        mode = log_mode(source.path for source in setup.sources)
        failed = stack.enter_context(Output(remembering.failed, mode)) if remembering.failed else None
        sender = Client(setup.target, setup.wire, setup.rules.concurrency)
        standing = stack.enter_context(Standing(setup.size))
        pieces, journal = _opened(setup, path, standing)
        stream = setup.stream(pieces, rejects)
        watch = Watch(setup, pieces, standing)
        run = Replay(
            setup.deliveries(stream),
            sender,
            journal,
            setup.rules,
            letters=DeadLetters(failed.write) if failed else None,
            progress=lambda now: watch.look(now, run),
        )
        stack.enter_context(_stopping(run))
        report = run.run()
    names = [source.name for source in setup.sources]
    errors = [*setup.errors, *pieces.errors]
    return Ended(names, setup.target.host, stream, report, errors, path, remembering.failed).tell(printing)


class Watch:
    """Looks at a run from time to time: shows how it stands, and stops what has lost the process it works for."""

    def __init__(self, setup: Setup, pieces: Series | Follower, standing: Standing) -> None:
        self._setup = setup
        self._pieces = pieces
        self._standing = standing
        self._has_told = False

    def look(self, now: Snapshot, run: Replay) -> None:
        """Not from a signal handler, which must not print: what it interrupts may be printing."""
        if run.is_stopping and now.in_flight and not self._has_told:
            self._has_told = True
            grace = f"in {self._setup.rules.grace:g} s at most"
            self._standing.note(f"stopping when what is in flight has its answers, {grace}; again: at once")
        self._standing.show(now, self._pieces.done, isinstance(self._pieces, Follower) and self._pieces.is_waiting)
        if self._setup.parent not in (None, os.getppid()) and not run.is_stopping:
            run.stop()


def _opened(setup: Setup, path: Path | None, standing: Standing) -> tuple[Series | Follower, Journal | NoJournal]:
    """What is read, and what is known of it."""
    if not setup.is_followed:
        series = setup.series(unblocking=True)
        return series, journaling.write(path, setup, series)

    def on_change(change: Change) -> None:
        if change.kind in CHANGES:
            standing.note(CHANGES[change.kind].format(change.source, change.detail))

    return following.follow(path, setup, on_change)


@contextmanager
def _stopping(run: Replay) -> Iterator[None]:
    """SIGINT and SIGTERM stop the run: once gently, twice at once."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        run.stop()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
