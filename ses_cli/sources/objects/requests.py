"""Requests to object stores, made by threads that only wait.

A call of the library cannot be interrupted, and may take minutes where a store does not answer: what waits for a
thread can be.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ses_cli.sources.objects.address import ObjectAddress
from ses_cli.sources.objects.stores import endpoint_of, store_of
from ses_cli.sources.objects.trouble import Replaced, Short, told

if TYPE_CHECKING:
    from obstore import GetOptions

T = TypeVar("T")

_IN_FLIGHT = 64  # requests
_TRIES = 4  # answers shorter than they were to be, one after another
_PARTS = 2  # of a file that is uploaded, at once
_PAGE = 1000  # objects listed at once


class ObjectInfo(NamedTuple):
    """An object as its store knows it."""

    key: str
    size: int
    version: str  # its ETag; where there is none, when it was written

    @property
    def is_pinned(self) -> bool:
        """Whether the store can be asked for this version and no other: weak tags (`W/`) are not compared there."""
        return self.version.startswith('"')


class ObjectBytes(NamedTuple):
    """Bytes of an object."""

    entry: ObjectInfo
    data: memoryview


class Bucket:
    """What is asked of one bucket. Every error is a SourceError that names the object."""

    def __init__(self, address: ObjectAddress, endpoint: str | None, is_asking: bool = False) -> None:
        """`is_asking`: it is not known yet whether the address is right. Raises UsageError."""
        self._address = address
        self._endpoint = endpoint_of(address, endpoint)
        self._store = store_of(address.at(""), self._endpoint, is_asking)

    def look(self, key: str, size: int) -> "Future[ObjectBytes]":
        """An object and its first bytes."""
        return self._start(lambda: self._look(key, size), key)

    def fetch(self, pinned: ObjectInfo, begin: int, end: int) -> "Future[memoryview]":
        """These bytes of a version of an object, all that there are up to `end`."""
        return self._start(lambda: self._fetch(pinned.key, begin, end, pinned).data, pinned.key, is_reading=True)

    def put(self, key: str, file: Path | bytes, part: int) -> "Future[None]":
        """Uploads a file or bytes, in parts of this size where they are larger than one."""

        def put() -> None:
            import obstore

            obstore.put(self._store, key, file, chunk_size=part, max_concurrency=_PARTS)

        return self._start(put, key)

    def list(self, prefix: str, after: str | None = None) -> Iterator[ObjectInfo]:
        """The objects below a prefix, those after a key only, as the store orders them."""
        import obstore

        pages = obstore.list(self._store, prefix or None, offset=after, chunk_size=_PAGE)

        def page() -> list[ObjectInfo]:
            return [_entry(meta["path"], dict(meta)) for meta in next(iter(pages), ())]

        while entries := self._start(page, self._address.key).result():
            yield from entries

    def _start(self, work: Callable[[], T], key: str, is_reading: bool = False) -> "Future[T]":
        def run() -> T:
            try:
                return work()
            except Exception as error:  # the library has many, without a name for most
                raise told(error, self._address.at(key), self._endpoint, is_reading) from None

        return _pool().submit(run)

    def _look(self, key: str, size: int) -> ObjectBytes:
        import obstore

        try:
            return self._fetch(key, 0, size)
        except Exception as error:
            if "status code: 416" not in str(error):  # none of it: it is empty
                raise
        return ObjectBytes(_entry(key, dict(obstore.head(self._store, key))), memoryview(b""))

    def _fetch(self, key: str, begin: int, end: int, pinned: ObjectInfo | None = None) -> ObjectBytes:
        import obstore

        parts: list[memoryview] = []
        at = begin
        for _ in range(_TRIES):
            options: GetOptions = {"range": (at, end)}
            if pinned and pinned.is_pinned:
                options["if_match"] = pinned.version
            answer = obstore.get(self._store, key, options=options)
            entry = _entry(key, dict(answer.meta))
            pinned = pinned or entry
            if entry != pinned:
                raise Replaced
            end = min(end, pinned.size)
            if answer.range[0] != at:
                raise Short(f"the store gave bytes from {answer.range[0]:,}, not from {at:,}")
            parts.append(memoryview(answer.bytes())[: end - at])
            at += len(parts[-1])
            if at == end:
                return ObjectBytes(pinned, parts[0] if len(parts) == 1 else memoryview(b"".join(parts)))
        raise Short(f"{at - begin:,} of {end - begin:,} bytes came")


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_IN_FLIGHT, "objects")


def _entry(key: str, meta: dict[str, Any]) -> ObjectInfo:
    return ObjectInfo(key, meta["size"], meta["e_tag"] or meta["last_modified"].isoformat())
