"""The generations of a log that is followed: each is a log of its own to the journal, known by its content."""

from collections.abc import Collection, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import NamedTuple

from ses_cli.errors import SourceError, reason
from ses_cli.follow import Follower, Identity, LogFile, OnChange, Start, open_generations
from ses_cli.replay.alignment import align
from ses_cli.replay.content import StreamContent
from ses_cli.replay.journal import Content, Journal, Opened, Range
from ses_cli.sources.source import Source

_HEAD = 64 << 10  # bytes
_START = Range(0, 1)


class GenerationTracker:
    """Tells a journal which generation of a log it is that is read."""

    def __init__(self, journal: Journal, name: str) -> None:
        self.numbers: dict[str, int] = {}  # of the generation that is read, by the name of the log
        self.found: list[Opened] = []  # what the journal knows of those that were opened
        self._journal = journal
        self._name = name
        self._expected: dict[Identity, Collection[int] | None] = {}  # what files may be whose turn is still to come
        self._opened: Identity | None = None  # the file that was opened and has not begun

    def expect(self, file: LogFile, among: Collection[int] | None) -> None:
        """When the turn of this file comes, it is one of these logs, or any that the journal knows."""
        self._expected[file.identity] = among

    def open(self, file: LogFile, among: Collection[int] | None = ()) -> int:
        """The number of a generation, whose turn to be read has come: of a new one, or one of those `among`."""
        opened = self._journal.open_log(self._name, content_of(file), among)
        self.found.append(opened)
        if self._name in self.numbers:
            self._journal.retire(self.numbers[self._name])
        self.numbers[self._name], self._opened = opened.log, file.identity
        return opened.log

    def begin(self, file: LogFile, is_new: bool) -> None:
        """This generation is read next. `is_new`: the file was emptied, whatever it holds again."""
        # it may be open already. Of those before it none is looked for by identity: that of a deleted file is given
        # to a new one
        expected = self._expected.pop(file.identity, ())
        if is_new or self._opened != file.identity:
            self.open(file, () if is_new else expected)
        self._opened = None

    def shorten(self, file: LogFile, offset: int, line: int) -> None:
        """The generation that is read lost what stood from here on, and other lines will follow."""
        self._journal.cut(self.numbers[self._name], offset, line, content_of(file))


class Followed(NamedTuple):
    """A log that is followed, and what the journal knows of it."""

    follower: Follower
    tracker: GenerationTracker


def follow(
    source: Source, journal: Journal, max_line: int, on_change: OnChange, begin_fd: int | None = None
) -> Followed:
    """What is left of the generations that the journal knows, then all that were begun since.

    A journal that knows none begins with the open file `begin_fd`, or with the one that is written to now. Each file
    is opened once: what is recognised is what is read, whatever is renamed in between. Of the files before the last
    one that is known, those that are not were sent to their end and forgotten. SourceError where the journal knows
    logs, and none of them is there.
    """
    log, tracker = Path(source.path), GenerationTracker(journal, source.name)
    try:
        start = _find_start(source.name, log, journal, tracker, begin_fd)
    except OSError as error:
        raise SourceError(f"{source.name}: {reason(error)}") from None
    return Followed(Follower(source.path, max_line, on_change, tracker=tracker, start=start), tracker)


def _find_start(name: str, log: Path, journal: Journal, tracker: GenerationTracker, begin_fd: int | None) -> Start:
    """Raises OSError, and SourceError as `follow` does."""
    with ExitStack() as stack:
        files = [stack.enter_context(file) for file in open_generations(log)]
        numbers = align([journal.candidates(content_of(file)) for file in files])
        known: list[tuple[LogFile, Collection[int] | None]]
        known = [(file, (number,)) for file, number in zip(files, numbers, strict=True) if number is not None]
        known = known or [(file, None) for file in files if journal.resembles(content_of(file))]
        if not known and not journal.is_empty:
            raise SourceError(
                f"{name}: a different log than the one that was followed, which is not beside it",
                "rename that one as listen does, to NAME-20260101T000000Z.jsonl beside it; or name a new --journal",
            )
        begin, place, later = _resume(known, journal, tracker) if known else (_begin(files, log, begin_fd), _START, [])
        others = [file for file in files if file is not begin and file not in later]
        stack.pop_all()
    for file in others:
        file.close()
    return Start(begin, place.offset, place.line, later)


def _is_finished(journal: Journal, among: Collection[int] | None) -> bool:
    return among is not None and all(map(journal.is_finished, among))


def _resume(
    known: Sequence[tuple[LogFile, Collection[int] | None]], journal: Journal, tracker: GenerationTracker
) -> tuple[LogFile, Range, list[LogFile]]:
    """The first generation of which something is left, else the last one; where to begin; and what is known after."""
    left = iter([*((file, among) for file, among in known[:-1] if not _is_finished(journal, among)), known[-1]])
    for file, among in left:
        place = next(journal.ranges(tracker.open(file, among)))
        if file.codec or place.offset < file.size:
            break
    later = []
    for other, among in left:
        later.append(other)
        tracker.expect(other, among)
    # a compressed one cannot be sought, and `admit` knows what is done
    return file, _START if file.codec else place, later


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
