"""The generations of a log that is followed: each is a log of its own to the journal, known by its content."""

from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import NamedTuple

from ses_cli.errors import SourceError, reason
from ses_cli.follow import Follower, LogFile, OnChange, open_generations
from ses_cli.replay.content import StreamContent
from ses_cli.replay.journal import Content, Journal, Opened, Range
from ses_cli.sources.source import Source

_HEAD = 64 << 10  # bytes


class GenerationTracker:
    """Tells a journal which generation of a log it is that is read."""

    def __init__(self, journal: Journal, name: str) -> None:
        self.numbers: dict[str, int] = {}  # of the generation that is read, by the name of the log
        self.found: list[Opened] = []  # what the journal knows of those that were opened
        self._journal = journal
        self._name = name
        self._identity: tuple[int, int] | None = None  # of the file that was opened and has not begun

    def open(self, file: LogFile) -> int:
        """The number of a generation, whose turn to be read has come."""
        opened = self._journal.open_log(self._name, content_of(file))
        self.found.append(opened)
        self._retire()
        self.numbers[self._name], self._identity = opened.log, file.identity
        return opened.log

    def begin(self, file: LogFile, is_new: bool) -> None:
        """This generation is read next. `is_new`: the file was emptied, whatever it holds again."""
        # it may be open already. Of those before it none is looked for by identity: that of a deleted file is given
        # to a new one
        if is_new or self._identity != file.identity:
            self.open(file)
        self._identity = None

    def _retire(self) -> None:
        if self._name in self.numbers:
            self._journal.retire(self.numbers[self._name])

    def shorten(self, offset: int, line: int) -> None:
        """The generation that is read lost what stood from here on, and other lines will follow."""
        self._journal.cut(self.numbers[self._name], offset, line)


class Followed(NamedTuple):
    """A log that is followed, and what the journal knows of it."""

    follower: Follower
    tracker: GenerationTracker


def follow(
    source: Source, journal: Journal, max_line: int, on_change: OnChange, begin_fd: int | None = None
) -> Followed:
    """What is left of the generations that the journal knows, then all that were begun since.

    A journal that knows none begins with the open file `begin_fd`, or with the one that is written to now. Each file
    is opened once: what is recognised is what is read, whatever is renamed in between. SourceError where the journal
    knows logs, and none of them is there.
    """
    log, tracker = Path(source.path), GenerationTracker(journal, source.name)
    with ExitStack() as stack:
        try:
            files = [stack.enter_context(file) for file in open_generations(log)]
        except OSError as error:
            raise SourceError(f"{source.name}: {reason(error)}") from None
        known = [file for file in files if journal.is_known(content_of(file))]
        known = known or [file for file in files if journal.resembles(content_of(file))]
        if not known and not journal.is_empty:
            raise SourceError(
                f"{source.name}: another log than the one that was followed, which is not beside it",
                "rename that one as listen does, to NAME-20260101T000000Z.jsonl beside it; or name a new --journal",
            )
        begin, place = _resume(known, journal, tracker) if known else (_begin(files, log, begin_fd), Range(0, 1))
        others = [file for file in files if file is not begin]
        stack.pop_all()
    for file in others:
        file.close()
    follower = Follower(
        source.path, max_line, on_change, tracker=tracker, begin=begin, offset=place.offset, line=place.line
    )
    return Followed(follower, tracker)


def _resume(known: Sequence[LogFile], journal: Journal, tracker: GenerationTracker) -> tuple[LogFile, Range]:
    """The first generation of which something is left, and where; else the last one."""
    for file in known:
        place = next(journal.ranges(tracker.open(file)))
        if file.codec:
            return file, Range(0, 1)  # it cannot be sought, and `admit` knows what is done
        if place.offset < file.size:
            break
    return file, place


def _begin(files: Sequence[LogFile], log: Path, begin_fd: int | None) -> LogFile | None:
    if begin_fd is not None:
        return LogFile(open(begin_fd, "rb", buffering=0, closefd=False), log)
    return files[-1] if files and files[-1].path == log else None


def content_of(file: LogFile) -> Content:
    """The content of an open file. Where it is read does not change."""
    return StreamContent(lambda: nullcontext(file.reader())) if file.codec else _FileContent(file)


class _FileContent:
    def __init__(self, file: LogFile) -> None:
        self._file = file

    def head(self) -> bytes:
        return self._file.read_at(0, _HEAD)

    def read(self, start: int, end: int) -> bytes:
        return self._file.read_at(start, end - start)
