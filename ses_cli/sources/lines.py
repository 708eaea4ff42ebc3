"""What comes bit by bit, as pieces of whole lines."""

from collections.abc import Iterator

from ses_cli.batch import OVERLONG_HEAD, Piece


class LineCutter:
    """Cuts what comes into pieces of whole lines, and holds the rest: each byte is looked at and copied once.

    `[a\\nb] [c] [d\\ne]` comes out as `a\\n` and `bcd\\n`, while `b`, `c` and then `e` are held.
    """

    def __init__(self, source: str, max_line: int, offset: int, line: int) -> None:
        self.source = source
        self.offset = offset  # of the first byte that was not handed out
        self.line = line  # number of the first line that was not handed out; 0: lines are not numbered
        self._max_line = max_line
        self._held: list[bytes] = []  # the beginning of a line, in the chunks that it came in
        self._size = 0  # bytes of that line so far: of one too long to hold only the head is held

    def restart(self, source: str) -> None:
        """Another source, from its beginning; what is held is dropped."""
        self.source = source
        self.go_on(0, 1)

    def go_on(self, offset: int, line: int) -> None:
        """What comes next begins at `offset`, with this line; what is held is dropped."""
        self.offset, self.line = offset, line
        self._drop()

    @property
    def is_holding(self) -> bool:
        """Whether it holds the beginning of a line."""
        return self._size > 0

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """The lines that end in what comes next."""
        if self._size > self._max_line:
            end = chunk.find(b"\n")
            self._size += len(chunk) if end < 0 else end
            if end < 0:
                return
            chunk = chunk[end + 1 :]
            yield self._too_long()
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield self._piece(b"".join([*self._held, memoryview(chunk)[:cut]]))
        if cut < len(chunk):
            self._hold(chunk[cut:])

    def end(self) -> Iterator[Piece]:
        """The last line, where it has no end and will get none."""
        if self._size > self._max_line:
            yield self._too_long()
        elif self._held:
            yield self._piece(b"".join(self._held))

    def _hold(self, rest: bytes) -> None:
        self._held.append(rest)
        self._size += len(rest)
        if self._size > self._max_line:
            self._held = [b"".join(self._held)[: min(self._max_line, OVERLONG_HEAD)]]

    def _piece(self, data: bytes) -> Piece:
        piece = Piece(self.source, self.offset, data, self.line)
        self.offset += len(data)
        if self.line:
            self.line += data.count(b"\n")
        self._drop()
        return piece

    def _too_long(self) -> Piece:
        piece = Piece(self.source, self.offset, b"".join(self._held), self.line, overlong=self._size)
        self.offset += self._size + 1
        self.line += self.line > 0
        self._drop()
        return piece

    def _drop(self) -> None:
        self._held, self._size = [], 0
