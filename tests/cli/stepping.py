"""Runs the program and signals it at chosen steps: bytecodes of its first thread, in its own code or that of locks.

    python -m tests.cli.stepping SIGNAL at STEP ARGUMENTS...
    python -m tests.cli.stepping SIGNAL copies SEED ARGUMENTS...

`at` sends the signal at one step. `copies` sends it to forks of the program, made at some hundreds of steps, and
writes to standard error how they ended, as JSON.
"""

import json
import os
import random
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import ses_cli
from ses_cli.cli.main import run as run_program
from ses_cli.cli.signals import end_on_signals

_PROGRAM, _LOCKS = str(Path(ses_cli.__file__).parent), threading.__file__
_GAP = 300  # steps between two copies
_LOCK_GAP, _LOCK_STEPS = 4, 100  # in the code of locks, as often as that for each function


class Stepper:
    """Sends the signal at one step."""

    def __init__(self, number: signal.Signals, step: int) -> None:
        self._number = number
        self._left = step
        self._pid = os.getpid()

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        """For `sys.settrace`."""
        if os.getpid() != self._pid or not frame.f_code.co_filename.startswith((_PROGRAM, _LOCKS)):
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self._step

    def _step(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "opcode":
            self._left -= 1
            self.take(frame)
        return self._step

    def take(self, frame: FrameType) -> None:
        """One step."""
        if not self._left:
            os.kill(self._pid, self._number)

    def end(self) -> None:
        """The program has ended by itself."""


class Copier(Stepper):
    """Sends the signal to copies of the program."""

    def __init__(self, number: signal.Signals, seed: int) -> None:
        super().__init__(number, 1)
        self._random = random.Random(seed)
        self._ended: Counter[int] = Counter()
        self._steps: Counter[str] = Counter()

    def take(self, frame: FrameType) -> None:
        """One step, at which a copy may be due."""
        code = frame.f_code
        if code.co_filename == _LOCKS and self._steps[code.co_name] < _LOCK_STEPS:
            self._steps[code.co_name] += 1
            self._left = min(self._left, self._random.randint(0, 2 * _LOCK_GAP))
        if self._left <= 0:
            self._left = self._random.randint(1, 2 * _GAP)
            self._copy()

    def end(self) -> None:
        """Says how the copies ended."""
        if os.getpid() == self._pid:
            print(json.dumps(self._ended), file=sys.stderr)

    def _copy(self) -> None:
        pid = os.fork()
        if pid:
            self._ended[os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])] += 1
        else:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os.kill(os.getpid(), self._number)


def run(number: str, how: str, argument: str, *program: str) -> None:
    """See above."""
    stepper = (Copier if how == "copies" else Stepper)(signal.Signals[number], int(argument))
    sys.argv = ["ses-events", *program]
    end_on_signals()  # the first thing that the program does
    sys.settrace(stepper.trace)
    status = run_program()
    sys.settrace(None)
    stepper.end()
    sys.exit(status)


if __name__ == "__main__":
    run(*sys.argv[1:])
