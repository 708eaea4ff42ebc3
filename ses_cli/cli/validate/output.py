"""Problems as they are found, in the format asked for."""

from collections.abc import Iterable, Iterator

from ses_cli.events import Problem
from ses_cli.render import data, messages
from ses_cli.table import Data


def shown(problems: Iterable[Problem], form: str, is_first: bool = False) -> Iterator[bytes]:
    """Problems as text, NDJSON, CSV or TSV (`is_first` writes the header); the other formats only count them."""
    rows = Data(Problem._fields, problems)
    match form:
        case "ndjson":
            yield from data.ndjson(rows)
        case "csv":
            yield from data.separated(rows, ",", is_first)
        case "tsv":
            yield from data.separated(rows, "\t", is_first)
        case "table":
            yield from (f"{messages.problem(problem)}\n".encode(errors="replace") for problem in problems)
