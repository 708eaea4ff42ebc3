"""What `check` prints."""

from functools import partial

from ses_cli.cli import scanning
from ses_cli.cli.check.options import Checking
from ses_cli.cli.options import Printing, Reading, Selecting
from ses_cli.errors import Exit
from ses_cli.render.output import write
from ses_cli.reports.health.report import Health


def report(reading: Reading, selecting: Selecting, printing: Printing, checking: Checking) -> Exit:
    """The verdict first, then what stands behind it."""
    tz = selecting.zone()
    found = scanning.find_input(reading, printing, checking.rules)
    outcome = scanning.fold(found, reading, selecting, partial(Health, checking.asked(tz)))
    headline = f"{outcome.fold.verdict()}\n{scanning.account(outcome.ledger)}"
    write(scanning.rendered("check", outcome, printing, tz, headline), printing.output)
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)
