"""A defect of the program itself: one line for the user, and a private file with the traceback."""

import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path

import click

import ses_cli
from ses_cli.errors import Exit, SesEventsError, WorkerTraceback, reason
from ses_cli.render import messages

_ROOT = Path(ses_cli.__file__).parent


def tell(error: BaseException) -> Exit:
    """Says that the program failed, where, and which file has the traceback."""
    what = f"internal error: {type(error).__name__}{_place(error)}"
    try:
        messages.error(SesEventsError(f"{what}; the traceback is in {_written(error)}"))
    except OSError as trouble:
        messages.error(SesEventsError(f"{what}; the traceback could not be written: {reason(trouble)}"))
    return Exit.INTERNAL


def tell_os_error(error: OSError) -> Exit:
    """A file that could not be used is named; where the system names none, it is a defect."""
    if _was_printing(error):
        return told(SesEventsError(f"standard output: {reason(error)}"))
    if isinstance(error.filename, str | bytes):
        return told(SesEventsError(f"{os.fsdecode(error.filename)}: {reason(error)}"))
    return tell(error)


def told(error: SesEventsError) -> Exit:
    """The status that an error earns, once it is printed."""
    messages.error(error)
    return error.status


def _place(error: BaseException) -> str:
    """The innermost line of ours; not the exception's text, which may quote the log."""
    if isinstance(error.__cause__, WorkerTraceback):
        return f" in {error.__cause__.place}"
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_ROOT)
    ]
    return f" in {Path(frames[-1].filename).relative_to(_ROOT.parent)}:{frames[-1].lineno}" if frames else ""


def _written(error: BaseException) -> str:
    descriptor, name = tempfile.mkstemp(prefix="ses-events-", suffix=".txt")  # readable by its owner only
    with os.fdopen(descriptor, "w", errors="backslashreplace") as file:
        file.write(f"ses-events {ses_cli.__version__}, Python {platform.python_version()}, {platform.platform()}\n")
        file.write(f"command: {' '.join(sys.argv[1:2])}\n\n")  # no more of it: it may hold secrets
        file.writelines(traceback.format_exception(error))
    return name


def _was_printing(error: OSError) -> bool:
    """Whether click failed to print help or a version."""
    return any(
        frame.name == "echo" and Path(frame.filename).is_relative_to(Path(click.__file__).parent)
        for frame in traceback.extract_tb(error.__traceback__)
    )
