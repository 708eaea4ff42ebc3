"""`ses-events export`."""

import click

from ses_cli.cli.export.options import SUFFIXES, ExportChoice, choosing
from ses_cli.cli.options import Printing, Reading, Selecting, printing_as, reading, selecting
from ses_cli.sources.source import is_address


@click.command()
@choosing
@reading
@selecting
@printing_as("table", "raw", "ndjson", "csv", "tsv", "parquet", "arrow", "duckdb", others=SUFFIXES)
def export(reading: Reading, selecting: Selecting, printing: Printing, choosing: ExportChoice) -> int:
    """Write the selected records: as a table, as raw lines, or as typed columns.

    \b
    ses-events export --email alice@qq.com log.jsonl            what happened to alice's mail
    ses-events export --since 24h -f raw logs/ >today.jsonl     the very lines, byte for byte
    ses-events export -o bounces.csv --event bounce logs/
    ses-events export -o mail.csv --columns time,email,event,bounce_class logs/
    ses-events export -o mail.parquet logs/
    ses-events export -o s3://bucket/mail.parquet logs/
    ses-events export -o mail/ -f parquet --partition-by day logs/
    ses-events export --bounces -o bounces.parquet logs/        one row per bounced address
    ses-events export -f ndjson --redact key log.jsonl >for-a-colleague.jsonl

    Without --format, the newest records are shown as a table, the newest last, in a pager if it is long. raw and
    ndjson are logs again: raw has the captured bytes, ndjson the records with today's field names. csv and tsv have
    one row per record, with derived columns: the time in UTC, the class of the reason and what to do about it.

    --bounces writes the addresses that bounced, with the columns of "ses-events bounces --json"; --event deferred or
    dropped writes those whose mail was delayed or not sent.

    --redact replaces the local part of every address, in reasons, subjects and links too, with a pseudonym that depends
    on the key: the same address has the same pseudonym, so that counts and joins survive.
    """
    from ses_cli.cli.export import output as exporting

    if printing.output and is_address(printing.output):
        from ses_cli.cli.export import stored

        return stored.run(reading, selecting, printing, choosing)
    return exporting.run(reading, selecting, printing, choosing)
