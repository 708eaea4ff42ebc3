"""Tables in Markdown, for people who paste them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

from ses_cli.render.cells import cell
from ses_cli.render.text import escape_markdown, safe
from ses_cli.table import Kind, Table

_RIGHT = (Kind.COUNT, Kind.SHARE, Kind.NUMBER, Kind.DURATION)


def markdown(tables: Iterable[Table], tz: tzinfo | None) -> Iterator[bytes]:
    """Each table under a heading."""
    for table in tables:
        yield f"## {escape_markdown(table.title)}\n\n".encode() if table.title else b""
        yield _row([column.title or " " for column in table.columns])
        yield (b"|" + b"".join(b" ---: |" if c.kind in _RIGHT else b" --- |" for c in table.columns) + b"\n")
        for row in [*table.rows, *(row for row in (table.rest, table.total) if row)]:
            yield _row([cell(value, column.kind, tz) for value, column in zip(row, table.columns, strict=True)])
        yield b"\n" + "".join(f"{escape_markdown(note)}\n\n" for note in _below(table)).encode(errors="replace")
        yield "".join(f"    {safe(command)}\n\n" for command in table.commands).encode(errors="replace")


def _below(table: Table) -> list[str]:
    return [*table.notes, table.conclusion] if table.conclusion else table.notes


def _row(cells: Sequence[str]) -> bytes:
    return f"| {' | '.join(map(escape_markdown, cells))} |\n".encode(errors="replace")
