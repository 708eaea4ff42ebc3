"""Which copy of this program it is, and which files it goes by: what has to be the same for the same answer."""

import os
from functools import cache
from hashlib import sha256
from pathlib import Path

from ses_cli import __version__

_ROOT = Path(__file__).parents[1]
_TELLING = frozenset({".py", ".toml", ".tsv"})  # the rules of reasons and the second opinion among them


@cache
def program() -> dict[str, str]:
    """The version, and what tells one copy of it from another."""
    code = sha256()
    for path in sorted(path for path in _ROOT.rglob("*") if path.suffix in _TELLING):
        code.update(path.read_bytes())
    return {"version": __version__, "code": code.hexdigest()[:12]}


def hash_file(file: str) -> str | None:
    """What a file holds, hashed; None where it cannot be read."""
    try:
        return sha256(Path(os.path.abspath(file)).read_bytes()).hexdigest()[:12]
    except OSError:
        return None
