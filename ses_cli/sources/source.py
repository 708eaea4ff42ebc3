"""One log, as it was found."""

import os
from typing import NamedTuple

STDIN = "-"
_ADDRESSES = ("s3://", "cos://", "gs://", "az://", "http://", "https://")

Identity = tuple[int | str, int | str]
"""Device and inode of a file, address and version of an object: another one means that it was replaced."""


class Source(NamedTuple):
    """One log. What is no regular file (standard input, a pipe) has no size and is read once, in one go."""

    name: str  # as named by the user, fit to be shown
    path: str  # of a file, or an object's address
    size: int | None  # bytes at the start of the run
    codec: str | None  # gzip, zstd, bzip2, xz; None when plain, or not yet known
    identity: Identity | None
    endpoint: str | None = None  # of an object: the address of its store, where that is not the usual one

    @property
    def is_object(self) -> bool:
        """Whether it is an object, and no file or pipe."""
        return is_address(self.path)


def is_address(name: str) -> bool:
    """Whether this names objects in a store, and not files."""
    return name.startswith(_ADDRESSES)


def shown(path: str) -> str:
    """A path as one line of text: bytes in it that are no UTF-8 become question marks in a diamond."""
    return os.fsencode(path).decode(errors="replace").replace("\n", "␊")
