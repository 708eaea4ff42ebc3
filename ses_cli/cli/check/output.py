"""What `check` prints."""

from functools import partial

from ses_cli.cli import scanning
from ses_cli.cli.baseline import read_other
from ses_cli.cli.check.options import Checking
from ses_cli.cli.comparing import other_log
from ses_cli.cli.options import Printing, Reading, Selecting
from ses_cli.errors import Exit
from ses_cli.render import messages
from ses_cli.render.output import write
from ses_cli.render.text import plural, safe
from ses_cli.reports.health.exposition import exposition
from ses_cli.reports.health.report import Health


def report(reading: Reading, selecting: Selecting, printing: Printing, checking: Checking) -> Exit:
    """The verdict first, then what stands behind it."""
    tz = selecting.zone()
    make = partial(Health, checking.asked(tz, reading.files, reading.jobs))
    found = scanning.find_input(reading, printing, checking.rules, other_log(checking.baseline))
    other = read_other(other_log(checking.baseline), reading, selecting, printing, make)
    outcome = scanning.fold(found, reading, selecting, make, rules=checking.rules)
    if other:
        outcome.fold.other = other.fold.counted()
        outcome.errors += other.errors
    if printing.form == "prometheus":
        write(exposition(outcome.fold, outcome.ledger), printing.output)
    else:
        headline = f"{outcome.fold.verdict()}\n{scanning.account(outcome.ledger)}"
        write(scanning.rendered("check", outcome, printing, tz, headline), printing.output)
    scanning.tell(outcome)
    if left_out := outcome.fold.counts.store.unassigned:
        messages.note(f"{plural(left_out, 'callback')} without bulkId or address: they tell of no message")
    failures = outcome.fold.found().failures
    for failure in failures:
        messages.plain(safe(f"failed: {failure.condition}: {failure.told}"))
    return scanning.status(outcome, bool(failures) or (reading.strict and outcome.ledger.invalid > 0))
