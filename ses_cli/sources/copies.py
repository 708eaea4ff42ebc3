"""The same content once: a file that is named twice, a log and its compressed copy, a copy under another name.

Most files differ in their first bytes, so that is what is compared first. Only of those that begin alike, all of it is.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from itertools import zip_longest
from math import inf

from ses_cli.errors import SourceError
from ses_cli.sources.decompress import Damaged, Readable, decompress
from ses_cli.sources.source import Identity, Source
from ses_cli.sources.storage import HEAD, SourceFound, storage_of

_CHUNK = 1 << 20
_MD5 = r'"[0-9a-f]{32}(-[0-9]+)?"'  # of the content, or of the parts in which it was uploaded


def without_copies(found: Sequence[SourceFound], note: Callable[[str], object]) -> list[Source]:
    """The sources without those whose content another one has; `note` is told of each, and of one that is a part."""
    kept: list[Source] = []
    heads: dict[bytes, list[int]] = {}  # first bytes -> places in `kept`
    known: dict[Identity, Source] = {}
    is_alone = sum(source.identity is not None for source, _ in found) == 1
    for one in found:
        source = one.source
        if source.identity is None or is_alone:
            kept.append(source)
            continue
        if source.identity in known:
            first = known[source.identity].name
            named = "named twice" if first == source.name else f"the same file as {first}"
            note(f"{source.name} is {named}: read once")
            continue
        known[source.identity] = source
        if (digest := _digest(source)) and digest in known:
            note(f"{source.name} has the same content as {known[digest].name}: read once")
            continue
        if digest:
            known[digest] = source
        alike = heads.setdefault(_head(one), [])
        at = next((at for at in alike if _is_same(kept[at], source, note)), None)
        if at is None:
            alike.append(len(kept))
            kept.append(source)
        elif kept[at].codec and not source.codec:  # a plain one can be read side by side
            kept[at] = source
    return kept


def _digest(source: Source) -> Identity | None:
    """What is the same for objects of the same content, where their store says that; it is not for empty ones."""
    tag = source.identity[1] if source.identity and source.is_object else None
    return (str(tag), source.size) if source.size and re.fullmatch(_MD5, str(tag)) else None


def _head(found: SourceFound) -> bytes:
    """The first bytes, decompressed. What is empty or cannot be read is like nothing else."""
    head = found.head
    if found.source.codec:
        with suppress(OSError, Damaged, SourceError), closing(storage_of(found.source).open(found.source)) as raw:
            head = _exactly(decompress(raw, found.source.codec), HEAD)
    return head or repr(found.source.identity).encode()


def _is_same(first: Source, second: Source, note: Callable[[str], object]) -> bool:
    """Whether both hold the same, from the first byte to the last; what cannot be read to its end does not."""
    with suppress(OSError, Damaged, SourceError):
        for ours, theirs in zip_longest(_chunks(first), _chunks(second), fillvalue=b""):
            if ours == theirs:
                continue
            shorter, longer = sorted((ours, theirs), key=len)
            if len(shorter) < _CHUNK and longer.startswith(shorter):
                part, whole = (first, second) if shorter is ours else (second, first)
                note(f"{part.name} is the beginning of {whole.name}: what they share is read twice")
            return False
        note(f"{second.name} has the same content as {first.name}: read once")
        return True
    return False


def _chunks(source: Source) -> Iterator[bytes]:
    """What a source held when it was found, decompressed, in chunks of one size."""
    with closing(storage_of(source).open(source)) as raw:
        stream, left = decompress(raw, source.codec), inf if source.codec else source.size or 0
        while left and (data := _exactly(stream, int(min(left, _CHUNK)))):
            yield data
            left -= len(data)


def _exactly(stream: Readable, size: int) -> bytes:
    """So many bytes, fewer only at the end."""
    data = b""
    while len(data) < size and (more := stream.read(size - len(data))):
        data += more
    return data
