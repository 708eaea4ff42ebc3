"""What changes in place on a terminal, and the lines that pass above it."""

import os
import re
from collections.abc import Sequence
from typing import BinaryIO

from rich.cells import cell_len, set_cell_size

from ses_cli.render.text import safe
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
    """The lowest lines of a terminal. Each drawing is one write that overwrites the last one, so nothing flickers.

    Of more lines than fit, a part is shown, which `scroll` moves.
    """

    def __init__(self, out: BinaryIO, has_keys: bool = False) -> None:
        """`has_keys`: somebody can scroll."""
        self._out = out
        self._has_keys = has_keys
        self._drawn: list[int] = []  # cells in each line
        self._lines: list[str] = []  # of the whole text
        self._cells: list[int] = []
        self._top = 0  # the first line that is shown

    def draw(self, text: str, above: str = "", is_last: bool = False) -> None:
        """Draws lines in the place of those before, at most a screenful unless they are the last ones.

        What is to stand `above` scrolls away with what already stands there.
        """
        self._lines = text.removesuffix("\n").split("\n") if text else []
        self._cells = [cell_len(_STYLE.sub("", line)) for line in self._lines]
        columns, rows = size(self._out)
        if is_last or sum(_rows(self._cells, columns)) < rows:
            self._top = 0
            lines, cells = self._lines, self._cells
        else:
            lines, cells = self._part(columns, rows - 2)
        up = min(sum(_rows(self._drawn, columns)), rows - 1)
        start = f"\x1b[{up}A\r" if up else "\r"
        passed = f"\x1b[J{above.removesuffix(chr(10))}\n" if above else ""
        # erasing behind a line that fills its row would take its last character
        body = "".join(
            f"{line}\n" if n and n % columns == 0 else f"{line}\x1b[K\n" for line, n in zip(lines, cells, strict=True)
        )
        self._out.write(f"{start}{passed}{body}\x1b[J".encode(errors="replace"))
        self._out.flush()
        self._drawn = [] if is_last else cells

    def scroll(self, key: str) -> None:
        """Moves the part that is shown, and draws it: up, down, page-up, page-down, home or end."""
        page = max(size(self._out)[1] - 4, 1)
        steps = {"up": -1, "down": 1, "page-up": -page, "page-down": page, "home": -len(self._lines)}
        self._top = max(self._top + steps.get(key, len(self._lines)), 0)
        self.draw("\n".join(self._lines))

    def leave(self) -> None:
        """What was drawn stays: others have written below it. The next drawing begins where they ended."""
        self._drawn = []

    def _part(self, columns: int, room: int) -> tuple[list[str], list[int]]:
        """The lines that are shown in so many rows, above one that says which they are."""
        heights = _rows(self._cells, columns)
        bottom, last_top = 0, len(heights)
        while last_top and bottom + heights[last_top - 1] <= room:
            last_top -= 1
            bottom += heights[last_top]
        self._top = top = min(self._top, last_top)
        end = top
        while end < len(heights) and sum(heights[top : end + 1]) <= room:
            end += 1
        if self._has_keys:
            where = f"lines {top + 1:,}-{end:,} of {len(self._lines):,}: arrow and page keys scroll, q quits"
        else:
            where = f"{len(self._lines) - end:,} more lines"
        where = where[:columns]
        return [*self._lines[top:end], where], [*self._cells[top:end], len(where)]


def _rows(cells: Sequence[int], columns: int) -> list[int]:
    return [max(1, -(-n // columns)) for n in cells]
