"""What can stop a run, and the exit status each thing earns."""

from collections.abc import Sequence
from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses, the same for every command."""

    DONE = 0
    BAD_NEWS = 1  # done, and the answer is bad news
    USAGE = 2
    TROUBLE = 3  # something could not be read or written
    INTERNAL = 70  # a defect of the program
    INTERRUPTED = 130


def reason(error: BaseException) -> str:
    """What went wrong, without numbers and paths: the system's words in lower case, or the message of another error."""
    if isinstance(error, OSError):
        return (error.strerror or str(error) or type(error).__name__).lower()
    return str(error) or type(error).__name__


class SesEventsError(Exception):
    """A reason to stop, told to the user as one line and, where there is a next step, a hint."""

    status = Exit.TROUBLE

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SesEventsError):
    """The command line, or a file it names as configuration, makes no sense."""

    status = Exit.USAGE


class SourceError(SesEventsError):
    """A source could not be opened, or not be read to its end."""


class SourcesError(SesEventsError):
    """None of the sources could be opened."""

    def __init__(self, errors: Sequence[SourceError]) -> None:
        super().__init__("\n".join(error.message for error in errors), errors[0].hint)


class WorkerTraceback(Exception):
    """The cause of an error that came from another process: the traceback there, which does not travel by itself."""

    def __init__(self, place: str, text: str) -> None:
        super().__init__(text)
        self.place = place  # the innermost line of ours, as ses_cli/scan/parts.py:12


class TargetError(SesEventsError):
    """Something could not be written."""
