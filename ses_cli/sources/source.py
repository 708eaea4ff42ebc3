"""One log, as it was found."""

import os
from typing import NamedTuple

STDIN = "-"


class Source(NamedTuple):
    """One log. What is no regular file (standard input, a pipe) has no size and is read once, in one go."""

    name: str  # as named by the user, fit to be shown
    path: str
    size: int | None  # bytes at the start of the run
    codec: str | None  # gzip, zstd, bzip2, xz; None when plain, or not yet known
    identity: tuple[int, int] | None  # device and inode, to notice a file that was replaced


def shown(path: str) -> str:
    """A path as one line of text: bytes in it that are no UTF-8 become question marks in a diamond."""
    return os.fsencode(path).decode(errors="replace").replace("\n", "␊")
