"""Where a journal lies, and whether it is of this target."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

MARK = ".replay-"  # no file with this in its name is read as a log
SUFFIX = ".db"
FORMER_SUFFIX = ".jsonl"


def default_path(log: str, url: str) -> Path:
    """`NAME.replay-HOST.db` beside the log; HOST with its port, where the URL names one."""
    parts = urlsplit(url)
    host = (parts.hostname or "") + (f"-{parts.port}" if parts.port else "")
    return Path(log + MARK + re.sub(r"[^A-Za-z0-9.-]", "_", host) + SUFFIX)


def beside(log: Path) -> Iterator[Path]:
    """All journals in the directory of a log."""
    names = log.absolute().parent.iterdir()
    yield from sorted(path for path in names if MARK in path.name and path.name.endswith(SUFFIX))


def target_key(url: str, salt: str) -> str:
    """A hash of the target's whole URL that is slow to guess from, for the URL may hold a token."""
    return hashlib.scrypt(url.encode(), salt=salt.encode(), n=2048, r=8, p=1, dklen=16).hex()
