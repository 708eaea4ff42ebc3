"""Writes what `export` selects, part by part, or shows the newest of it."""

import shutil
import sys
from datetime import UTC
from functools import partial
from pathlib import Path

import click

from ses_cli.cli import scanning
from ses_cli.cli.export import addresses, columnar
from ses_cli.cli.export.options import ExportChoice
from ses_cli.cli.given import refuse
from ses_cli.cli.options import Printing, Reading, Selecting, split
from ses_cli.engine import threads
from ses_cli.errors import Exit, UsageError, reason
from ses_cli.export.ahead import Ahead
from ses_cli.export.columns import choose
from ses_cli.export.lines import Lines, Redaction, redactor
from ses_cli.export.rows import Newest, PartRows
from ses_cli.export.separated import Separated
from ses_cli.render import messages
from ses_cli.render.formats import DELIMITERS, FORMATS
from ses_cli.render.output import Output, log_mode, write
from ses_cli.scan import Part

_SHOWN = 10_000  # records of a table


def run(reading: Reading, selecting: Selecting, printing: Printing, choosing: ExportChoice) -> Exit:
    """Exports. Raises UsageError where options do not go together."""
    if choosing.bounces:
        return addresses.run(reading, selecting, printing, choosing)
    redaction = _redaction(choosing, printing)
    if printing.form not in columnar.FORMATS:
        refuse(f"with --format {printing.form}", "partition_by", hint="it is for parquet")
    if printing.form in ("raw", "ndjson") and not (printing.form == "ndjson" and choosing.columns):
        return _lines(reading, selecting, printing, redaction, choosing)
    if redaction:
        raise UsageError(f"--redact does nothing with --format {printing.form}", "-f ndjson writes a redacted log")
    if printing.form == "table":
        refuse("with --format table", "columns", hint="-f csv has columns")
        return _table(reading, selecting, printing)
    if printing.form in columnar.FORMATS:
        return columnar.run(reading, selecting, printing, choosing)
    return _rows(reading, selecting, printing, choosing)


def _redaction(choosing: ExportChoice, printing: Printing) -> Redaction | None:
    if choosing.redact is None:
        refuse("without --redact", "redact_domains")
        return None
    if printing.form == "raw":
        raise UsageError("--redact: raw has the bytes that were captured", "-f ndjson writes a redacted log")
    if choosing.columns:
        raise UsageError("--redact and --columns are mutually exclusive", "redact first: -f ndjson -o redacted.jsonl")
    try:
        key = Path(choosing.redact).read_bytes().strip()
    except OSError as error:
        raise UsageError(f"{choosing.redact}: {reason(error)}", "make one: openssl rand -hex 32 >KEYFILE") from None
    redaction = Redaction(key, choosing.redact_domains)
    redactor(redaction)  # a bad key is told before anything is read
    return redaction


def _lines(
    reading: Reading, selecting: Selecting, printing: Printing, redaction: Redaction | None, choosing: ExportChoice
) -> Exit:
    if printing.form == "raw":
        refuse("with --format raw, which has the lines as they are", "columns")
    refuse(f"with --format {printing.form}, which has times as they were captured", "tz")
    found = scanning.find_input(reading, printing, choosing.redact)
    mode = log_mode(source.path for source in found.sources)
    with Output(printing.output, mode) as output:

        def see(part: Part[Lines]) -> None:
            output.write(part.fold.lines)
            part.fold.lines.clear()

        outcome = scanning.fold(
            found, reading, selecting, partial(Lines, printing.form == "raw", redaction), see, is_streamed=True
        )
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)


def _rows(reading: Reading, selecting: Selecting, printing: Printing, choosing: ExportChoice) -> Exit:
    names, tz = choose(split(choosing.columns)), selecting.zone()
    if printing.form in DELIMITERS:
        return _separated(reading, selecting, printing, names)
    found = scanning.find_input(reading, printing)
    mode = log_mode(source.path for source in found.sources)
    write_rows = FORMATS[printing.form].rows
    assert write_rows
    with Output(printing.output, mode) as output:
        output.write(write_rows(PartRows(names).cells("", 0, tz), printing.style(), True))

        def see(part: Part[PartRows]) -> None:
            output.write(write_rows(part.fold.cells(part.source, part.above, tz), printing.style(), False))
            part.fold.rows.clear()

        outcome = scanning.fold(found, reading, selecting, partial(PartRows, names), see, is_streamed=True)
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)


def _separated(reading: Reading, selecting: Selecting, printing: Printing, names: tuple[str, ...]) -> Exit:
    tz = selecting.zone()
    found = scanning.find_input(reading, printing)
    mode = log_mode(source.path for source in found.sources)
    write_rows, delimiter = FORMATS[printing.form].rows, DELIMITERS[printing.form]
    assert write_rows
    make = partial(Separated, names, tz in (None, UTC) and reading.cluster is None)
    with Output(printing.output, mode) as output, Ahead(output.write, threads(reading.jobs)) as ahead:
        output.write(write_rows(PartRows(names).cells("", 0, tz), printing.style(), True))

        def see(part: Part[Separated]) -> None:
            ahead.put(partial(part.fold.take, part.source, part.above, delimiter, tz))

        outcome = scanning.fold(found, reading, selecting, make, see, is_streamed=True)
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)


def _table(reading: Reading, selecting: Selecting, printing: Printing) -> Exit:
    tz = selecting.zone()
    found = scanning.find_input(reading, printing)
    outcome = scanning.fold(found, reading, selecting, partial(Newest, _SHOWN))
    from ses_cli.render.screen import page  # start-up

    shown = page(scanning.account(outcome.ledger), outcome.fold.tables(), printing.output, printing.colour, tz)
    if printing.output is None and sys.stdout.isatty() and shown.count(b"\n") >= shutil.get_terminal_size().lines:
        click.echo_via_pager(shown.decode(), color=True)
    else:
        write([shown], printing.output)
    if outcome.fold.count > _SHOWN:
        messages.note(
            f"the newest {_SHOWN:,} of {outcome.fold.count:,} records; -f csv, ndjson and raw have all of them"
        )
    scanning.tell(outcome)
    return scanning.status(outcome, reading.strict and outcome.ledger.invalid > 0)
