"""`listen --forward-to`: a process of its own replays the log as it grows, so that sending delays no answer."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import click

from ses_cli.capture.server_events import Listening, Note, ReceiverFailure, ServerEvent
from ses_cli.cli.listen.beginning import Beginning
from ses_cli.cli.listen.forward_status import ForwardStatus
from ses_cli.cli.replay.options import TARGET
from ses_cli.errors import Exit, TargetError, UsageError
from ses_cli.replay.http.target import resolve_target

_LONGEST_PAUSE = 60.0  # seconds between two starts
_SHUTDOWN_TIMEOUT = 15.0  # seconds: longer than a replay waits for what is in flight

Emit = Callable[[ServerEvent | ForwardStatus], None]


def allow(url: str, is_allowed: bool) -> bool:
    """Whether a public host may be sent to; asks where there is a terminal. UsageError for a no, or for no URL."""
    try:
        target = resolve_target(url, os.environ)
    except TargetError:  # the resolver may be down: that must not keep callbacks from being received
        return is_allowed
    if not target.reach.is_asked_about or is_allowed:
        return is_allowed
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise UsageError(f"{target.host} is {target.reach.label}", "--yes forwards to it without asking")
    if not click.confirm(f"forward all callbacks to {target.host}, {target.reach.label}?", err=True):
        raise UsageError("nothing was sent")
    return True


class Forwarder:
    """Starts a replay of the log once that is there, and again when it dies. It ends with this process in any case."""

    def __init__(self, url: str, log: Path, emit: Emit, is_allowed: bool) -> None:
        # -P: a file in the working directory must not be taken for a library
        program = [sys.executable, "-P", "-m", "ses_cli", "replay", "--follow", "--give-up-time", "never"]
        allowed = ["--yes"] if is_allowed else []
        self._command = [*program, "--parent", str(os.getpid()), *allowed, str(log.absolute())]
        self._beginning = Beginning(log, url)
        self._environment = {**os.environ, TARGET: url}
        self._emit = emit
        self._status = ForwardStatus()
        self._is_down = False  # and that was said
        self._said = ""  # the last line of a process that is none of its messages: of a traceback, what went wrong
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, event: ServerEvent) -> None:
        """Takes an event of the receiver: when that listens, its log is there."""
        if isinstance(event, Listening):
            # what is rotated away before a replay has begun is to be sent all the same
            try:
                self._beginning.keep()
            except TargetError as error:
                self._emit(ReceiverFailure(f"forwarding: {error}"))
            self._thread.start()
        self._emit(event)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        if self._child:
            self._child.terminate()
        if self._thread.is_alive():
            self._thread.join(_SHUTDOWN_TIMEOUT)

    def _run(self) -> None:
        pause = 0.5
        while not self._closing.is_set():
            begun = monotonic()
            try:
                status = self._once()
            except OSError as error:
                status, self._said = Exit.INTERNAL, str(error)
            if self._closing.is_set():
                return
            if self._status.now.end == "gone":
                self._emit(
                    ReceiverFailure("forwarding has stopped: the handler answered 410 Gone; receiving continues")
                )
                return
            pause = 1.0 if monotonic() - begun > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            self._emit(ReceiverFailure(f"forwarding {self._ended(status)}; restarting in {pause:.0f} s"))
            self._status.restart()
            self._closing.wait(pause)

    def _ended(self, status: int) -> str:
        if self._status.now.end == "redirected":
            return "was redirected by the handler, and redirects are not followed"
        if self._status.now.end or status in (Exit.USAGE, Exit.TROUBLE):
            return "has ended"  # why was said
        if status < 0:
            with suppress(ValueError):
                return f"was killed by {signal.Signals(-status).name}"
        return f"crashed with status {status}" + (f": {self._said}" if self._said else "")

    def _once(self) -> int:
        """Runs the replay to its end and hands on what it says."""
        self._said = ""
        status_fd, write_fd = os.pipe()
        begin_fds = () if self._beginning.fd is None else (self._beginning.fd,)
        try:
            child = subprocess.Popen(
                [*self._command, f"--status-fd={write_fd}", *(f"--begin-fd={fd}" for fd in begin_fds)],
                pass_fds=(write_fd, *begin_fds),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                process_group=0,  # the terminal's Ctrl-C is for the receiver, which ends it in its turn
            )
        finally:
            os.close(write_fd)
        watcher = threading.Thread(target=self._watch, args=(status_fd,), name="forwarder-status", daemon=True)
        watcher.start()
        with child as self._child:
            if self._closing.is_set():  # it was begun while all was ending
                child.terminate()
            for line in child.stderr or ():
                self._hand_on(line.rstrip())
        watcher.join()
        return child.returncode

    def _hand_on(self, line: str) -> None:
        kind, _, said = line.partition(": ")
        if kind == "error":
            self._emit(ReceiverFailure(f"forwarding: {said}"))
        elif kind in ("note", "hint"):
            if not self._closing.is_set():
                self._emit(Note(f"forwarding: {said}"))
        elif line.strip():
            self._said = line.strip()

    def _watch(self, status_fd: int) -> None:
        with open(status_fd, errors="replace") as lines:
            for line in lines:
                if self._status.update(line):
                    self._emit(self._status)
                if self._status.now.delivered or self._status.now.failed:
                    self._beginning.forget()
                self._tell()

    def _tell(self) -> None:
        """Says it once when the handler stops taking callbacks, and when it takes them again."""
        status = self._status
        if status.is_down and not self._is_down:
            self._is_down = True
            self._emit(ReceiverFailure(str(status)))
        elif self._is_down and status.now.failing is None and (status.now.delivered or status.now.failed):
            self._is_down = False
            if not status.now.end:
                self._emit(Note(f"forwarding: the handler is accepting callbacks again, {status.waiting}"))
