"""Problems as they are found, in the format asked for."""

from collections.abc import Iterable, Iterator

from ses_cli.cli.options import Printing
from ses_cli.events import Problem, severity
from ses_cli.render import messages
from ses_cli.render.formats import FORMATS
from ses_cli.table import Data


def shown(problems: Iterable[Problem], printing: Printing, strict: bool, is_first: bool = False) -> Iterator[bytes]:
    """Problems as text or as rows (`is_first` writes the header); formats that are one document only count them."""
    write = FORMATS[printing.form].rows
    if write:
        rows = ((*problem, severity(problem.code, strict)) for problem in problems)
        yield from write(Data((*Problem._fields, "severity"), rows), printing.style(), is_first)
    elif printing.form == "table":
        yield from (f"{messages.problem(problem, strict)}\n".encode(errors="replace") for problem in problems)
