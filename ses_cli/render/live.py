"""What changes in place on a terminal, and the lines that pass above it."""

import os
import re
from collections.abc import Sequence
from typing import BinaryIO

from rich.cells import cell_len, set_cell_size

from ses_cli.render.cells import safe
from ses_cli.times import local

_COLOURS = {
    **dict.fromkeys(("bounce", "dropped", "spamreport"), "31"),
    **dict.fromkeys(("deferred", "unsubscribe", "rejected", "refused"), "33"),
    **dict.fromkeys(("delivered", "open", "click"), "32"),
}
_STYLE = re.compile("\x1b\\[[0-9;]*m")


def is_live(out: BinaryIO) -> bool:
    """Whether text can be redrawn there."""
    return out.isatty() and os.environ.get("TERM") != "dumb"


def size(out: BinaryIO) -> tuple[int, int]:
    """Columns and rows of a terminal."""
    try:
        columns, rows = os.get_terminal_size(out.fileno())
    except OSError:
        return 80, 24
    return columns or 80, rows or 24


def passing(at: float, kind: str, parts: Sequence[str], columns: int) -> str:
    """A line that passes: the time it came, what it is, and as much of the rest as there is room for."""
    text = f"{local(at, None):%H:%M:%S}  {kind:<12}"
    rest = safe("  ".join(filter(None, parts)))
    room = columns - cell_len(text)
    if cell_len(rest) > room:
        rest = set_cell_size(rest, max(room - 1, 0)) + "…"
    if kind in _COLOURS and not os.environ.get("NO_COLOR"):
        text = text.replace(kind, f"\x1b[{_COLOURS[kind]}m{kind}\x1b[0m")
    return text + rest


class Picture:
    """The lowest lines of a terminal. Each drawing is one write that overwrites the last one, so nothing flickers."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._drawn: list[int] = []  # cells in each line

    def draw(self, text: str, above: str = "", is_last: bool = False) -> None:
        """Draws lines in the place of those before, at most a screenful unless they are the last ones.

        What is to stand `above` scrolls away with what already stands there.
        """
        columns, rows = size(self._out)
        lines = text.removesuffix("\n").split("\n") if text else []
        cells = [cell_len(_STYLE.sub("", line)) for line in lines]
        if not is_last and sum(_rows(cells, columns)) >= rows:
            lines, cells = _cropped(lines, cells, columns, rows)
        up = sum(_rows(self._drawn, columns))
        start = f"\x1b[{up}A\r" if up else "\r"
        passed = f"\x1b[J{above.removesuffix(chr(10))}\n" if above else ""
        # erasing behind a line that fills its row would take its last character
        body = "".join(
            f"{line}\n" if n and n % columns == 0 else f"{line}\x1b[K\n" for line, n in zip(lines, cells, strict=True)
        )
        self._out.write(f"{start}{passed}{body}\x1b[J".encode(errors="replace"))
        self._out.flush()
        self._drawn = [] if is_last else cells


def _rows(cells: Sequence[int], columns: int) -> list[int]:
    return [max(1, -(-n // columns)) for n in cells]


def _cropped(lines: list[str], cells: list[int], columns: int, rows: int) -> tuple[list[str], list[int]]:
    """As many lines as fit above one that says how many do not."""
    room, kept = rows - 2, 0
    for taken in _rows(cells, columns):
        room -= taken
        if room < 0:
            break
        kept += 1
    more = f"{len(lines) - kept:,} more lines"[:columns]
    return [*lines[:kept], more], [*cells[:kept], len(more)]
