"""Reads the log that another is compared with."""

from collections.abc import Callable

from ses_cli.cli import scanning
from ses_cli.cli.options import Printing, Reading, Selecting
from ses_cli.render import messages
from ses_cli.render.text import plural
from ses_cli.reports.health.report import Health
from ses_cli.scan import Outcome


def read_other(
    name: str | None, reading: Reading, selecting: Selecting, printing: Printing, make: Callable[[], Health]
) -> Outcome[Health] | None:
    """The log that is compared with, read whole, whatever period is selected of the other."""
    if not name:
        return None
    this = reading._replace(files=(name,), rejects=None, state=None)
    found = scanning.find_input(this, printing)
    outcome = scanning.fold(found, this, selecting._replace(since=None, until=None), make)
    ledger = outcome.ledger
    messages.note(f"baseline {name}: {plural(ledger.lines, 'line')}, {ledger.counted:,} counted")
    return outcome
