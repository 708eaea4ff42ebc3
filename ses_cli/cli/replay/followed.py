"""A log that is followed, from where the journal's last run left it."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from ses_cli.batch import Piece
from ses_cli.cli.replay.journal import tell_unknown
from ses_cli.cli.replay.setup import Setup
from ses_cli.follow.followed import Tailed
from ses_cli.follow.rotated import rotated
from ses_cli.follow.tail import Tell
from ses_cli.render import messages
from ses_cli.replay.generations import Generation, Succession, recognise
from ses_cli.replay.journal import Journal, NoJournal
from ses_cli.replay.past import Past
from ses_cli.replay.resume import open_journal
from ses_cli.replay.states import State
from ses_cli.sources import Source, find
from ses_cli.sources.read import Span, read
from ses_cli.sources.series import numbered


def follow(path: Path | None, setup: Setup, tell: Tell) -> tuple[Tailed, Journal | NoJournal]:
    """The log and its journal. SourceError where the log that the journal knows is not to be found."""
    (source,), max_line = setup.sources, setup.reading.max_line
    if path is None:
        stamps = _stamps(source)
        return Tailed(source, max_line, None, tell, stamps[-1] if stamps else ""), NoJournal()
    journal = open_journal(path, setup.target.url, setup.target.masked, [])
    try:
        tailed, files = resume(journal, source, max_line, tell, setup.after)
    except BaseException:
        journal.close()
        raise
    _tell_of(journal, source.name, files, setup.rules.resend_unknown)
    return tailed, journal


def resume(
    journal: Journal, source: Source, max_line: int, tell: Tell, after: str | None = None
) -> tuple[Tailed, list[Generation]]:
    """What is left of the logs that the journal knows, then all that were begun since; and what was found of them.

    A journal that knows none begins behind the rotated log of the stamp `after`, or with what is written to now.
    """
    stamps = _stamps(source)
    log = Path(source.path).resolve()
    reads = [partial(_read, log, stamp, max_line) for stamp in [*stamps, None]]
    files = recognise(journal.known.past, source.name, reads)
    known = (at for at, file in enumerate(files) if file.number is not None)
    begin = next(known, len(stamps) if after is None else bisect(stamps, after))
    heir = Succession(journal, source.name, files[begin:])
    return Tailed(source, max_line, heir, tell, stamps[begin - 1] if begin else ""), files


def _stamps(source: Source) -> list[str]:
    return sorted({file.stamp for file in rotated(Path(source.path).resolve())})


def _read(log: Path, stamp: str | None, max_line: int) -> Iterator[Piece]:
    """A rotated file, packed meanwhile or not, or the log itself; nothing where it is gone."""
    paths = [log] if stamp is None else [file.path for file in rotated(log) if file.stamp == stamp][:1]
    for path in paths:
        for source in find([str(path)])[0]:
            yield from numbered(read(Span(source), max_line))


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
