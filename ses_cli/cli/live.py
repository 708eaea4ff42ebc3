"""A report over a log that grows, drawn again and again until it is interrupted."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import FrameType
from typing import Generic

from ses_cli.batch import Checks
from ses_cli.cli import scanning
from ses_cli.cli.given import refuse as refuse_idle
from ses_cli.cli.options import Printing, Reading, Selecting
from ses_cli.errors import Exit, SourcesError, UsageError
from ses_cli.follow import POLL, LogChange
from ses_cli.live import LiveReport, Period
from ses_cli.render import messages
from ses_cli.render.collisions import OutputFile
from ses_cli.render.data import rejects
from ses_cli.render.keyboard import Keyboard, is_background
from ses_cli.render.live import Picture, is_live
from ses_cli.render.text import safe_lines
from ses_cli.scan import Outcome
from ses_cli.scan.parts import F
from ses_cli.sources import Source
from ses_cli.times import ago

_PERIOD = 1.0  # seconds between two pictures
_SHARE = 4  # of its time, drawing takes at most one part in so many

Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None
Render = Callable[[Outcome[F]], Iterator[bytes]]


def report(
    reading: Reading, selecting: Selecting, printing: Printing, make: Callable[[], F], render: Render[F]
) -> Exit:
    """Follows the one log that is named. On a terminal the report is redrawn; as json, documents come one by one."""
    refuse_idle("with --follow, which reads one log until it is interrupted", "jobs", "cluster", "state", "fail_empty")
    is_redrawn = _is_redrawn(printing)
    source = followed(reading)
    scanning.check_outputs(reading, [source], [OutputFile("-o", printing.output)])
    checks = Checks(reading.max_line, reading.strict, selection=selecting.selection())
    with ExitStack() as stack:
        output = stack.enter_context(scanning.rejects_output(reading, [source]))
        keyboard = stack.enter_context(Keyboard()) if is_redrawn else None
        signals = stack.enter_context(Signals(keyboard))
        notes: list[str] = []

        def on_change(change: LogChange) -> None:
            if change.kind in CHANGES:
                notes.append(CHANGES[change.kind].format(change.source, change.detail))

        live = LiveReport(
            source.path, source.name, make, checks, on_change,
            period=_period(selecting),
            rejects=(lambda lines: output.write(rejects(lines))) if reading.rejects else None,
        )  # fmt: skip
        stack.callback(live.close)
        status = View(live, notes, render, keyboard, signals).run()
    scanning.tell(live.outcome)
    return Exit.TROUBLE if live.outcome.errors else status


def _period(selecting: Selecting) -> Period | None:
    """How the selected period slides; None where it does not."""
    since, until = (ago(text) if text else None for text in (selecting.since, selecting.until))
    return None if since is None and until is None else Period(since, until)


class View(Generic[F]):
    """Shows a report that grows: redrawn where there is a keyboard to go with it, else one document after another."""

    def __init__(
        self, live: LiveReport[F], notes: list[str], render: Render[F], keyboard: Keyboard | None, signals: "Signals"
    ) -> None:
        self._live = live
        self._notes = notes
        self._render = render
        self._keyboard = keyboard
        self._signals = signals
        self._picture = Picture(sys.stdout.buffer, keyboard.fd is not None) if keyboard else None
        self._is_quit = False
        self._shown = -1  # lines that were read at the last picture
        self._next = time.monotonic() + _PERIOD

    def run(self) -> Exit:
        """Until it is interrupted, or somebody quits."""
        is_first = True
        while not self._signals.is_stopped:
            is_read = self._live.advance(self._next)
            if (is_read and is_first) or time.monotonic() >= self._next:
                self._draw()
                is_first = is_first and not is_read
            if is_read:
                self._wait()
        self._draw(is_last=True)
        return Exit.DONE if self._is_quit else Exit.INTERRUPTED

    def _wait(self) -> None:
        """Until something may have come to the log, or somebody typed, resized the terminal, or sent a signal."""
        keys = self._keyboard.fd if self._keyboard else None
        readable, _, _ = select.select([self._signals.fd, *([] if keys is None else [keys])], [], [], POLL)
        if self._signals.fd in readable:
            for number in self._signals.read():
                if number == signal.SIGCONT and self._picture and self._keyboard:
                    self._keyboard.take()
                    self._picture.leave()
            self._draw(is_asked=True)
        if keys in readable and self._keyboard and self._picture:
            for key in self._keyboard.read():
                if key == "quit":
                    self._is_quit = self._signals.is_stopped = True
                else:
                    self._picture.scroll(key)

    def _draw(self, is_last: bool = False, is_asked: bool = False) -> None:
        """Draws, if there is something new, or on a terminal if that is asked for."""
        if self._signals.is_stopped and not is_last:
            return
        outcome, started = self._live.outcome, time.monotonic()
        is_new = self._live.slide(time.time()) or outcome.ledger.lines != self._shown
        if self._picture:
            if (is_new or self._notes or is_last or is_asked) and not is_background(sys.stdout.fileno()):
                above = "\n".join(safe_lines(f"note: {note}") for note in self._notes)
                self._picture.draw(b"".join(self._render(outcome)).decode(), above, is_last)
                self._notes.clear()
                self._shown = outcome.ledger.lines
        else:
            for note in self._notes:
                messages.note(note)
            self._notes.clear()
            if is_new:
                sys.stdout.buffer.writelines(self._render(outcome))
                sys.stdout.buffer.flush()
                self._shown = outcome.ledger.lines
        now = time.monotonic()
        self._next = now + max(_PERIOD, _SHARE * (now - started))


class Signals:
    """SIGINT and SIGTERM stop it, the second one at once; SIGWINCH, and SIGCONT after Ctrl-Z, ask for a new picture."""

    def __init__(self, keyboard: Keyboard | None) -> None:
        self.is_stopped = False
        self.fd, self._wake = os.pipe()  # gets a byte for each signal, so that none is missed between two looks
        self._keyboard = keyboard
        self._before: dict[int, Handler] = {}

    def __enter__(self) -> "Signals":
        for fd in (self.fd, self._wake):
            os.set_blocking(fd, False)
        handled = {signal.SIGINT: self._stop, signal.SIGTERM: self._stop}
        if self._keyboard:
            handled |= {signal.SIGWINCH: self._look, signal.SIGCONT: self._look, signal.SIGTSTP: self._pause}
        self._before = {number: signal.signal(number, handler) for number, handler in handled.items()}
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        self._restore()
        os.close(self.fd)
        os.close(self._wake)

    def read(self) -> list[int]:
        """The signals that came since the last time."""
        try:
            return list(os.read(self.fd, 4096))
        except BlockingIOError:
            return []

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.is_stopped = True
        self._restore()

    def _look(self, number: int, frame: FrameType | None) -> None:
        """The wake-up is all there is to do."""

    def _pause(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-Z: the shell gets its terminal as it was, and this stops until `fg` or `bg`."""
        assert self._keyboard
        self._keyboard.give_back()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._pause)
        self._keyboard.take()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}


