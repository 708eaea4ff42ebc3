"""The logs of a run, as its journal knows them: what is left of each, as pieces of lines."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ses_cli.batch import Piece
from ses_cli.errors import SourceError
from ses_cli.replay.content import LogContent, content_of
from ses_cli.replay.journal import Journal, Opened
from ses_cli.sources.read import PIECE
from ses_cli.sources.source import Source
from ses_cli.sources.unblocked import unblocked


class LogFound(NamedTuple):
    """A log that was opened, and what the journal knows of it."""

    source: Source
    opened: Opened


class Logs:
    """Logs one after another. What could not be read is kept in `errors`; the others are still read.

    Raises SourceError where the journal cannot tell what was sent of a log.
    """

    def __init__(
        self, sources: Iterable[Source], journal: Journal, max_line: int, piece_size: int = PIECE, waits: bool = True
    ) -> None:
        """Unless it `waits`, a pipe that stands still gives None, "nothing just now"."""
        self.errors: list[SourceError] = []
        self.found: list[LogFound] = []
        self.done = 0  # bytes of the logs, as they lie on disk, that were handed out or need not be
        self._journal = journal
        self._max_line, self._piece_size, self._waits = max_line, piece_size, waits
        self._contents: list[LogContent] = []
        for source in sources:
            self._open(source)

    @property
    def numbers(self) -> Mapping[str, int]:
        """The logs' numbers in the journal."""
        return {found.source.name: found.opened.log for found in self.found}

    def __iter__(self) -> Iterator[Piece | None]:
        before = 0
        for found, content in zip(self.found, self._contents, strict=True):
            try:
                for piece in self._pieces(found, content):
                    yield piece
                    if piece is not None:
                        self.done = before + piece.bytes_read
            except SourceError as error:
                self.errors.append(error)
            before = self.done = before + (found.source.size or 0)

    def _open(self, source: Source) -> None:
        content = content_of(source)
        try:
            if content.is_sought:
                content.head()  # it may be gone
        except SourceError as error:
            self.errors.append(error)
            return
        self.found.append(LogFound(source, self._journal.open_log(source.name, content)))
        self._contents.append(content)
        content.close()

    def _pieces(self, found: LogFound, content: LogContent) -> Iterator[Piece | None]:
        max_line, size = self._max_line, self._piece_size
        if not content.is_sought:
            pieces = content.pieces(0, None, max_line, size)
            yield from pieces if self._waits or found.source.size is not None else unblocked(pieces)
            return
        for offset, line, end in self._journal.ranges(found.opened.log):
            for piece in content.pieces(offset, end, max_line, size):
                yield piece._replace(line=piece.line + line - 1)
