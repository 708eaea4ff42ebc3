"""The memory of a replay: what was sent to one target and what came of it, for any number of logs and runs.

The journal remembers for each log how far everything is done, and the exceptions: what is in flight, what failed,
what is unknown, and what is done beyond. So its size and the time to resume depend on what is open, never on history.
"""

from ses_cli.replay.journal.contract import Content, Journal, NoJournal, Opened, Range
from ses_cli.replay.journal.entry import Entry, State
from ses_cli.replay.journal.opening import JournalSubject, journals_of, look, open_journal
from ses_cli.replay.journal.scope import Scope
from ses_cli.replay.journal.sqlite import SqliteJournal
from ses_cli.replay.journal.status import JournalStatus, LogStatus, read_status
from ses_cli.replay.journal_path import default_path

__all__ = [
    "Content",
    "Entry",
    "Journal",
    "JournalStatus",
    "JournalSubject",
    "LogStatus",
    "NoJournal",
    "Opened",
    "Range",
    "Scope",
    "SqliteJournal",
    "State",
    "default_path",
    "journals_of",
    "look",
    "open_journal",
    "read_status",
]
