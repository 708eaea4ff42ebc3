"""`listen --forward-to`: a process of its own replays the log as it grows, so that sending delays no answer."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import click

from ses_cli.capture.server_events import EventListener, Failure, Listening, Note, ServerEvent
from ses_cli.cli.replay.options import TARGET
from ses_cli.errors import Exit, TargetError, UsageError
from ses_cli.replay.http.target import resolve_target

_LONGEST = 60.0  # seconds between two starts
_GRACE = 15.0  # seconds to end in: longer than a replay waits for what is in flight


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

    def __init__(self, url: str, log: Path, emit: EventListener, is_allowed: bool) -> None:
        # -P: a file in the working directory must not be taken for a library
        program = [sys.executable, "-P", "-m", "ses_cli", "replay", "--follow", "--give-up-time", "never"]
        allowed = ["--yes"] if is_allowed else []
        self._command = [*program, "--parent", str(os.getpid()), *allowed, str(log.absolute())]
        self._log = log
        self._begin_fd: int | None = None  # the log with which forwarding begins, held open until it has begun
        self._environment = {**os.environ, TARGET: url}
        self._emit = emit
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, event: ServerEvent) -> None:
        """Takes an event of the receiver: when that listens, its log is there."""
        if isinstance(event, Listening):
            # what is rotated away before a replay has begun is to be sent all the same
            with suppress(OSError):
                self._begin_fd = os.open(self._log, os.O_RDONLY)
            self._thread.start()
        self._emit(event)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        if self._child:
            self._child.terminate()
        if self._thread.is_alive():
            self._thread.join(_GRACE)

    def _run(self) -> None:
        pause = 0.5
        while not self._closing.is_set():
            begun = monotonic()
            status = self._once()
            if self._closing.is_set():
                return
            if status in (Exit.BAD_NEWS, Exit.USAGE):
                self._emit(Failure(f"forwarding has ended with status {status}; receiving goes on"))
                return
            pause = 1.0 if monotonic() - begun > _LONGEST else min(2 * pause, _LONGEST)
            self._emit(Failure(f"forwarding ended with status {status} and starts again in {pause:.0f} s"))
            self._closing.wait(pause)

    def _once(self) -> int:
        """Runs the replay to its end and hands on what it says."""
        begin_fds = () if self._begin_fd is None else (self._begin_fd,)
        with subprocess.Popen(
            [*self._command, *(f"--begin-fd={fd}" for fd in begin_fds)],
            pass_fds=begin_fds,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            process_group=0,  # the terminal's Ctrl-C is for the receiver, which ends it in its turn
        ) as self._child:
            if self._closing.is_set():  # it was begun while all was ending
                self._child.terminate()
            for line in self._child.stderr or ():
                kind, _, said = line.rstrip().partition(": ")
                if kind == "error":
                    self._emit(Failure(f"forwarding: {said}"))
                elif kind in ("note", "hint") and not self._closing.is_set():
                    self._emit(Note(f"forwarding: {said}"))
        return self._child.returncode
