"""Rows of text in columns."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, chop_cells

from ses_cli.render import width
from ses_cli.render.grid import BOLD, Cell, Shape, fold, row

TEXTS = st.text(st.sampled_from("ab c例é-"), max_size=40)


@given(TEXTS, st.integers(2, 12))
def test_folding_keeps_to_the_width_and_loses_nothing_but_blanks(text: str, width: int) -> None:
    """Whatever the text, each line fits, and the lines together hold its letters in their order."""
    lines = fold(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.text(st.sampled_from("ab –…█▎─例é\u0301\x07\xad-") | st.characters(), max_size=12), st.integers(2, 5))
def test_text_is_as_wide_as_rich_says(text: str, columns: int) -> None:
    """What is measured and cut without rich has the width and the parts that rich gives it."""
    assert width.cell_len(text) == cell_len(text)
    assert width.chop_cells(text, columns) == chop_cells(text, columns)


def test_cells_of_fewer_lines_stand_at_the_top_and_those_of_a_head_at_the_bottom() -> None:
    """Where one cell of a row is folded, the others fill up with blanks."""
    shapes = [Shape(6), Shape(3, is_right=True)]
    cells = [Cell("hard bounce", [BOLD]), Cell("7")]
    assert list(row(cells, shapes)) == ["\x1b[1mhard\x1b[0m      7", "\x1b[1mbounce\x1b[0m     "]
    assert list(row([Cell("hard bounce"), Cell("7")], shapes, is_head=True)) == ["hard       ", "bounce    7"]
