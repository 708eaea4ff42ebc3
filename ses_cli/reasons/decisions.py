"""The user's own verdicts on reasons, read from a table: what `bounces --by reason` lists, decided by a person."""

import csv
import io
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from ses_cli.errors import UsageError
from ses_cli.reasons.classes import ACTIONS, CLASSES, DEFAULT_ACTIONS

_REASON = ("reason", "sample")  # the column of the text, in the order of preference
_DELIMITERS = ("\t", ",", ";")
_GUARDED = ("=", "+", "-", "@", "\t", "\r")  # what `render.data` puts a single quote before, for spreadsheets
_FORM = "each line is reason<TAB>class<TAB>action; or begin with the names of the columns, as bounces -f tsv does"


class Decision(NamedTuple):
    """What the user says of one reason."""

    where: str  # the file and the line
    reason: str
    cls: str
    action: str


def read_decisions(text: str, name: str) -> list[Decision]:
    """The decisions of a file named `name`; raises UsageError that names the line and what is wrong.

    Without a header a line is reason, class and action with tabs between them, taken as it is; without an action it is
    that of the class. Under a header it is TSV or CSV as `bounces --by reason` writes it; other columns are ignored.
    """
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0].rstrip("\r")
    for delimiter in _DELIMITERS:
        names = [cell.strip().lower() for cell in next(csv.reader([first], delimiter=delimiter), [])]
        column = next((name for name in _REASON if name in names), None)
        if column and "class" in names:
            places = [names.index(column), names.index("class")]
            places += [names.index("action")] if "action" in names else []
            return [_decision(*row, name) for row in _table(text, delimiter, places, name)]
    return [_decision(*row, name) for row in _lines(text)]


def _lines(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.rstrip("\r").split("\t")


def _table(text: str, delimiter: str, places: Sequence[int], name: str) -> Iterator[tuple[int, Sequence[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    next(reader)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                cells = [row[place] if place < len(row) else "" for place in places]
                yield reader.line_num, [_unguarded(cells[0]), *cells[1:]]
    except csv.Error as error:
        raise UsageError(f"{name}:{reader.line_num}: {error}") from None


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _GUARDED else cell


def _decision(number: int, cells: Sequence[str], name: str) -> Decision:
    where = f"{name}:{number}"
    if not 2 <= len(cells) <= 3:
        raise UsageError(f"{where}: expected 3 columns, got {len(cells)}", _FORM)
    cls = _known(cells[1], CLASSES, "class", where)
    action = _known(cells[2], ACTIONS, "action", where) if cells[2:] and cells[2].strip() else DEFAULT_ACTIONS[cls]
    return Decision(where, cells[0], cls, action)


def _known(cell: str, known: dict[str, str], column: str, where: str) -> str:
    word = cell.strip().lower()
    if word in known:
        return word
    close = get_close_matches(word, known, 1)
    raise UsageError(
        f'{where}: unknown {column} "{cell}"', f"did you mean {close[0]}?" if close else _listed(column, known)
    )


def _listed(column: str, known: dict[str, str]) -> str:
    return f"{_FORM}; the {'classes' if column == 'class' else 'actions'} are {', '.join(known)}"
