"""The one way from pieces to what is counted: checked, selected, each callback once, and entered in a ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ses_cli.batch import DEFAULT_CHECKS, Batch, Checks, Engine, Invalid, Piece, Seen
from ses_cli.engine import engine
from ses_cli.ledger import Ledger

if TYPE_CHECKING:
    from ses_cli.batch.records import Lane, Row
    from ses_cli.events import Problem

FIRST = 3  # invalid lines that every command tells of

Rejects = Callable[[Sequence[Invalid]], object]


class Reader:
    """Reads piece after piece of one log or many, in order.

    `rejects` is given the invalid lines of each batch that has some. Readers that share `seen` take turns.
    """

    def __init__(
        self, checks: Checks = DEFAULT_CHECKS, rejects: Rejects | None = None, seen: Seen | None = None
    ) -> None:
        self.engine: Engine = engine(checks)
        self.ledger = Ledger()
        self.first: list[Problem] = []  # the first problem of each of the first invalid lines
        self._strict = checks.strict
        self._rejects = rejects
        self._seen = (seen or self.engine.seen(is_local=True)) if checks.selection.dedupe else None

    def read(self, piece: Piece) -> Batch:
        """The batch of the next piece."""
        return self.enter(self.engine.check(piece))

    def batches(self, pieces: Iterable[Piece | None]) -> Iterator[Batch | None]:
        """The batch of each piece. A None among them, "nothing just now", is handed on."""
        for piece in pieces:
            yield None if piece is None else self.read(piece)

    def rows(self, pieces: Iterable[Piece | None], lane: Lane | None) -> Iterator[tuple[Piece, Row] | None]:
        """The counted records for replay, each with its piece; without a lane, every line that is not blank."""
        for piece in pieces:
            if piece is None:
                yield None
                continue
            batch = self.read(piece)
            for row in raw_rows(piece) if lane is None else batch.rows(lane):
                yield piece, row

    def prepare(self, batch: Batch) -> None:
        """Does the part of `enter` that can be done in any order, in any thread."""
        if self._seen is not None:
            batch.prepare(self._seen)

    def enter(self, batch: Batch) -> Batch:
        """Takes a checked batch in: the part of the work that has to be done in order, in one thread."""
        if self._seen is not None:
            batch.deduplicate(self._seen)
        self.ledger.add(batch, self._strict)
        if batch.invalid:
            self.first += [invalid.problems[0] for invalid in batch.invalid[: FIRST - len(self.first)]]
            if self._rejects is not None:
                self._rejects(batch.invalid)
        return batch

    def next_line(self) -> int:
        """The number of the line that follows, counted from where the ledger began."""
        return self.ledger.lines + 1

    def restart(self) -> Ledger:
        """Begins a new ledger. What was seen is still known."""
        self.ledger = Ledger()
        return self.ledger


def raw_rows(piece: Piece) -> Iterator[Row]:
    """Every line that is not blank, whatever it holds; none of a line too long to hold."""
    from hashlib import sha256  # start-up

    from ses_cli.batch.records import Row

    offset = piece.offset
    for number, line in enumerate(
        piece.data.removesuffix(b"\n").split(b"\n") if not piece.overlong else (), piece.line
    ):
        if line.strip(b" \t\r"):
            raw = line.removesuffix(b"\r")
            yield Row(number, offset, len(raw), 0, "", "", None, sha256(raw).digest()[:16])
        offset += len(line) + 1
