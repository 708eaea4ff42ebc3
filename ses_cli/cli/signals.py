"""SIGINT, SIGTERM and SIGHUP end a command at once, and nothing half-written is left.

A handler runs between any two steps of the interpreter. An exception raised there can come up in the code of a lock,
which then releases what it does not hold, or in a destructor, which swallows it. So this one raises nothing: it
clears away what `leftovers` has and ends the process itself.
"""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType

from ses_cli.errors import Exit
from ses_cli.leftovers import clear_leftovers

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_on_signals() -> None:
    """From now on these signals end the process, in order; a second one at once.

    A command may handle them itself. What is ignored from the start, as by nohup, stays ignored.
    """
    for number in _ENDING:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)


def tell_interrupted() -> None:
    """Says that the run was ended from outside, below the ^C of a terminal. Unbuffered: fit for a handler."""
    if not sys.stderr:
        return
    is_terminal = sys.stderr.isatty()
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not is_terminal
    label = b"note:" if is_plain else b"\x1b[33mnote:\x1b[0m"
    with suppress(OSError):
        os.write(2, b"%s%s interrupted\n" % (b"\n" if is_terminal else b"", label))


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    for each in _ENDING:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, signal.SIG_DFL)
    clear_leftovers()
    if number == signal.SIGINT:
        tell_interrupted()
        os._exit(Exit.INTERRUPTED)
    os.kill(os.getpid(), number)  # so that whoever started it sees what ended it
