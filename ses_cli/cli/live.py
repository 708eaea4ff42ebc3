"""A report over a log that grows, drawn again and again until it is interrupted."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Generic

from ses_cli.batch import Batch, Checks
from ses_cli.cli import scanning
from ses_cli.cli.options import Printing, Reading, Selecting
from ses_cli.errors import Exit, SourcesError, UsageError
from ses_cli.follow import POLL, Change, Follower
from ses_cli.pipeline import Reader
from ses_cli.render import messages
from ses_cli.render.collisions import OutputFile
from ses_cli.render.data import rejects
from ses_cli.render.live import Picture, is_live
from ses_cli.render.output import Output
from ses_cli.scan import Outcome
from ses_cli.scan.parts import F
from ses_cli.sources import Source, find

_PERIOD = 1.0  # seconds between two pictures
_SHARE = 4  # of its time, drawing takes at most one part in so many

Render = Callable[[Outcome[F]], Iterator[bytes]]


def report(
    reading: Reading, selecting: Selecting, printing: Printing, make: Callable[[], F], render: Render[F]
) -> Exit:
    """Follows the one log that is named. On a terminal the report is redrawn; as json, documents come one by one."""
    is_redrawn = _is_redrawn(printing)
    source = followed(reading)
    scanning.check_outputs(reading, [source], [OutputFile("-o", printing.output)])
    checks = Checks(reading.max_line, reading.strict, selection=selecting.selection())
    with Output(reading.rejects) as output, _stopping() as is_stopped:
        reader = Reader(checks, (lambda lines: output.write(rejects(lines))) if reading.rejects else None)
        view = View(Outcome(make(), [source.name], reader.ledger, reader.first), render, is_redrawn)
        for batch in reader.batches(Follower(source.path, reading.max_line, view.changed)):
            if batch is None:
                view.caught_up()
                time.sleep(POLL)
            else:
                view.add(batch)
                if view.is_due():
                    view.draw()
            if is_stopped():
                break
        view.draw(is_last=True)
    scanning.tell(view.outcome)
    return Exit.INTERRUPTED


class View(Generic[F]):
    """An outcome that grows, and its picture."""

    def __init__(self, outcome: Outcome[F], render: Render[F], is_redrawn: bool) -> None:
        self.outcome = outcome
        self._render = render
        self._picture = Picture(sys.stdout.buffer) if is_redrawn else None
        self._notes: list[str] = []
        self._is_new = True
        self._next = time.monotonic() + _PERIOD
        self._is_first = True

    def add(self, batch: Batch) -> None:
        """Counts what came."""
        self.outcome.fold.add(batch)
        if batch.piece.source not in self.outcome.sources:
            self.outcome.sources.append(batch.piece.source)
        self._is_new = True

    def changed(self, change: Change) -> None:
        """Notes what happened to the file."""
        if change.kind in CHANGES:
            self._notes.append(CHANGES[change.kind].format(change.source, change.detail))

    def caught_up(self) -> None:
        """Draws what is new, if it is time, and the first picture at once."""
        if self._is_first or self.is_due():
            self._is_first = False
            self.draw()

    def is_due(self) -> bool:
        """Whether it is time for a picture."""
        return time.monotonic() >= self._next

    def draw(self, is_last: bool = False) -> None:
        """Draws, if there is something new; the last picture of a terminal in any case."""
        if not (self._is_new or self._notes or (is_last and self._picture)):
            return
        started = time.monotonic()
        notes, self._notes = self._notes, []
        if self._picture:
            text = b"".join(self._render(self.outcome)).decode()
            self._picture.draw(text, "\n".join(messages.safe_lines(f"note: {note}") for note in notes), is_last)
        else:
            for note in notes:
                messages.note(note)
            if self._is_new:
                sys.stdout.buffer.writelines(self._render(self.outcome))
                sys.stdout.buffer.flush()
        self._is_new = False
        now = time.monotonic()
        self._next = now + max(_PERIOD, _SHARE * (now - started))


def refuse(*options: tuple[object, str]) -> None:
    """Raises UsageError where an option is given that --follow does not go with."""
    for value, name in options:
        if value:
            raise UsageError(f"--follow does not go with {name}")


def _is_redrawn(printing: Printing) -> bool:
    refuse((printing.output, "--output"))
    if printing.form == "json":
        return False
    if printing.form == "table" and is_live(sys.stdout.buffer):
        return True
    what = "a table is redrawn on a terminal only" if printing.form == "table" else f"{printing.form} cannot be redrawn"
    raise UsageError(f"--follow: {what}", "--json prints one document after another, each with all there is")


def followed(reading: Reading) -> Source:
    """The one log that can be followed. Raises UsageError, SourcesError."""
    sources, errors = find(reading.files, messages.note)
    if not sources:
        raise SourcesError(errors)
    if errors or len(sources) > 1:
        raise UsageError("--follow takes one file", "the one that is written to; it goes on when that is rotated")
    if sources[0].identity is None or sources[0].codec:
        raise UsageError(f"{sources[0].name} cannot be followed", "a plain file can, and the one that listen writes is")
    return sources[0]


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM came. The second one interrupts at once."""
    stopped = False

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal stopped
        stopped = True
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: stopped
    finally:
        restore()


CHANGES = {
    "rotated": "{} goes on in a new file, from its beginning",
    "truncated": "{} was emptied: what is in it now is taken for new",
    "shortened": "the writer of {} took back its last lines, which were read",
    "gone": "{} is gone: waiting for it to come back",
    "missing": "{}: a file of this log may be missing, and what stood in it: {}",
    "unreadable": "{}: {}; what stands before was read, and the next file follows",
}
