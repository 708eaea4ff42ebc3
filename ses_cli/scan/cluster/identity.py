"""What has to be the same on all machines of a cluster for the same answer to come out."""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ses_cli import __version__
from ses_cli.errors import SesEventsError, reason
from ses_cli.sources import Source
from ses_cli.sources.storage import storage_of
from ses_cli.times import zone_name

_ROOT = Path(__file__).parents[2]


class Expected(NamedTuple):
    """What the one who asks has."""

    program: Mapping[str, str]
    files: Mapping[str, str | None]  # such as rules, and what they hold, hashed
    zone: str | None  # the machine's own, where no other was named


def expected(files: Sequence[str], is_zone_own: bool) -> Expected:
    """What is expected of workers."""
    return Expected(program(), {file: _hash(file) for file in files}, zone_name(None) if is_zone_own else None)


@cache
def program() -> dict[str, str]:
    """The version, and what tells one copy of it from another."""
    code = sha256()
    for path in sorted(_ROOT.rglob("*.py")):
        code.update(path.read_bytes())
    code.update((_ROOT / "reasons.toml").read_bytes())
    return {"version": __version__, "code": code.hexdigest()[:12]}


def differences(wanted: Expected, sources: Sequence[Source]) -> list[str]:
    """Why this machine would not give the same answer, or cannot read; empty where it does."""
    found = [
        f"has ses-events {name} {program()[name]}, not {value}"
        for name, value in wanted.program.items()
        if program()[name] != value
    ]
    if wanted.zone is not None and zone_name(None) != wanted.zone:
        found.append(f"is in the time zone {zone_name(None)}, not {wanted.zone}: --tz names one for all")
    for file, digest in wanted.files.items():
        if (here := _hash(file)) != digest:
            found.append(f"has {'no' if here is None else 'another'} {file}")
    return found or _unseen(sources)


def _unseen(sources: Sequence[Source]) -> list[str]:
    """The first source that is not seen from here. Of objects, one stands for all: they lie in the same place."""
    objects = [source for source in sources if source.is_object][:1]
    for source in [*objects, *(source for source in sources if not source.is_object)]:
        try:
            storage_of(source).here(source)
        except OSError as error:
            return [f"does not see {source.name}: {reason(error)}"]
        except SesEventsError as error:
            return [f"does not see the same: {error.message}"]
    return []


def _hash(file: str) -> str | None:
    try:
        return sha256(Path(os.path.abspath(file)).read_bytes()).hexdigest()[:12]
    except OSError:
        return None
