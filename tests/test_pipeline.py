"""The one way from pieces to what is counted."""

from collections.abc import Sequence

from hypothesis import given

from ses_cli.batch import Checks, Invalid, Piece
from ses_cli.batch.records import Lane
from ses_cli.pipeline import FIRST, Reader
from tests.logs import LOGS, log, record


def pieces(*logs: bytes) -> list[Piece | None]:
    return [Piece("log", sum(map(len, logs[:at])), data, 1 + at) for at, data in enumerate(logs)]


def test_nothing_just_now_is_handed_on() -> None:
    """A None among the pieces comes out where it stood, from batches and from rows."""
    coming = [None, *pieces(log(record()), log(record())), None]
    assert [batch and batch.count for batch in Reader().batches(coming)] == [None, 1, 1, None]
    assert [row and row[1].line for row in Reader().rows(coming, Lane.EMAIL)] == [None, 1, 2, None]


def test_the_first_problems_are_kept_and_all_rejects_handed_over() -> None:
    """Of many invalid lines the first few are kept; `rejects` gets every one, batch by batch."""
    got: list[Sequence[Invalid]] = []
    reader = Reader(Checks(), got.append)
    for piece in pieces(b"x\n" * 2, log(record()), b"[]\n" * 4):
        assert piece
        reader.read(piece)
    assert [problem.code for problem in reader.first] == ["not-json", "not-json", "not-object"][:FIRST]
    assert [len(each) for each in got] == [2, 4]
    assert (reader.ledger.invalid, reader.ledger.counted) == (6, 1)


@given(LOGS)
def test_raw_rows_are_the_lines_as_they_are(data: bytes) -> None:
    """Without a lane every line that holds something is a row, valid or not, and the ledger counts all the same."""
    reader, lines = Reader(), data.split(b"\n")
    rows = [pair for pair in reader.rows(pieces(data), None) if pair]
    found = {row.line: piece.cut(row.offset, row.length) for piece, row in rows}
    wanted = {at: raw.removesuffix(b"\r") for at, raw in enumerate(lines, 1) if raw.strip(b" \t\r")}
    assert found == wanted
    assert reader.ledger.lines == data.count(b"\n") + (data[-1:] not in (b"\n", b""))
