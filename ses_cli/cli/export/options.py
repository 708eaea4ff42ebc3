"""The options of `export`: which columns, and what is redacted."""

from typing import NamedTuple

import click

from ses_cli.cli.options import File, List, grouped

SUFFIXES = {".parquet": "parquet", ".arrow": "arrow", ".arrows": "arrow", ".duckdb": "duckdb"}


class ExportChoice(NamedTuple):
    """What of the records is written."""

    columns: tuple[str, ...]
    partition_by: str | None
    bounces: bool
    redact: str | None
    redact_domains: bool


choosing = grouped(
    "choosing",
    ExportChoice,
    ExportChoice._fields,
    click.option(
        "--columns", multiple=True, type=List(), metavar="NAME", help="Only these columns, separated by commas."
    ),
    click.option(
        "--partition-by",
        type=click.Choice(("day", "event", "from-domain")),
        help="With parquet: write a directory of files, partitioned by this (UTC days).",
    ),
    click.option("--bounces", is_flag=True, help="Write one row per bounced address, as bounces does."),
    click.option(
        "--redact", type=File(), metavar="KEYFILE", help="Replace addresses with pseudonyms derived from this key."
    ),
    click.option("--redact-domains", is_flag=True, help="With --redact: replace domains too."),
)
