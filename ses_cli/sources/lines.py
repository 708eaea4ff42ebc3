"""What comes bit by bit, as pieces of whole lines."""

from collections.abc import Iterator

from ses_cli.batch import OVERLONG_HEAD, Piece


class Lines:
    """Cuts what comes into pieces of whole lines, and holds the rest."""

    def __init__(self, source: str, max_line: int, offset: int, line: int) -> None:
        self.source = source
        self.offset = offset  # of the first byte that was not handed out
        self.line = line  # number of the first line that was not handed out
        self._max_line = max_line
        self._held = b""
        self._overlong = 0  # bytes so far of a line too long to hold: its head is held

    def restart(self, source: str) -> None:
        """Another source, from its beginning; what is held is dropped."""
        self.source, self.offset, self.line, self._held, self._overlong = source, 0, 1, b"", 0

    def go_on(self, offset: int, line: int) -> None:
        """What comes next begins at `offset`, with this line; what is held is dropped."""
        self.offset, self.line, self._held, self._overlong = offset, line, b"", 0

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """The lines that end in what comes next."""
        if self._overlong:
            end = chunk.find(b"\n")
            self._overlong += len(chunk) if end < 0 else end
            if end < 0:
                return
            chunk = chunk[end + 1 :]
            yield self._too_long()
        data = self._held + chunk
        cut = data.rfind(b"\n") + 1
        self._held = data[cut:]
        if cut:
            yield self._piece(data[:cut])
        if len(self._held) > self._max_line:
            self._overlong, self._held = len(self._held), self._held[:OVERLONG_HEAD]

    def end(self) -> Iterator[Piece]:
        """The last line, where it has no end and will get none."""
        if self._overlong:
            yield self._too_long()
        elif self._held:
            data, self._held = self._held, b""
            yield self._piece(data)

    def _piece(self, data: bytes) -> Piece:
        piece = Piece(self.source, self.offset, data, self.line)
        self.offset += len(data)
        self.line += data.count(b"\n")
        return piece

    def _too_long(self) -> Piece:
        piece = Piece(self.source, self.offset, self._held, self.line, overlong=self._overlong)
        self.offset += self._overlong + 1
        self.line += 1
        self._held, self._overlong = b"", 0
        return piece
