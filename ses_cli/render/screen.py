"""Tables for a terminal of any width, and the same without colour for a pipe."""

import io
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import tzinfo
from itertools import groupby

from rich import box
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table as Grid
from rich.text import Text

from ses_cli.render.cells import cell
from ses_cli.render.output import STDOUT, Styled
from ses_cli.render.text import safe, safe_lines
from ses_cli.table import Column, Kind, Table, Value

_UNLIMITED = 10_000
_GAP = 2  # columns between columns, one of them the box
_LEAST = 24  # columns that a long text gets, however narrow the terminal
_RIGHT = (Kind.COUNT, Kind.SHARE, Kind.NUMBER, Kind.DURATION)
_LEVELS = {"raise": "green", "lower": "bold red", "block": "bold red"}
_FOLDED = (Kind.TEXT, Kind.KEY, Kind.LIST)
_BOX = box.Box("    \n    \n ── \n    \n ── \n    \n    \n    \n")


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
    out = io.StringIO()
    console = Console(file=out, width=_width(is_terminal), force_terminal=colour, no_color=not colour)
    for table in report:
        _print(console, table, tz)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().rstrip().split("\n"))


def _is_coloured(is_terminal: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (is_terminal and os.environ.get("TERM") != "dumb")


def _width(is_terminal: bool) -> int:
    """Columns to fill: the terminal's, or COLUMNS; no limit elsewhere, where nothing needs to be folded."""
    if is_terminal or os.environ.get("COLUMNS", "").isdecimal():
        return shutil.get_terminal_size().columns
    return _UNLIMITED


def _print(console: Console, table: Table, tz: tzinfo | None) -> None:
    rows = [_texts(row, table.columns, tz) for row in table.rows]
    sums = [_texts(row, table.columns, tz) for row in (table.rest, table.total) if row]
    if table.title:
        console.print(Text(safe(table.title), style="bold"))
    asked, least = _widths(table.columns, [*rows, *sums], console.width)
    for part in _parts(table.columns, least, console.width):
        widths = _stretched(part, table.columns, asked, least, console.width)
        grid = Grid(box=_BOX, show_edge=False, pad_edge=False, header_style="dim", padding=(0, _GAP - 1, 0, 0))
        for at in part:
            _add_column(grid, table.columns[at], widths[at])
        for row in rows:
            grid.add_row(*(_text(row[at], table.columns[at]) for at in part))
        if sums:
            grid.add_section()
        for row in sums:
            grid.add_row(*(Text(row[at]) for at in part), style="bold" if row is sums[-1] and table.total else "dim")
        console.print(grid)
        console.print()
    for note in table.notes:
        console.print(Text(safe(note), style="dim"))
    if table.notes:
        console.print()
    if table.conclusion:
        console.print(Text(f"{safe(table.conclusion)}\n", style="bold"))


def _text(text: str, column: Column) -> Text:
    return Text(text, style=_LEVELS.get(text, "") if column.kind is Kind.LEVEL else "")


def _texts(row: Sequence[Value], columns: Sequence[Column], tz: tzinfo | None) -> list[str]:
    return [cell(value, column.kind, tz) for value, column in zip(row, columns, strict=True)]


def _add_column(grid: Grid, column: Column, width: int) -> None:
    justify: JustifyMethod = "right" if column.kind in _RIGHT else "left"
    style = {Kind.BAR: "blue", Kind.KEY: "cyan"}.get(column.kind, "")
    grid.add_column(column.title, justify=justify, overflow="fold", style=style, width=width)


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int) -> tuple[list[int], list[int]]:
    """What each column asks for, and what it gets at least: titles fold between words, long texts anywhere."""
    texts = [max((cell_len(row[at]) for row in rows), default=0) for at in range(len(columns))]
    asked = [max(cell_len(column.title), text) for column, text in zip(columns, texts, strict=True)]
    if sum(asked) + _GAP * (len(asked) - 1) <= room:
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
    """The widths of a part's columns, the room that is left given to texts that are longer."""
    left = room - sum(least[at] + _GAP for at in part) + _GAP
    widths = {}
    for at in part:
        more = max(min(asked[at] - least[at], left), 0) if columns[at].kind in _FOLDED else 0
        widths[at] = least[at] + more
        left -= more
    return widths


def _parts(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[list[int]]:
    """The columns by number in parts that fit side by side, each led by the key. A block is cut only if it must be."""
    keys = [at for at, column in enumerate(columns) if column.kind is Kind.KEY]
    others = [at for at in range(len(columns)) if at not in keys]
    lead = sum(widths[at] + _GAP for at in keys)
    parts: list[list[int]] = [[*keys]]
    used = lead
    for _, block in groupby(others, key=lambda at: columns[at].block):
        whole = list(block)
        if len(parts[-1]) > len(keys) and used + sum(widths[at] + _GAP for at in whole) - _GAP > room:
            parts.append([*keys])
            used = lead
        for at in whole:
            if used + widths[at] > room and len(parts[-1]) > len(keys):
                parts.append([*keys])
                used = lead
            parts[-1].append(at)
            used += widths[at] + _GAP
    return parts
