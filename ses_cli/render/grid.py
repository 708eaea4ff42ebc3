"""Rows of text in columns of given widths, folded, aligned and coloured, as a terminal shows them.

Drawn here and not by rich's tables: to import those takes longer than to count most logs.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ses_cli.render.width import cell_len, chop_cells

GAP = 2  # columns between columns
BOLD, DIM, RED, GREEN, BLUE, CYAN = "1", "2", "31", "32", "34", "36"
_WORD = re.compile(r"\s*\S+\s*")


class Cell(NamedTuple):
    """A text, and the codes that paint it."""

    text: str
    codes: Sequence[str] = ()


class Shape(NamedTuple):
    """A column."""

    width: int  # columns of the terminal
    is_right: bool = False  # where its texts stand


def row(cells: Sequence[Cell], shapes: Sequence[Shape], is_head: bool = False) -> Iterator[str]:
    """The lines of a row. Cells of fewer lines stand at its top, those of a head at its bottom."""
    folded = [fold(cell.text, shape.width) for cell, shape in zip(cells, shapes, strict=True)]
    height = max(map(len, folded), default=0)
    for at in range(height):
        parts = []
        for lines, cell, shape in zip(folded, cells, shapes, strict=True):
            line = at - (height - len(lines) if is_head else 0)
            text = lines[line] if 0 <= line < len(lines) else ""
            parts.append(_filled(text, cell.codes, shape))
        yield (" " * GAP).join(parts)


def rule(shapes: Sequence[Shape]) -> str:
    """A line below a row."""
    return "─" * (sum(shape.width + GAP for shape in shapes) - GAP)


def paragraph(text: str, room: int, *codes: str) -> Iterator[str]:
    """The lines of a text that stands alone."""
    return (painted(line, codes) for line in fold(text, room))


def fold(text: str, width: int) -> list[str]:
    """The lines of a text that has so many columns: cut between words, and within those that are wider."""
    if cell_len(text) <= width:
        return [text]
    lines, line = [], ""
    for word in _WORD.findall(text):
        size = cell_len(word.rstrip())
        if cell_len(line) + size <= width:
            line += word
            continue
        lines += [line.rstrip()] if line else []
        *whole, line = chop_cells(word, max(width, 1)) if size > width else [word]
        lines += whole
    return [*lines, line.rstrip()]


def painted(text: str, codes: Sequence[str]) -> str:
    """Text in a style; as it is where there are no codes."""
    given = ";".join(filter(None, codes))
    return f"\x1b[{given}m{text}\x1b[0m" if given and text.strip() else text


def _filled(text: str, codes: Sequence[str], shape: Shape) -> str:
    blank = " " * (shape.width - cell_len(text))
    return blank + painted(text, codes) if shape.is_right else painted(text, codes) + blank
