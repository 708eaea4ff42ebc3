"""A log that is followed, from where the journal's last run left it."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from ses_cli.cli.replay.journal import tell_unknown
from ses_cli.cli.replay.setup import Setup
from ses_cli.errors import SourceError
from ses_cli.follow import Follower, LogFile, OnChange, open_generations
from ses_cli.render import messages
from ses_cli.replay.generations import Generation, GenerationTracker, recognise
from ses_cli.replay.jsonl import Journal, NoJournal
from ses_cli.replay.past import Past
from ses_cli.replay.resume import open_journal
from ses_cli.replay.states import State
from ses_cli.sources import Source, reason


def follow(path: Path | None, setup: Setup, on_change: OnChange) -> tuple[Follower, Journal | NoJournal]:
    """The log and its journal. SourceError where the log that the journal knows is not to be found."""
    (source,), max_line = setup.sources, setup.reading.max_line
    if path is None:
        return Follower(source.path, max_line, on_change), NoJournal()
    journal = open_journal(path, setup.target.url, setup.target.masked, [])
    try:
        follower, files = resume(journal, source, max_line, on_change, setup.begin_fd)
    except BaseException:
        journal.close()
        raise
    _tell_of(journal, source.name, files, setup.rules.resend_unknown)
    return follower, journal


def resume(
    journal: Journal, source: Source, max_line: int, on_change: OnChange, begin_fd: int | None = None
) -> tuple[Follower, list[Generation]]:
    """What is left of the logs that the journal knows, then all that were begun since; and what was found of them.

    A journal that knows none begins with the open file `begin_fd`, or with the one that is written to now. Each file
    is opened once: what is recognised is what is read, whatever is renamed in between.
    """
    log = Path(source.path)
    with ExitStack() as stack:
        try:
            opened = [stack.enter_context(file) for file in open_generations(log)]
        except OSError as error:
            raise SourceError(f"{source.name}: {reason(error)}") from None
        files = recognise(journal.known.past, source.name, [partial(file.pieces, max_line) for file in opened])
        first = next((at for at, file in enumerate(files) if file.number is not None), None)
        begin = _begin(opened, log, begin_fd) if first is None else opened[first]
        tracker = GenerationTracker(journal, source.name, [] if first is None else files[first:])
        others = [file for file in opened if file is not begin]
        stack.pop_all()
    for file in others:
        file.close()
    return Follower(source.path, max_line, on_change, tracker=tracker, begin=begin), files


def _begin(opened: Sequence[LogFile], log: Path, begin_fd: int | None) -> LogFile | None:
    if begin_fd is not None:
        return LogFile(open(begin_fd, "rb", buffering=0, closefd=False), log)
    return opened[-1] if opened and opened[-1].path == log else None


def _tell_of(journal: Journal, name: str, files: Sequence[Generation], is_resent: bool) -> None:
    past = journal.known.past
    found = [file.number for file in files if file.number is not None]
    tell_unknown(journal.known, found, is_resent)
    for file in files:
        if file.lines is not None:
            messages.note(
                f"{name} has lost lines that were sent: what stands there from line {file.lines + 1} on is new"
            )
    if gone := _undelivered(past, set(past.generations(name)) - set(found)):
        messages.note(f"{gone:,} that were not delivered stood in logs of {name} that are not beside it any more")


def _undelivered(past: Past, numbers: set[int]) -> int:
    states = (State.UNKNOWN, State.FAILED)
    return sum(1 for number in numbers for state in states for _ in past.lines(number, state))
