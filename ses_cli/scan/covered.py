"""What of the logs was read before, and whether it is still the same."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from ses_cli.scan.scan import Stretch
from ses_cli.scan.state import StateError
from ses_cli.sources import Source
from ses_cli.sources.read import read_bytes
from ses_cli.sources.source import Identity

_MARK = 4096  # bytes at both ends of what is covered, which tell whether it is the same
_BLOCK = 64 << 10


class Covered(NamedTuple):
    """What of a source was read."""

    name: str
    identity: Identity | None
    size: int  # bytes from its start
    lines: int
    mark: str  # a hash of where it begins and ends


class Rest(NamedTuple):
    """What is to be read still: `used` of those that were covered are, and none after them."""

    used: int
    stretches: list[Stretch]
    why: str | None  # some of what was covered has to be read again


def rest(known: Sequence[Sequence[Covered]], sources: Sequence[Source]) -> Rest:
    """What follows as many of what was read, one after another, as all sources begin with: the order matters.

    Raises StateError where what was read is gone, or is no longer what it was.
    """
    names = {source.name: at for at, source in enumerate(sources)}
    for one in (one for some in known for one in some):
        if one.name not in names:
            raise StateError(f"{one.name}, which it covers, is not among the logs")
        if not _is_same(one, sources[names[one.name]]):
            raise StateError(f"{one.name}, which it covers, was replaced or changed since")
    last: Covered | None = None
    at = -1  # the source that `last` is of
    for used, some in enumerate(known):
        before = last, at
        for one in some:
            if last is None or one.name != last.name:
                if why := _between(sources, at, last, one):
                    return Rest(used, _after(sources, *before), why)
                at += 1
            last = one
    return Rest(len(known), _after(sources, last, at), None)


def _between(sources: Sequence[Source], at: int, last: Covered | None, one: Covered) -> str | None:
    """Why what comes next was not read directly after the last one."""
    if last is not None and (sources[at].size or 0) > last.size:
        return f"{last.name} has grown, and comes before {one.name}"
    following = sources[at + 1]
    if following.name != one.name:
        return f"{following.name} is new, and comes before {one.name}"
    return f"{one.name}, which is compressed, has grown" if following.codec and following.size != one.size else None


def _after(sources: Sequence[Source], last: Covered | None, at: int) -> list[Stretch]:
    """What follows what was read."""
    following = list(map(Stretch, sources[at + 1 :]))
    if last is None or last.size >= (sources[at].size or 0):
        return following
    return [Stretch(sources[at], last.size, None, last.lines), *following]


def covered(stretch: Stretch, lines: int) -> Covered:
    """A stretch that was read to its end, with so many lines of its source."""
    source = stretch.source
    size = source.size or 0 if stretch.end is None else stretch.end
    return Covered(source.name, source.identity, size, lines, _mark(source, size))


def last_line_end(stretch: Stretch) -> int:
    """Where the last whole line ends: what follows may be a line that is being written."""
    source = stretch.source
    size = source.size or 0
    if source.codec or source.is_object:
        return size
    at = size
    while at > stretch.start:
        begin = max(at - _BLOCK, stretch.start)
        if (found := read_bytes(source, begin, at).rfind(b"\n")) >= 0:
            return begin + found + 1
        at = begin
    return stretch.start


def _is_same(known: Covered, source: Source) -> bool:
    is_shorter = (source.size or 0) < known.size
    return source.identity == known.identity and not is_shorter and _mark(source, known.size) == known.mark


def _mark(source: Source, size: int) -> str:
    """Of an object its version says it all."""
    if source.is_object:
        return ""
    raw = source._replace(codec=None)
    head, tail = read_bytes(raw, 0, min(size, _MARK)), read_bytes(raw, max(size - _MARK, 0), size)
    return sha256(head + tail).hexdigest()[:16]
