"""A pipe that may stand still, read without standing still oneself."""

from collections.abc import Iterator
from queue import Empty, Queue
from threading import Thread

from ses_cli.batch import Piece

_AHEAD = 4  # pieces
_LULL = 0.02  # seconds: a writer that is only slow has no lull


def unblocked(pieces: Iterator[Piece]) -> Iterator[Piece | None]:
    """The pieces; None, again and again, while no more come. The thread that reads them ends with the program."""
    box: Queue[Piece | BaseException | None] = Queue(_AHEAD)
    Thread(target=_fill, args=(pieces, box), name="reader", daemon=True).start()
    has_waited = False
    while True:
        try:
            piece = box.get_nowait() if has_waited else box.get(timeout=_LULL)
        except Empty:
            has_waited = True
            yield None
            continue
        has_waited = False
        if piece is None:
            return
        if isinstance(piece, BaseException):
            raise piece
        yield piece


def _fill(pieces: Iterator[Piece], box: "Queue[Piece | BaseException | None]") -> None:
    try:
        for piece in pieces:
            box.put(piece)
    except BaseException as error:  # raised where the pieces are used
        box.put(error)
    else:
        box.put(None)
