"""`export --bounces`: one row an address, in every format that has rows."""

from functools import partial

from ses_cli.cli import scanning
from ses_cli.cli.export import columnar
from ses_cli.cli.export.options import ExportChoice
from ses_cli.cli.given import refuse
from ses_cli.cli.options import Printing, Reading, Selecting, split
from ses_cli.errors import Exit, UsageError
from ses_cli.events import FAILURES
from ses_cli.export.columns import choose
from ses_cli.render.formats import FORMATS
from ses_cli.render.output import Output, log_mode
from ses_cli.reports.addresses import NAMES
from ses_cli.reports.bounces import Bounces, BouncesWanted


def run(reading: Reading, selecting: Selecting, printing: Printing, choosing: ExportChoice) -> Exit:
    """Exports. Raises UsageError where options do not go together."""
    event = _event(selecting, printing)
    names = choose(split(choosing.columns), known=NAMES)
    if printing.form in columnar.FORMATS:
        columnar.check(printing, choosing)
    found = scanning.find_input(reading, printing)
    make = partial(Bounces, BouncesWanted(event=event, tz=selecting.zone()))
    outcome = scanning.fold(found, reading, selecting, make)
    _write(outcome.fold, printing, names, log_mode(source.path for source in found.sources))
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)


def _event(selecting: Selecting, printing: Printing) -> str:
    """The type of the events whose addresses are listed."""
    refuse("with --bounces", "partition_by", "redact", "redact_domains")
    if printing.form in ("table", "raw"):
        hint = "ses-events bounces has a table; -f csv, ndjson, parquet, arrow or duckdb has rows"
        raise UsageError(f"--bounces does nothing with --format {printing.form}", hint)
    events = split(selecting.events) or ("bounce",)
    if len(events) > 1:
        raise UsageError(f"--bounces lists events of one type, not {' and '.join(events)}", "run it once for each")
    if events[0] not in FAILURES:
        raise UsageError(f"--bounces does nothing with --event {events[0]}", f"one of {', '.join(FAILURES)}")
    return events[0]


def _write(report: Bounces, printing: Printing, names: tuple[str, ...], mode: int) -> None:
    if printing.form in columnar.FORMATS:
        from ses_cli.export.addresses import schema_of, tables

        with columnar.writer(printing, "bounces", schema_of(names), mode) as write:
            for table in tables(report.rows(), names):
                write(table)
        return
    write_rows = FORMATS[printing.form].rows
    assert write_rows
    with Output(printing.output, mode) as output:
        output.write(write_rows(report.data().only(names), printing.style(), True))
