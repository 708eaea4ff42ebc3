"""Where a replay is remembered, and what is known from the runs before."""

from collections.abc import Iterable
from pathlib import Path

from ses_cli.cli.replay.options import Remembering
from ses_cli.cli.replay.setup import Setup
from ses_cli.render import messages
from ses_cli.replay.jsonl import Journal, NoJournal
from ses_cli.replay.past import Known, Source
from ses_cli.replay.resume import default_path, fingerprint, open_journal, read_journal
from ses_cli.sources.series import Series

_LISTED = 10  # of the unknown ones


def place(setup: Setup, remembering: Remembering) -> Path | None:
    """The journal's file, None where nothing is remembered."""
    if remembering.no_journal:
        return None
    if remembering.journal:
        return Path(remembering.journal)
    if any(source.size is None for source in setup.sources):
        messages.note("what is piped in is sent without a journal: --journal FILE remembers what was delivered")
        return None
    return default_path(setup.sources[0].path, setup.target.url)


def write(path: Path | None, setup: Setup, series: Series) -> Journal | NoJournal:
    """The journal of sending logs, begun or taken up again."""
    if path is None:
        return NoJournal()
    journal = open_journal(path, setup.target.url, setup.target.masked, _logs(setup, series))
    tell_unknown(journal.known, journal.known.numbers.values(), setup.rules.resend_unknown)
    return journal


def look(path: Path | None, setup: Setup, series: Series) -> Known | NoJournal:
    """What the journal says, without a trace."""
    if path is None:
        return NoJournal()
    return read_journal(path, setup.target.url, setup.target.masked, _logs(setup, series))


def _logs(setup: Setup, series: Series) -> list[Source]:
    return [Source(source.name, fingerprint(series.first_line(source))) for source in setup.sources]


def tell_unknown(known: Known, numbers: Iterable[int], is_resent: bool) -> None:
    """Lists what may have arrived, of these sources."""
    first: list[str] = []
    count = 0
    for source, line in known.unknown(numbers):
        count += 1
        if len(first) < _LISTED:
            first.append(f"{source}:{line}")
    if not count:
        return
    what = "sent again" if is_resent else "left out"
    more = ", ..." if count > len(first) else ""
    messages.note(f"{count:,} in flight when a run before ended, {what} (--unknown): {', '.join(first)}{more}")
