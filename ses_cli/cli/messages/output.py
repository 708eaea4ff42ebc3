"""The stories of messages, written."""

from functools import partial
from pathlib import Path

from ses_cli.cli import scanning
from ses_cli.cli.options import Printing, Reading, Selecting
from ses_cli.errors import Exit
from ses_cli.render.output import write
from ses_cli.reports.messages.stories import Stories


def stories(reading: Reading, selecting: Selecting, printing: Printing, top: int | None, rules: str | None) -> Exit:
    """The whole story of each message selected."""
    tz = selecting.zone()
    make = partial(Stories, tz, top, Path(rules) if rules else None)
    found = scanning.find_input(reading, printing, rules)
    outcome = scanning.fold(found, reading, selecting, make)
    line = f"{scanning.account(outcome.ledger)}\n{outcome.fold.headline()}"
    write(scanning.rendered("messages", outcome, printing, tz, line), printing.output)
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)
