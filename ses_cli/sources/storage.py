"""Where sources lie: one contract, kept by local files and by objects in a store."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from ses_cli.errors import SourceError
from ses_cli.sources.source import Source, is_address

HEAD = 4096  # bytes: they tell archives and codecs, and most logs from one another


class SourceFound(NamedTuple):
    """A source and its first bytes, as it is stored."""

    source: Source
    head: bytes


class Stream(Protocol):
    """The bytes of a source as it is stored, from a place on."""

    def read(self, n: int, /) -> bytes:
        """At most `n` bytes; none only at the end. Raises OSError, SourceError."""

    def tell(self) -> int:
        """The place that is read next."""

    def check(self, end: int | None) -> None:
        """Raises SourceError where the source is no longer what was found, up to `end` or, for None, to its end."""

    def close(self) -> None:
        """Lets go of it."""


class Storage(Protocol):
    """A kind of place that logs are found in and read from."""

    def find(self, name: str) -> Iterator[SourceFound | SourceError | str]:
        """The logs that a name stands for, what could not be opened, and notes on what was left out."""

    def open(self, source: Source, start: int = 0, end: int | None = None) -> Stream:
        """The bytes from `start` on. It can be read beyond `end`, which only says how much is wanted for sure.

        Raises OSError, SourceError.
        """

    def here(self, source: Source) -> Source:
        """A source that was found on another machine, as it is seen from this one. Raises SourceError, OSError."""

    def has_grown(self, source: Source) -> bool:
        """Whether more was added to a source since it was found."""


def storage_of(source: Source) -> Storage:
    """Where a source lies."""
    return storage(source.path, source.endpoint)


def storage(name: str, endpoint: str | None = None) -> Storage:
    """Where what is named lies, a file or an object. `endpoint` is the address of its store, if not the usual one."""
    if is_address(name):
        from ses_cli.sources.objects.storage import Objects  # start-up: most logs are files

        return Objects(endpoint)
    from ses_cli.sources.files import Files

    return Files()