def refuse(*options: tuple[object, str]) -> None:
    """Raises UsageError where an option is given that --follow cannot be combined with."""
    for value, name in options:
        if value:
            raise UsageError(f"--follow cannot be combined with {name}")


def _is_redrawn(printing: Printing) -> bool:
    refuse((printing.output, "--output"))
    if printing.form == "json":
        return False
    if printing.form == "table" and is_live(sys.stdout.buffer):
        return True
    what = "a table is redrawn on a terminal only" if printing.form == "table" else f"{printing.form} cannot be redrawn"
    raise UsageError(f"--follow: {what}", "--json prints one document after another, each with everything so far")


def followed(reading: Reading) -> Source:
    """The one log that can be followed. Raises UsageError, SourcesError."""
    sources, errors = scanning.find_sources(reading)
    if not sources:
        raise SourcesError(errors)
    if errors or max(len(sources), len(reading.files)) > 1:  # two names of one content are two files
        raise UsageError("--follow takes one file", "the one being written to; rotation is followed")
    if sources[0].identity is None or sources[0].codec or sources[0].is_object:
        raise UsageError(f"{sources[0].name} cannot be followed", "follow a plain file, such as the one listen writes")
    return sources[0]


CHANGES = {
    "rotated": "{} was rotated: reading continues in the next file",
    "truncated": "{} was truncated: reading starts over from the beginning",
    "shortened": "{} was shortened: its last lines, already read, are gone",
    "gone": "{} is gone: waiting for it to come back",
    "missing": "{}: a rotated file may be missing, with its callbacks: {}",
    "unreadable": "{}: {}; everything before that was read, and reading continues in the next file",
}
