"""The formats that reports are written in: one registry of names, suffixes, media types and writers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from datetime import tzinfo

    from ses_cli.ledger import Ledger
    from ses_cli.table import Data, Table

_BOM = b"\xef\xbb\xbf"  # by it spreadsheets know that a CSV file is UTF-8


class Report(Protocol):
    """What can be written in every format."""

    def tables(self) -> list[Table]: ...
    def data(self) -> Data: ...
    def document(self) -> dict[str, object]: ...


class Page:
    """A report with what stands above it."""

    def __init__(
        self,
        schema: str,
        sources: Sequence[str],
        ledger: Ledger,
        report: Report,
        headline: str = "",
        first: Sequence[Table] = (),
    ) -> None:
        self.schema = schema  # `summary` of `ses-events/summary@1`
        self.sources = sources
        self.ledger = ledger
        self.report = report
        self.headline = headline  # for people
        self.first = first  # for people, before the report's own


class Style(NamedTuple):
    """How a page is to look."""

    tz: tzinfo | None = None  # of times for people; None is the machine's
    output: str | None = None  # the file it goes to, which decides about colours and width
    colour: bool | None = None  # None: on a terminal
    excel: bool = False  # CSV that a spreadsheet opens as UTF-8


PLAIN = Style()


class Format(NamedTuple):
    """One format. Where rows can be written as they come, `rows` writes them; the header first, if it has one."""

    name: str
    suffixes: tuple[str, ...]
    media: str
    page: Callable[[Page, Style], Iterator[bytes]]
    rows: Callable[[Data, Style, bool], Iterator[bytes]] | None = None


def _table(page: Page, style: Style) -> Iterator[bytes]:
    from ses_cli.render.screen import page as drawn  # start-up: here and below, only what a format needs

    yield drawn(page.headline, [*page.first, *page.report.tables()], style.output, style.colour, style.tz)


def _json(page: Page, _: Style) -> Iterator[bytes]:
    from ses_cli.render import data

    head: dict[str, object] = {"schema": f"ses-events/{page.schema}@1", "sources": list(page.sources)}
    return data.document({**head, **page.ledger.document(), **page.report.document()})


def _ndjson(rows: Data, _: Style, has_header: bool) -> Iterator[bytes]:  # noqa: ARG001
    from ses_cli.render import data

    return data.ndjson(rows)


def _csv(rows: Data, style: Style, has_header: bool) -> Iterator[bytes]:
    from ses_cli.render import data

    yield _BOM if style.excel and has_header else b""
    yield from data.separated(rows, DELIMITERS["csv"], has_header)


def _tsv(rows: Data, _: Style, has_header: bool) -> Iterator[bytes]:
    from ses_cli.render import data

    return data.separated(rows, DELIMITERS["tsv"], has_header)


def _markdown(page: Page, style: Style) -> Iterator[bytes]:
    from ses_cli.render.markdown import markdown
    from ses_cli.render.text import escape_markdown

    lines = [f"{escape_markdown(line)}\n\n" for line in page.headline.splitlines()]
    yield "".join(lines).encode(errors="replace")
    yield from markdown([*page.first, *page.report.tables()], style.tz)


def _rows(write: Callable[[Data, Style, bool], Iterator[bytes]]) -> Callable[[Page, Style], Iterator[bytes]]:
    return lambda page, style: write(page.report.data(), style, True)


_ALL = (
    Format("table", (".txt",), "text/plain", _table),
    Format("json", (".json",), "application/json", _json),
    Format("ndjson", (".ndjson", ".jsonl"), "application/x-ndjson", _rows(_ndjson), _ndjson),
    Format("csv", (".csv",), "text/csv", _rows(_csv), _csv),
    Format("tsv", (".tsv", ".tab"), "text/tab-separated-values", _rows(_tsv), _tsv),
    Format("markdown", (".md", ".markdown"), "text/markdown", _markdown),
)
DELIMITERS = {"csv": ",", "tsv": "\t"}
FORMATS = {one.name: one for one in _ALL}
_OF_SOME = {".prom": "prometheus"}  # what some commands write besides


def format_of(path: str | None) -> str | None:
    """The format that a file's name asks for, None where it asks for none."""
    suffix = os.path.splitext(path or "")[1].lower()
    return next((one.name for one in _ALL if suffix in one.suffixes), _OF_SOME.get(suffix))
