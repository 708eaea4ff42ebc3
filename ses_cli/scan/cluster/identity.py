"""What has to be the same on all machines of a cluster for the same answer to come out."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ses_cli.errors import SesEventsError, reason
from ses_cli.scan.program import hash_file, program
from ses_cli.sources import Source
from ses_cli.sources.storage import storage_of
from ses_cli.times import zone_name


class Expected(NamedTuple):
    """What the one who asks has."""

    program: Mapping[str, str]
    files: Mapping[str, str | None]  # such as rules, and what they hold, hashed
    zone: str | None  # the machine's own, where no other was named


def expected(files: Sequence[str], is_zone_own: bool) -> Expected:
    """What is expected of workers."""
    return Expected(program(), {file: hash_file(file) for file in files}, zone_name(None) if is_zone_own else None)


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
        if (here := hash_file(file)) != digest:
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
