"""Which sources a command reads: those named, else piped input, else the environment's, else the capture log."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from ses_cli.errors import SourceError, UsageError
from ses_cli.sources.copies import without_copies
from ses_cli.sources.files import left_out
from ses_cli.sources.source import STDIN, Source, is_address
from ses_cli.sources.storage import SourceFound, storage

if TYPE_CHECKING:
    from pathlib import Path

    from ses_cli.sources.directories import LeftOut

ENVIRONMENT = "SES_EVENTS_LOG"
_BETWEEN = rf"\{os.pathsep}(?!//)"  # names; no address is cut in two

Note = Callable[[str], object]


def find(
    names: Iterable[str], note: Note = lambda _: None, endpoint: str | None = None
) -> tuple[list[Source], list[SourceError]]:
    """The sources, each content once, and what could not be opened; `note` is told what is left out.

    `endpoint` is the address of the object store, where it is not the usual one. Raises UsageError where there is
    nothing to read at all.
    """
    found: list[SourceFound] = []
    errors: list[SourceError] = []

    def take(item: SourceFound | SourceError | str) -> None:
        match item:
            case SourceFound():
                found.append(item)
            case SourceError():
                errors.append(item)
            case str():
                note(item)

    named = list(names) or _unnamed(os.environ, lambda path, error: take(left_out(path, error)))
    for name in named:
        if not name:
            raise UsageError('expected the name of a log, got ""', "a shell variable that is not set may be the cause")
        for item in storage(name, endpoint).find(name):
            take(item)
    return without_copies(found, note), errors


def default_log(environment: Mapping[str, str] = os.environ) -> Path:
    """Where captured callbacks go, and are looked for, when nothing is named."""
    from pathlib import Path  # start-up, here and below

    data = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "ses-events" / "callbacks.jsonl"


def _unnamed(environment: Mapping[str, str], left_out: LeftOut) -> list[str]:
    if _is_piped():
        return [STDIN]
    named = [name for name in re.split(_BETWEEN, environment.get(ENVIRONMENT, "")) if name]
    if named:
        from ses_cli.sources.directories import matches

        return [path for name in named for path in ([name] if is_address(name) else matches(name, left_out))]
    log = default_log(environment)
    if log.exists():
        return [str(log)]
    raise UsageError(
        "no log to read: name a file, pipe a log in, or set one up",
        f"ses-events COMMAND FILE...; ... | ses-events COMMAND; {ENVIRONMENT}=FILE; or {log}",
    )


def _is_piped() -> bool:
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # closed
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)
