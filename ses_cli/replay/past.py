"""What a journal says of the runs before: read back, checked, in two bits a line of the log."""

import hashlib
import os
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import PurePath
from typing import NamedTuple

import orjson

from ses_cli.errors import SourceError
from ses_cli.replay.deliveries import Delivery
from ses_cli.replay.states import State, States

SCHEMA = "ses-events/replay-journal@1"
_BLOCK = 1 << 20
_CHECKED = 1024  # every so many lines the id is kept, to notice another log
_RECENT = 64  # of the last lines too, to notice that some were taken back

OUTCOMES = {
    "delivered": State.DELIVERED,
    "retry": State.FAILED,  # this attempt failed, another was to follow
    "failed": State.FAILED,
    "unsent": State.NEVER,  # the intent was withdrawn
    "unknown": State.UNKNOWN,  # abandoned without an answer
}


class Source(NamedTuple):
    """A log as the journal knows it: its name, and the hash of its first line, which stays while it grows."""

    name: str
    first: str


class Kept(NamedTuple):
    """The first lines of a source that are another one's: they stand in the same file, which lost what followed."""

    number: int  # of the other
    lines: int


NOTHING = Kept(0, 0)


@dataclass(slots=True)
class Past:
    """All that is known of the lines of each source, by the source's number in the journal."""

    target: str = ""  # masked
    key: str = ""
    salt: str = ""
    sources: list[Source] = field(default_factory=list)
    states: list[States] = field(default_factory=list)
    ids: list[dict[int, str]] = field(default_factory=list)  # of some lines
    kept: list[Kept] = field(default_factory=list)

    def add(self, source: Source, kept: Kept = NOTHING) -> int:
        """The new source's number."""
        self.sources.append(source)
        self.kept.append(kept)
        self.states.append(States())
        self.ids.append({})
        return len(self.sources) - 1

    def find(self, source: Source, taken: Container[int] = ()) -> int | None:
        """The number of this source that is not taken. Another directory in its name does not make it another log."""
        base = PurePath(source.name).name
        alike = [
            number
            for number, known in enumerate(self.sources)
            if known.first == source.first and PurePath(known.name).name == base and number not in taken
        ]
        exact = [number for number in alike if self.sources[number].name == source.name]
        return max(exact or alike, default=None)

    def generations(self, name: str) -> list[int]:
        """The numbers of all logs of this name, in any directory, as they followed each other."""
        alike = (n for n, known in enumerate(self.sources) if PurePath(known.name).name == PurePath(name).name)
        lost = {kept.number for kept in self.kept if kept.lines}
        return [number for number in alike if number not in lost]

    def place(self, number: int, line: int) -> int:
        """The number of the source that a line of this one is known under."""
        while line <= self.kept[number].lines:
            number = self.kept[number].number
        return number

    def known(self, number: int) -> dict[int, str]:
        """The ids of some lines of a source."""
        kept = self.kept[number]
        shared = self.known(kept.number).items() if kept.lines else ()
        return {line: identity for line, identity in shared if line <= kept.lines} | self.ids[number]

    def lines(self, number: int, state: State) -> Iterator[int]:
        """The lines of a source in this state. Not for NEVER, which has no end."""
        kept = self.kept[number]
        if kept.lines:
            yield from (line for line in self.lines(kept.number, state) if line <= kept.lines)
        yield from self.states[number].lines(state)


