"""What `messages` does: it counts all messages, or tells the story of some."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ses_cli.cli import scanning
from ses_cli.message.counting import Listed
from ses_cli.render.output import write

if TYPE_CHECKING:
    from ses_cli.cli.messages.options import Looking
    from ses_cli.cli.options import Printing, Reading, Selecting
    from ses_cli.cli.scanning import R
    from ses_cli.errors import Exit
    from ses_cli.scan import Outcome


def overview(reading: Reading, selecting: Selecting, printing: Printing, looking: Looking) -> Exit:
    """All messages counted, or some of them listed."""
    from ses_cli.reports.messages.report import Messages
    from ses_cli.reports.messages.wanted import MessagesWanted

    wanted = MessagesWanted(
        looking.by,
        _listed(looking, printing),
        int(looking.older_than),
        looking.top or None,
        reading.jobs,
        selecting.zone(),
    )
    found = scanning.find_input(reading, printing)
    outcome = scanning.fold(found, reading, selecting, partial(Messages, wanted))
    return _print(outcome, outcome.fold.headline(), reading, selecting, printing)


def stories(reading: Reading, selecting: Selecting, printing: Printing, looking: Looking) -> Exit:
    """The whole story of each message selected."""
    from ses_cli.reports.messages.stories import Stories  # start-up: it brings the rules of reasons

    make = partial(Stories, selecting.zone(), looking.top or None, looking.rules_path())
    found = scanning.find_input(reading, printing, looking.rules)
    outcome = scanning.fold(found, reading, selecting, make, rules=looking.rules)
    return _print(outcome, outcome.fold.headline(), reading, selecting, printing)


def _listed(looking: Looking, printing: Printing) -> Listed:
    if looking.pending or looking.impossible:
        return Listed.PENDING if looking.pending else Listed.IMPOSSIBLE
    return Listed.ALL if printing.form in ("ndjson", "csv", "tsv") and not looking.by else Listed.NONE


def _print(outcome: Outcome[R], head: str, reading: Reading, selecting: Selecting, printing: Printing) -> Exit:
    line = scanning.account(outcome.ledger) + (f"\n{head}" if head else "")
    write(scanning.rendered("messages", outcome, printing, selecting.zone(), line), printing.output)
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)
