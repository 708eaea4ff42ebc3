"""A log that grows: its lines as they come, through rotation and truncation.

Two files are looked at at most: the one that is read, and the next one, which is held open from the moment it is
found. A file is left when something stands in a later one, because its writer writes to one at a time. So if
log.jsonl is read as A, is renamed to log.jsonl.1, and B in its place is filled and renamed before the next look,

    log.jsonl.2  A  read, and known by device and inode whatever it is called
    log.jsonl.1  B  the next: found as the one behind A in the order of the generations
    log.jsonl    C

then B is opened, A is read to its end and closed, B is read, and C is found as the one behind B. Where A was
compressed meanwhile it is known by its content, since it is still open here though its name is gone. Where A is not
to be found, what was written to later than A was follows, and it is said that something may be missing.
"""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ses_cli.batch import Piece
from ses_cli.errors import SourceError, reason
from ses_cli.follow.contract import Kind, LogChange, OnChange, Start, Tracker
from ses_cli.follow.generations import Identity, generations
from ses_cli.follow.logfile import LogFile
from ses_cli.follow.ordering import place_behind
from ses_cli.sources.decompress import Damaged
from ses_cli.sources.lines import LineCutter
from ses_cli.sources.source import shown

POLL = 0.2  # seconds between two looks

_BEGINNING = Start()


class Follower:
    """The lines of a log, from generation to generation. None, when iterated, says that nothing more has come yet.

    With a tracker, it is told of generations, and all pieces have the name of the log.
    """

    def __init__(
        self,
        path: str,
        max_line: int,
        on_change: OnChange,
        *,
        tracker: Tracker | None = None,
        start: Start = _BEGINNING,
    ) -> None:
        self.errors: list[SourceError] = []
        self.done = 0  # bytes handed out
        self.is_waiting = False  # all that has come was handed out
        self._path = Path(path)
        self._name = shown(path)
        self._on_change = on_change
        self._tracker = tracker
        self._lines = LineCutter(self._name, max_line, start.offset, start.line)
        self._file = start.file  # that is read
        # open and not read yet, oldest first; of those found here all but the last are empty
        self._later = deque(start.later)
        self._untold: Kind | None = "opened"  # what led to the generation whose first piece has not come
        self._is_gone = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of all files."""
        for file in [self._file, *self._later]:
            if file:
                file.close()

    @property
    def path(self) -> Path:
        """Of the log."""
        return self._path

    @property
    def position(self) -> tuple[Identity, int, int]:
        """The file that is read (0, 0 while there is none), and offset and number of the next line of it."""
        return self._file.identity if self._file else (0, 0), self._lines.offset, self._lines.line

    def __iter__(self) -> Iterator[Piece | None]:
        """Raises SourceError."""
        with self:
            if self._file:
                self._start(self._file, "opened", self._lines.offset, self._lines.line)
            while True:
                for piece in self.pieces():
                    self.is_waiting = False
                    yield piece
                self.is_waiting = True
                again = time.monotonic() + POLL  # it may be asked far more often than a log grows
                yield None
                while time.monotonic() < again:
                    yield None

    def pieces(self) -> Iterator[Piece]:
        """All whole lines that have come. Does not wait. Raises SourceError."""
        try:
            if self._file is None and not self._open():
                return
            while True:
                yield from self._read()
                if not self._is_left():
                    return
                yield from self._read()  # what was written before the writer left it
                yield from self._handed(self._lines.end())
                self._go_on()
        except OSError as error:
            raise SourceError(f"{self._lines.source}: {reason(error)}") from None

    def _open(self) -> bool:
        try:
            file = LogFile.open(self._path)
        except FileNotFoundError:
            self._tell_gone()
            return False
        self._file, self._is_gone = file, False
        self._start(file, "opened", self._lines.offset, self._lines.line)
        return True

    def _start(self, file: LogFile, kind: Kind, offset: int = 0, line: int = 1) -> None:
        """Reads on in a file that was opened."""
        file.seek(offset)
        self._lines.restart(self._name if self._tracker or file.path == self._path else file.name)
        self._lines.go_on(offset, line)
        self._tell(kind)
        self._untold = kind

    def _read(self) -> Iterator[Piece]:
        file = self._file
        assert file is not None
        try:
            if file.codec is None:
                self._look(file)
            for chunk in file.chunks():
                yield from self._handed(self._lines.feed(chunk))
        except Damaged as error:
            self.errors.append(SourceError(f"{file.name}: {error}; everything before that was read"))
            self._tell("unreadable", str(error))

    def _handed(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            if self._untold and self._tracker and self._file:
                self._tracker.begin(self._file, self._untold == "truncated")
            self._untold = None
            self.done += len(piece.data)
            yield piece

    def _look(self, file: LogFile) -> None:
        """Notices that the file began anew, or that its writer cut off the end, as after a full disk."""
        if file.is_new_inside() and file.bytes_read:
            self._restart(file)
            return
        size = file.size
        if size < self._lines.offset:
            self._shorten(file)
        elif size < file.bytes_read:  # what is held was cut off, and was never handed out
            file.seek(self._lines.offset)
            self._lines.go_on(self._lines.offset, self._lines.line)

    def _restart(self, file: LogFile) -> None:
        file.seek(0)
        self._lines.go_on(0, 1)
        self._tell("truncated")
        self._untold = "truncated"

    def _shorten(self, file: LogFile) -> None:
        """Goes on behind the whole lines that are left, with the numbers that they have in the file."""
        offset, lines = file.whole_lines()
        if not lines:
            self._restart(file)
            return
        file.seek(offset)
        self._lines.go_on(offset, lines + 1)
        self._tell("shortened")
        if self._tracker:
            self._tracker.shorten(file, offset, lines + 1)

    def _is_left(self) -> bool:
        """Whether something stands in a later file: nothing comes to this one then."""
        assert self._file is not None
        while not any(file.size for file in self._later):
            there, newest = self._there(), self._later[-1] if self._later else self._file
            if there == self._file.identity:
                self._drop_later()  # it was renamed back
                return False
            if there == newest.identity or (later := self._after(newest)) is None:
                return False
            self._later.append(later)
        return True

    def _there(self) -> Identity | None:
        """What the path of the log names."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._tell_gone()
            return None
        self._is_gone = False
        return status.st_dev, status.st_ino

    def _drop_later(self) -> None:
        while self._later:
            self._later.pop().close()

    def _go_on(self) -> None:
        """Leaves a file that was read to its end for the next."""
        assert self._file is not None
        self._file.close()
        self._file = self._later.popleft()
        self._start(self._file, "rotated")

    def _after(self, file: LogFile) -> LogFile | None:
        """The generation that follows one, opened; None where there is none yet."""
        log = self._path.resolve()
        while True:
            found = generations(log)
            begin, gap = place_behind(file, found, log)
            if begin == len(found):
                return None
            path = self._path if found[begin].path == log else found[begin].path
            with suppress(FileNotFoundError), ExitStack() as stack:
                later = stack.enter_context(LogFile.open(path))
                if later.identity == found[begin].identity:  # else it was renamed in between
                    if gap:
                        self._tell("missing", gap)
                    stack.pop_all()
                    return later

    def _tell(self, kind: Kind, detail: str = "") -> None:
        self._on_change(LogChange(kind, self._lines.source, self._lines.offset, self._lines.line, detail))

    def _tell_gone(self) -> None:
        if not self._is_gone:
            self._on_change(LogChange("gone", self._name, self._lines.offset, self._lines.line))
        self._is_gone = True