class Known:
    """What is known of the logs of a run, which it names itself."""

    def __init__(self, past: Past, numbers: dict[str, int], name: str) -> None:
        self.past = past
        self._numbers = numbers  # of the sources by name
        self._name = name  # of the journal

    def locate(self, delivery: Delivery) -> tuple[int, State]:
        """The number of its source, and what is known of its line. SourceError if that line was another."""
        number = self.past.place(self._numbers[delivery.source], delivery.line)
        known = self.past.ids[number].get(delivery.line)
        # the hash alone: the count behind it depends on what else was selected
        if known is not None and known[:32] != delivery.id[:32]:
            raise SourceError(
                f"{self._name}: of another log: line {delivery.line} of {delivery.source} is not what it was",
                "name a new --journal",
            )
        return number, self.past.states[number][delivery.line]

    @property
    def numbers(self) -> dict[str, int]:
        """The numbers of the sources, by what their names mean now."""
        return dict(self._numbers)

    def add(self, source: Source) -> dict[str, str | int] | None:
        """Let `source.name` mean this log; the journal's line about it, where it is new there."""
        number = self.past.find(source, self._numbers.values())
        if number is None:
            return self.begin(source)
        self.resume(source.name, number)
        return None

    def resume(self, name: str, number: int) -> None:
        """Let a name mean a source that is known."""
        self._numbers[name] = number

    def begin(self, source: Source, kept: Kept = NOTHING) -> dict[str, str | int]:
        """Let `source.name` mean a log that is new but for what it kept; the journal's line about it."""
        number = self._numbers[source.name] = self.past.add(source, kept)
        row: dict[str, str | int] = {"source": number, "name": source.name, "first": source.first}
        return row | ({"of": kept.number, "lines": kept.lines} if kept.lines else {})

    def unknown(self, numbers: Iterable[int]) -> Iterator[tuple[str, int]]:
        """Source and line of all that was in flight when a run before ended."""
        for number in numbers:
            for line in self.past.lines(number, State.UNKNOWN):
                yield self.past.sources[number].name, line


def target_key(url: str, salt: str) -> str:
    """A hash of the target's whole URL that is slow to guess from, for the URL may hold a token."""
    return hashlib.scrypt(url.encode(), salt=salt.encode(), n=2048, r=8, p=1, dklen=16).hex()


def load(fd: int, name: str) -> tuple[Past, int]:
    """The past, and the bytes of the journal that are whole lines: what follows is a torn write.

    An empty journal, or one torn in its header, has a past without a key. SourceError if it is
    no journal or damaged.
    """
    past = Past()
    recent: list[list[int]] = []
    whole = 0
    for number, line in enumerate(_lines(fd), 1):
        if not line.endswith(b"\n"):
            if number == 1 and not _header_start(line):
                raise _alien(name)
            break
        try:
            row = orjson.loads(line)
            if number == 1:
                _read_header(past, row)
            else:
                _read_row(past, recent, row)
        except (ValueError, KeyError, IndexError, TypeError):
            where = f"{name}:{number}"
            if number == 1:
                raise SourceError(f"{name}: no journal of a replay", "name another file with --journal") from None
            raise SourceError(f"{where}: the journal is damaged here", "start anew with --journal") from None
        whole += len(line)
    return past, whole


def _alien(name: str) -> SourceError:
    return SourceError(f"{name}: no journal of a replay", "name another file with --journal")


def _header_start(line: bytes) -> bool:
    start = b'{"schema":"%s"' % SCHEMA.encode()
    return line[: len(start)] == start[: len(line)]


def _lines(fd: int) -> Iterator[bytes]:
    os.lseek(fd, 0, os.SEEK_SET)
    rest = b""
    while block := os.read(fd, _BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest


def _read_header(past: Past, row: dict[str, object]) -> None:
    if row["schema"] != SCHEMA:
        raise ValueError
    past.target, past.key, past.salt = str(row["target"]), str(row["key"]), str(row["salt"])


def _read_row(past: Past, recent: list[list[int]], row: dict[str, object]) -> None:
    source = row["source"]
    if not isinstance(source, int) or source < 0:
        raise TypeError
    if "name" in row:
        if past.add(Source(str(row["name"]), str(row["first"])), _kept(row, source)) != source:
            raise ValueError
        recent.append([])
        return
    line, states = row["line"], past.states[source]
    if not isinstance(line, int) or not 0 < line < 1 << 40:
        raise TypeError
    if "intent" in row:
        states[line] = State.UNKNOWN
        _remember(past.ids[source], recent[source], line, str(row["id"]))
    else:
        states[line] = OUTCOMES[str(row["outcome"])]


def _kept(row: dict[str, object], source: int) -> Kept:
    number, lines = row.get("of", 0), row.get("lines", 0)
    if not isinstance(number, int) or not isinstance(lines, int) or not 0 <= number < max(source, 1) or lines < 0:
        raise TypeError
    return Kept(number, lines)


def _remember(ids: dict[int, str], recent: list[int], line: int, identity: str) -> None:
    if line in ids:
        return
    ids[line] = identity
    if line % _CHECKED:
        heappush(recent, line)
    if len(recent) > _RECENT:
        del ids[heappop(recent)]
