"""Objects as sources: one by its key, those below a prefix, which is searched as a directory is, or by a pattern."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from itertools import islice, takewhile
from pathlib import PurePosixPath

from ses_cli.errors import SourceError
from ses_cli.sources.archives import refuse_archive
from ses_cli.sources.decompress import MAGIC_BYTES, codec_of
from ses_cli.sources.directories import is_named
from ses_cli.sources.names import LOGS, is_log
from ses_cli.sources.objects.address import ObjectAddress, parse
from ses_cli.sources.objects.ranges import Ranges
from ses_cli.sources.objects.requests import Bucket, ObjectBytes, ObjectInfo
from ses_cli.sources.objects.small import HELD, SMALL
from ses_cli.sources.objects.trouble import Missing
from ses_cli.sources.source import Source
from ses_cli.sources.storage import HEAD, SourceFound

_LOOKED_AT = 64  # objects at once
_SORTED = ("s3", "cos")  # their keys are listed in order
_BESIDE = 3  # names in a hint


class Objects:
    """See `ses_cli.sources.storage.Storage`."""

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint

    def find(self, name: str) -> Iterator[SourceFound | SourceError | str]:
        """An object, the logs below a prefix, or the objects that match a pattern. Raises UsageError."""
        try:
            address = parse(name)
            yield from _Search(address, self._endpoint).run()
        except SourceError as error:
            yield error

    def open(self, source: Source, start: int = 0, end: int | None = None) -> Ranges:
        """Ranges of the version that was found."""
        size = source.size or 0
        if source.identity and (ask := HELD.take(source.identity)):
            return Ranges(ask, size, start, end)
        address = parse(source.path)
        bucket = Bucket(address, source.endpoint)
        pinned = ObjectInfo(address.key, size, str(source.identity[1] if source.identity else ""))
        return Ranges(lambda begin, end: bucket.fetch(pinned, begin, end), size, start, end)

    def here(self, source: Source) -> Source:
        """The same object, where it can be read."""
        for found in self.find(source.path):
            if isinstance(found, SourceError):
                raise found
            if isinstance(found, SourceFound) and found.source.identity == source.identity:
                return source
        raise SourceError(f"{source.name}: was replaced", "read it again")

    def has_grown(self, source: Source) -> bool:
        """Never: an object that is written again is another one."""
        del source
        return False


class _Search:
    """What one address stands for."""

    def __init__(self, address: ObjectAddress, endpoint: str | None) -> None:
        self._address = address
        self._endpoint = endpoint
        self._bucket = Bucket(address, endpoint, is_asking=True)

    def run(self) -> Iterator[SourceFound | SourceError]:
        address = self._address
        if not address.is_prefix:
            try:
                yield self._found(address.key, self._bucket.look(address.key, HEAD))
                return
            except Missing as error:
                if address.is_http:
                    raise
                missing: SourceError = error
        keys = self._matching() if address.is_pattern else self._below(address.key)
        is_empty = True
        for found in self._looked_at(keys):
            is_empty = False
            yield found
        if is_empty:
            yield self._nothing() if address.is_prefix or address.is_pattern else self._beside(missing)

    def _below(self, prefix: str) -> Iterator[ObjectInfo]:
        """The logs below a prefix."""
        base = PurePosixPath(prefix)
        for entry in self._bucket.list(prefix):
            if is_log(PurePosixPath(entry.key).relative_to(base)):
                yield entry

    def _matching(self) -> Iterator[ObjectInfo]:
        """The objects that a pattern names, and the logs below the prefixes that it names."""
        fixed = self._address.fixed
        parts = PurePosixPath(self._address.key).parts
        listed = self._bucket.list(fixed.rpartition("/")[0], _just_before(fixed))
        if self._address.scheme in _SORTED:  # what follows need not be listed
            listed = takewhile(lambda entry: entry.key.startswith(fixed) or entry.key < fixed, listed)
        for entry in listed:
            names = PurePosixPath(entry.key).parts
            is_whole = is_named(names, parts) and not self._address.key.endswith("/")
            if (
                entry.key == self._address.key
                or is_whole
                or any(
                    is_named(names[:cut], parts) and is_log(PurePosixPath(*names[cut:])) for cut in range(1, len(names))
                )
            ):
                yield entry

    def _looked_at(self, entries: Iterable[ObjectInfo]) -> Iterator[SourceFound | SourceError]:
        """The objects and their first bytes, many of which are asked for at once."""
        asked: deque[tuple[str, Future[ObjectBytes]]] = deque()
        waiting = iter(entries)
        while True:
            for entry in islice(waiting, _LOOKED_AT - len(asked)):
                size = SMALL if entry.size <= SMALL else HEAD
                asked.append((entry.key, self._bucket.look(entry.key, size)))
            if not asked:
                return
            key, future = asked.popleft()
            try:
                yield self._found(key, future)
            except SourceError as error:
                yield error

    def _found(self, key: str, future: "Future[ObjectBytes]") -> SourceFound:
        entry, data = future.result()
        head, address = bytes(data), self._address.at(key)
        refuse_archive(address.shown, head)
        codec, identity = codec_of(head[:MAGIC_BYTES]), (str(address), entry.version)
        if entry.size == len(head):
            HELD.put(identity, head)
        return SourceFound(
            Source(address.shown, str(address), entry.size, codec, identity, self._endpoint), head[:HEAD]
        )

    def _nothing(self) -> SourceError:
        what = "matches no object" if self._address.is_pattern else "a prefix without logs"
        return SourceError(
            f"{self._address.shown}: {what}", f"logs are named {', '.join(LOGS[::5])}, compressed or not"
        )

    def _beside(self, missing: SourceError) -> SourceError:
        """With a hint that names logs beside one that is not there."""
        prefix = self._address.key.rpartition("/")[0]
        names = [str(PurePosixPath(entry.key).relative_to(prefix)) for entry in islice(self._below(prefix), _BESIDE)]
        return Missing(missing.message, f"there is {', '.join(names)}" if names else None)


def _just_before(key: str) -> str | None:
    """A key after which the listing begins with all that begin with this one."""
    return key[:-1] + chr(ord(key[-1]) - 1) if key and not key.endswith("/") and ord(key[-1]) > ord("!") else None
