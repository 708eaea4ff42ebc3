"""What a journal says of the runs before: read back, checked, in two bits a line of the log."""

import hashlib
import os
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import NamedTuple

import orjson

from ses_cli.errors import SourceError
from ses_cli.replay.plan import Delivery
from ses_cli.replay.states import State, States

SCHEMA = "ses-events/replay-journal@1"
_BLOCK = 1 << 20
_CHECKED = 1024  # every so many lines the id is kept, to notice another log

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


@dataclass(slots=True)
class Past:
    """All that is known of the lines of each source, by the source's number in the journal."""

    target: str = ""  # masked
    key: str = ""
    salt: str = ""
    sources: list[Source] = field(default_factory=list)
    states: list[States] = field(default_factory=list)
    ids: list[dict[int, str]] = field(default_factory=list)  # of some lines, and of the last

    def add(self, source: Source) -> int:
        """The new source's number."""
        self.sources.append(source)
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

    def generations(self, name: str) -> set[str]:
        """The first lines of all logs of this name, in any directory, as hashes."""
        return {known.first for known in self.sources if PurePath(known.name).name == PurePath(name).name}


class Known:
    """What is known of the logs of a run, which it names itself."""

    def __init__(self, past: Past, numbers: dict[str, int], name: str) -> None:
        self.past = past
        self._numbers = numbers  # of the sources by name
        self._name = name  # of the journal

    def locate(self, delivery: Delivery) -> tuple[int, State]:
        """The number of its source, and what is known of its line. SourceError if that line was another."""
        number = self._numbers[delivery.source]
        known = self.past.ids[number].get(delivery.line)
        # the hash alone: the count behind it depends on what else was selected
        if known is not None and known[:32] != delivery.id[:32]:
            raise SourceError(
                f"{self._name}: of another log: line {delivery.line} of {delivery.source} is not what it was",
                "name a new --journal",
            )
        return number, self.past.states[number][delivery.line]

    def add(self, source: Source, is_new: bool = False) -> dict[str, str | int] | None:
        """Let `source.name` mean this log; the journal's line about it, where it is new there or said to be."""
        others = {number for name, number in self._numbers.items() if name != source.name}
        number = self.past.find(source, others)
        if number is not None and not is_new:
            self._numbers[source.name] = number
            return None
        number = self._numbers[source.name] = self.past.add(source)
        return {"source": number, "name": source.name, "first": source.first}

    def unknown(self) -> Iterator[tuple[str, int]]:
        """Source and line of all that was in flight when a run before ended."""
        for source, states in zip(self.past.sources, self.past.states, strict=True):
            for line in states.lines(State.UNKNOWN):
                yield source.name, line


def target_key(url: str, salt: str) -> str:
    """A hash of the target's whole URL that is slow to guess from, for the URL may hold a token."""
    return hashlib.scrypt(url.encode(), salt=salt.encode(), n=2048, r=8, p=1, dklen=16).hex()


def load(fd: int, name: str) -> tuple[Past, int]:
    """The past, and the bytes of the journal that are whole lines: what follows is a torn write.

    An empty journal, or one torn in its header, has a past without a key. SourceError if it is
    no journal or damaged.
    """
    past = Past()
    last: list[int] = []
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
                _read_row(past, last, row)
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


def _read_row(past: Past, last: list[int], row: dict[str, object]) -> None:
    source = row["source"]
    if not isinstance(source, int) or source < 0:
        raise TypeError
    if "name" in row:
        if past.add(Source(str(row["name"]), str(row["first"]))) != source:
            raise ValueError
        last.append(0)
        return
    line, states = row["line"], past.states[source]
    if not isinstance(line, int) or not 0 < line < 1 << 40:
        raise TypeError
    if "intent" in row:
        states[line] = State.UNKNOWN
        _remember(past.ids[source], last, source, line, str(row["id"]))
    else:
        states[line] = OUTCOMES[str(row["outcome"])]


def _remember(ids: dict[int, str], last: list[int], source: int, line: int, identity: str) -> None:
    if line >= last[source]:
        if last[source] % _CHECKED:
            ids.pop(last[source], None)
        last[source] = line
        ids[line] = identity
    elif not line % _CHECKED:
        ids[line] = identity
