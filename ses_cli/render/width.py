"""How many columns of a terminal text takes. rich takes long to load: it is asked only about what is not plain."""

_SIGNS = str.maketrans("", "", "–…─█▏▎▍▌▋▊▉")  # what tables of this program draw, a column each


def cell_len(text: str) -> int:
    """The columns that a text takes."""
    if _is_narrow(text):
        return len(text)
    from rich.cells import cell_len as measure  # start-up

    return measure(text)


def chop_cells(text: str, width: int) -> list[str]:
    """A text in parts that take so many columns at most."""
    if _is_narrow(text):
        return [text[at : at + width] for at in range(0, len(text), width)]
    from rich.cells import chop_cells as chop  # start-up

    return chop(text, width)


def _is_narrow(text: str) -> bool:
    plain = text if text.isascii() else text.translate(_SIGNS)
    return plain.isascii() and plain.isprintable()
