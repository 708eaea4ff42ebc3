"""Which files are the generations of a log that a journal knows: told by their lines, in the order of their age."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ses_cli.batch import Piece
from ses_cli.errors import SourceError
from ses_cli.replay.jsonl import Journal
from ses_cli.replay.past import NOTHING, Kept, Past, Source
from ses_cli.replay.resume import fingerprint
from ses_cli.sources.series import first_line

Read = Callable[[], Iterator[Piece]]  # the numbered pieces of a file, from its beginning; none where it is gone


class Generation(NamedTuple):
    """A file of the log."""

    first: str  # a hash of its first line, "" where it has none
    number: int | None  # of the source that it is in the journal; None: it is new
    lines: int | None = None  # of it, that are what was sent; None: it has all that was sent


def recognise(past: Past, name: str, files: Sequence[Read]) -> list[Generation]:
    """What each file is, oldest first. SourceError where the log that was read last is none of them.

    A first line may come again in the next log, so the order counts, and what is known of other lines.
    """
    found = [Generation(_first(read()), None) for read in files]
    numbers, begin = past.generations(name), 0
    rest = numbers  # those that were read after what is found by now
    for at, (read, file) in enumerate(zip(files, found, strict=True)):
        for nth, number in enumerate(rest):
            if past.sources[number].first == file.first and _agreed(past.known(number), read()) is None:
                found[at], rest, begin = file._replace(number=number), rest[nth + 1 :], at + 1
                break
    if rest:
        at, lines = _cut(past, rest[-1], found[begin:], files[begin:])
        found[begin + at] = found[begin + at]._replace(number=rest[-1], lines=lines)
    return found


def _cut(past: Past, number: int, found: Sequence[Generation], files: Sequence[Read]) -> tuple[int, int]:
    """The file that has lost lines of a source, and how many lines it still shares with it."""
    shared: list[tuple[int, int]] = []
    known = past.known(number)
    for at, (file, read) in enumerate(zip(found, files, strict=True)):
        if file.first == past.sources[number].first:
            shared.append((_agreed(known, read()) or max(known), at))
    if not shared:
        name = past.sources[number].name
        raise SourceError(
            f"{name}: another log than the one that was followed, which is not beside it",
            "rename that one the way listen does, to NAME-20260101T000000Z.jsonl beside it; or name a new --journal",
        )
    lines, at = max(shared)
    return at, lines


def _agreed(known: Mapping[int, str], pieces: Iterable[Piece]) -> int | None:
    """Up to which line a file is what is known, where it does not have all of that; None where it has."""
    wanted, nth, sure = sorted(known), 0, 1
    for piece in pieces:
        if nth == len(wanted):
            return None
        lines = piece.data.removesuffix(b"\n").split(b"\n") if wanted[nth] < piece.end else []
        while nth < len(wanted) and wanted[nth] < piece.end:
            line = lines[wanted[nth] - piece.line].removesuffix(b"\r")
            if fingerprint(line) != known[wanted[nth]][:32]:  # the count behind the hash depends on what else is read
                return sure
            sure, nth = wanted[nth], nth + 1
    return None if nth == len(wanted) else sure


def _first(pieces: Iterator[Piece]) -> str:
    piece = next(pieces, None)
    return fingerprint(first_line(piece)) if piece else ""


class GenerationTracker:
    """Tells a journal which generation of a log it is that comes next."""

    def __init__(self, journal: Journal, name: str, expected: Iterable[Generation]) -> None:
        self._journal = journal
        self._name = name
        self._expected = list(expected)

    def begin(self, first: Piece, is_new: bool) -> None:
        """The next generation begins with this piece. `is_new`: the file was emptied, whatever it holds again."""
        key = fingerprint(first_line(first))
        file = Generation(key, None) if is_new else self._next(key)
        if file.number is not None and file.lines is None:
            self._journal.resume(self._name, file.number)
        else:
            kept = NOTHING if file.number is None else Kept(file.number, file.lines or 0)
            self._journal.begin(Source(self._name, key), kept)

    def shorten(self, lines: int) -> None:
        """Of the file that is read now, so many lines are left, and others will follow."""
        self._journal.cut(self._name, lines)

    def _next(self, key: str) -> Generation:
        for at, file in enumerate(self._expected):
            if file.first == key:
                del self._expected[: at + 1]  # those before it are gone, or empty
                return file
        return Generation(key, None)
