"""Runs a replay where a person or a program waits for it: files, progress and signals."""

import gc
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

from ses_cli.batch import Invalid
from ses_cli.cli import scanning
from ses_cli.cli.live import CHANGES
from ses_cli.cli.options import Printing, Reading
from ses_cli.cli.replay import output
from ses_cli.cli.replay.settings import Given
from ses_cli.cli.replay.status import StatusWriter
from ses_cli.errors import Exit
from ses_cli.follow import Follower, LogChange
from ses_cli.pipeline import Rejects
from ses_cli.render.data import rejects
from ses_cli.render.output import Output, log_mode
from ses_cli.render.standing import Standing
from ses_cli.replay.dead_letters import DeadLetters
from ses_cli.replay.result.metrics import metrics
from ses_cli.replay.result.report import Snapshot
from ses_cli.replay.results import Results
from ses_cli.replay.session import Session, prepare


def send(
    given: Given,
    reading: Reading,
    printing: Printing,
    *,
    failed_file: str | None = None,
    results_file: str | None = None,
    metrics_file: str | None = None,
    parent: int | None = None,
    status_fd: int | None = None,
) -> Exit:
    """Sends, and reports."""
    with ExitStack() as stack:
        rejected = stack.enter_context(scanning.rejects_output(reading, given.settings.sources))
        mode = log_mode(source.path for source in given.settings.sources)
        failed = stack.enter_context(Output(failed_file, mode)) if failed_file else None
        numbers = stack.enter_context(Output(metrics_file)) if metrics_file else None
        standing = stack.enter_context(Standing(given.settings.size))
        watch = Watch(standing, given.settings.policy.shutdown_timeout, parent)
        session = prepare(
            given.settings,
            rejects=writer(rejected) if reading.rejects else None,
            dead_letters=DeadLetters(failed.write) if failed else None,
            results=Results(Path(results_file), mode) if results_file else None,
            progress=watch.look,
            on_change=watch.on_change,
        )
        watch.session = session
        output.tell_found(session)
        if status_fd is not None and isinstance(session.pieces, Follower):
            watch.status = StatusWriter(status_fd, session.pieces)
        gc.freeze()  # each callback makes objects that reference counts free: look for cycles less often
        gc.set_threshold(50_000, 20, 100)
        with _stopping(session):
            report = session.run.run()
        if watch.status:
            watch.status.end(report)
        if numbers:
            numbers.write(metrics(report))
    return output.Ended(given, session, report, failed_file).tell(printing)


def writer(file: Output) -> Rejects:
    """Writes invalid lines to a file."""

    def write(lines: Sequence[Invalid]) -> None:
        file.write(rejects(lines))

    return write


class Watch:
    """Looks at a run from time to time: shows how it stands, and stops what has lost the process it works for."""

    def __init__(self, standing: Standing, shutdown_timeout: float, parent: int | None) -> None:
        self.session: Session | None = None
        self.status: StatusWriter | None = None
        self._standing = standing
        self._timeout = shutdown_timeout
        self._parent = parent
        self._has_told = False

    def look(self, now: Snapshot) -> None:
        """Not from a signal handler, which must not print: what it interrupts may be printing."""
        session = self.session
        if session is None:
            return
        run = session.run
        with suppress(OSError):  # of a terminal that was closed: the run ends by its signal, and in order
            if run.is_stopping and now.in_flight and not self._has_told:
                self._has_told = True
                self._standing.note(
                    f"stopping: waiting up to {self._timeout:g} s for in-flight requests; Ctrl-C again to stop now"
                )
            self._standing.show(now, session.pieces.done, session.is_waiting)
        if self.status:
            self.status.look(now, run.report)
        if self._parent not in (None, os.getppid()) and not run.is_stopping:
            run.stop()

    def on_change(self, change: LogChange) -> None:
        """Tells what becomes of a log that is followed."""
        if change.kind in CHANGES:
            with suppress(OSError):
                self._standing.note(CHANGES[change.kind].format(change.source, change.detail))


@contextmanager
def _stopping(session: Session) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP stop the run: once in order, twice at once. What is ignored, as by nohup, stays so."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        session.run.stop()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    handled = [number for number in numbers if before[number] is not signal.SIG_IGN]
    for number in handled:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])
