"""The options of `report`: how the page looks, what it may hold, and what it compares."""

from typing import NamedTuple

import click

from ses_cli.cli.comparing import comparing
from ses_cli.cli.options import File, grouped


class Designing(NamedTuple):
    """How the page looks, what it may hold, and what it compares."""

    title: str | None
    language: str
    addresses: bool
    rules: str | None
    window: int
    baseline: str


designing = grouped(
    "designing",
    Designing,
    Designing._fields,
    click.option("--title", metavar="TEXT", help="Title of the page."),
    click.option(
        "--lang", "language", type=click.Choice(("en", "zh")), default="en", show_default=True, help="Language."
    ),
    click.option("--addresses", is_flag=True, help="Put the addresses to suppress on the page, as a download."),
    click.option("--rules", type=File(), help="Your own rules for reasons, tried first; see docs/reasons.md."),
    *comparing,
)
