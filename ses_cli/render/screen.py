"""Tables for a terminal of any width, and the same without colour for a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ses_cli.render.cells import cell
from ses_cli.render.grid import BLUE, BOLD, CYAN, DIM, GAP, GREEN, RED, Cell, Shape, painted, paragraph, row, rule
from ses_cli.render.output import STDOUT, Styled
from ses_cli.render.text import safe, safe_lines
from ses_cli.render.width import cell_len
from ses_cli.table import Column, Kind, Table, Value

if TYPE_CHECKING:
    from datetime import tzinfo

_UNLIMITED = 10_000
_LEAST = 24  # columns that a long text gets, however narrow the terminal
_RIGHT = (Kind.COUNT, Kind.SHARE, Kind.NUMBER, Kind.DURATION)
_LEVELS = {"raise": (GREEN,), "lower": (BOLD, RED), "block": (BOLD, RED)}
_COLOURS = {Kind.BAR: (BLUE,), Kind.KEY: (CYAN,)}
_FOLDED = (Kind.TEXT, Kind.KEY, Kind.LIST)


def page(
    headline: str, report: Sequence[Table], output: str | None, colour: bool | None, tz: tzinfo | None, below: str = ""
) -> Styled:
    """Tables with a line above and text below, fit for standard output or the file `output`."""
    above = f"{safe_lines(headline)}\n\n" if headline else ""
    more = f"\n{safe_lines(below)}\n" if below else ""
    return Styled(f"{above}{tables(report, output, colour, tz)}{more}".encode(errors="replace"))


def tables(report: Sequence[Table], output: str | None, colour: bool | None, tz: tzinfo | None) -> str:
    """The tables as text for standard output or the file `output`; columns that do not fit go on below the others."""
    is_terminal = output in (None, STDOUT) and bool(sys.stdout) and sys.stdout.isatty()
    colour = _is_coloured(is_terminal) if colour is None else colour
    room = _width(is_terminal)
    lines = (line.rstrip() for table in report for line in _lines(table, room, colour, tz))
    return "\n".join(lines).rstrip() + "\n"


def _is_coloured(is_terminal: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (is_terminal and os.environ.get("TERM") != "dumb")


def _width(is_terminal: bool) -> int:
    """Columns to fill: the terminal's, or COLUMNS; no limit elsewhere, where nothing needs to be folded."""
    if is_terminal or os.environ.get("COLUMNS", "").isdecimal():
        from shutil import get_terminal_size  # start-up

        return get_terminal_size().columns
    return _UNLIMITED


def _lines(table: Table, room: int, is_coloured: bool, tz: tzinfo | None) -> Iterator[str]:
    bold, dim = (BOLD, DIM) if is_coloured else ("", "")
    if table.title:
        yield from paragraph(safe(table.title), room, bold)
    rows = [_texts(values, table.columns, tz) for values in table.rows]
    sums = [_texts(values, table.columns, tz) for values in (table.rest, table.total) if values]
    if not rows and not sums:
        yield from paragraph("none", room, dim)
        yield ""
    else:
        yield from _grid(table, rows, sums, room, is_coloured)
    for note in table.notes:
        yield from paragraph(safe(note), room, dim)
    for command in table.commands:
        yield painted(safe(command), (GREEN,) if is_coloured else ())
    if table.notes or table.commands:
        yield ""
    if table.conclusion:
        yield from paragraph(safe(table.conclusion), room, bold)
        yield ""


def _grid(
    table: Table, rows: Sequence[Sequence[str]], sums: Sequence[Sequence[str]], room: int, is_coloured: bool
) -> Iterator[str]:
    """Rows of a table below their heads, and sums below a line."""
    bold, dim = (BOLD, DIM) if is_coloured else ("", "")
    asked, least = _widths(table.columns, [*rows, *sums], room)
    for part in _parts(table.columns, least, room):
        columns = [table.columns[at] for at in part]
        widths = _stretched(part, table.columns, asked, least, room)
        shapes = [Shape(widths[at], table.columns[at].kind in _RIGHT) for at in part]
        yield from row([Cell(column.title, (dim,)) for column in columns], shapes, is_head=True)
        yield rule(shapes)
        for texts in rows:
            yield from row(_cells([texts[at] for at in part], columns, is_coloured), shapes)
        if rows and sums:
            yield rule(shapes)
        for texts in sums:
            weight = bold if texts is sums[-1] and table.total else dim
            yield from row(_cells([texts[at] for at in part], columns, is_coloured, weight), shapes)
        yield ""


def _texts(row: Sequence[Value], columns: Sequence[Column], tz: tzinfo | None) -> list[str]:
    return [cell(value, column.kind, tz) for value, column in zip(row, columns, strict=True)]


def _cells(texts: Sequence[str], columns: Sequence[Column], is_coloured: bool, weight: str = "") -> list[Cell]:
    if not is_coloured:
        return [Cell(text) for text in texts]
    return [Cell(text, (weight, *_codes(text, column.kind))) for text, column in zip(texts, columns, strict=True)]


def _codes(text: str, kind: Kind) -> Sequence[str]:
    if kind is Kind.LEVEL:
        return _LEVELS.get(text, ())
    return _COLOURS.get(kind, ())


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int) -> tuple[list[int], list[int]]:
    """What each column asks for, and what it gets at least: titles fold between words, long texts anywhere."""
    texts = [max((cell_len(row[at]) for row in rows), default=0) for at in range(len(columns))]
    asked = [max(cell_len(column.title), text) for column, text in zip(columns, texts, strict=True)]
    if sum(asked) + GAP * (len(asked) - 1) <= room:
        return asked, asked
    least = []
    for column, text in zip(columns, texts, strict=True):
        title = max(map(cell_len, column.title.split()), default=0)
        most = max(room // 2, _LEAST) if column.kind is Kind.KEY else _LEAST if column.kind in _FOLDED else text
        least.append(max(title, min(text, most)))
    return asked, least


def _stretched(
    part: Sequence[int], columns: Sequence[Column], asked: Sequence[int], least: Sequence[int], room: int
) -> dict[int, int]:
    """The widths of a part's columns: room that is left goes to longer texts, the widest give what is missing."""
    left = room - sum(least[at] + GAP for at in part) + GAP
    widths = {}
    for at in part:
        more = max(min(asked[at] - least[at], left), 0) if columns[at].kind in _FOLDED else 0
        widths[at] = least[at] + more
        left -= more
    for _ in range(-left):
        widest = max(widths, key=lambda at: widths[at])
        widths[widest] = max(widths[widest] - 1, 1)
    return widths


def _parts(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[list[int]]:
    """The columns by number in parts that fit side by side, each led by the key. A block is cut only if it must be."""
    keys = [at for at, column in enumerate(columns) if column.kind is Kind.KEY]
    others = [at for at in range(len(columns)) if at not in keys]
    lead = sum(widths[at] + GAP for at in keys)
    parts: list[list[int]] = [[*keys]]
    used = lead
    for _, block in groupby(others, key=lambda at: columns[at].block):
        whole = list(block)
        if len(parts[-1]) > len(keys) and used + sum(widths[at] + GAP for at in whole) - GAP > room:
            parts.append([*keys])
            used = lead
        for at in whole:
            if used + widths[at] > room and len(parts[-1]) > len(keys):
                parts.append([*keys])
                used = lead
            parts[-1].append(at)
            used += widths[at] + GAP
    return parts
