"""Which sources a command reads: those named, else piped input, else the environment's, else the capture log."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ses_cli.errors import SourceError, UsageError, reason
from ses_cli.sources.archives import HEAD, refuse_archive
from ses_cli.sources.copies import without_copies
from ses_cli.sources.decompress import MAGIC_BYTES, codec_of
from ses_cli.sources.directories import LeftOut, matches, walk
from ses_cli.sources.source import STDIN, Source, shown

ENVIRONMENT = "SES_EVENTS_LOG"
_LOGS = tuple(name + codec for name in (".jsonl", ".ndjson") for codec in ("", ".gz", ".zst", ".bz2", ".xz"))
_NOT_LOGS = (".rejects.", ".replay-")  # what this program itself leaves beside a log


Note = Callable[[str], object]


def find(names: Iterable[str], note: Note = lambda _: None) -> tuple[list[Source], list[SourceError]]:
    """The sources, each content once, and what could not be opened; `note` is told what is left out.

    Raises UsageError where there is nothing to read at all.
    """
    found = _Finder(note)
    for name in list(names) or _unnamed(os.environ, found.left_out):
        found.add(name)
    return without_copies(found.sources, note), found.errors


class _Finder:
    """Opens what is named, and collects what cannot be."""

    def __init__(self, note: Note) -> None:
        self.sources: list[Source] = []
        self.errors: list[SourceError] = []
        self._note = note

    def add(self, name: str) -> None:
        is_directory = name != STDIN and os.path.isdir(name)  # raises nothing, unlike Path.is_dir
        for path in self._logs(name) if is_directory else [name]:
            try:
                self.sources.append(_open(path))
            except OSError as error:
                self.left_out(path, error)
            except SourceError as error:
                self.errors.append(error)

    def _logs(self, directory: str) -> list[str]:
        known = len(self.errors)
        logs = [path for path in walk(directory, self.left_out) if is_log(Path(path).relative_to(directory))]
        pipes = [path for path in logs if os.path.exists(path) and not os.path.isfile(path)]
        for path in pipes:
            self.left_out(path, None)
        if not logs and len(self.errors) == known:
            hint = f"logs are named {', '.join(_LOGS[::5])}, compressed or not"
            self.errors.append(SourceError(f"{shown(directory)}: a directory without logs", hint))
        return [path for path in logs if path not in pipes]

    def left_out(self, path: str, error: OSError | None) -> None:
        """A path cannot be opened, or (None) is not read unless it is named."""
        if error is not None:
            self.errors.append(SourceError(f"{shown(path)}: {reason(error)}", _hint(path, error)))
        elif os.path.isdir(path):
            self._note(f"{shown(path)} is a link to a directory and was not followed: name it to read it")
        else:
            self._note(f"{shown(path)} is no regular file and was not read: name it to read it")


def default_log(environment: Mapping[str, str] = os.environ) -> Path:
    """Where captured callbacks go, and are looked for, when nothing is named."""
    data = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "ses-events" / "callbacks.jsonl"


def _unnamed(environment: Mapping[str, str], left_out: LeftOut) -> list[str]:
    if _is_piped():
        return [STDIN]
    named = [name for name in environment.get(ENVIRONMENT, "").split(os.pathsep) if name]
    if named:
        return [path for name in named for path in matches(name, left_out)]
    log = default_log(environment)
    if log.exists():
        return [str(log)]
    raise UsageError(
        "no log to read: name files, pipe a log in, or keep one where it is found",
        f"ses-events COMMAND FILE...; ... | ses-events COMMAND; {ENVIRONMENT}=FILE; or {log}",
    )


def _is_piped() -> bool:
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # closed
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def is_log(path: Path) -> bool:
    """Whether a file in a directory that is read, named from there, is one of its logs."""
    hidden = any(part.startswith(".") for part in path.parts)
    return path.name.endswith(_LOGS) and not hidden and not any(mark in path.name for mark in _NOT_LOGS)


def _open(path: str) -> Source:
    if path == STDIN:
        return Source(STDIN, STDIN, None, None, None)
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        return Source(shown(path), path, None, None, None)
    with open(path, "rb", buffering=0) as file:
        head = file.read(HEAD)
    refuse_archive(shown(path), head)
    codec = codec_of(head[:MAGIC_BYTES])
    return Source(shown(path), path, status.st_size, codec, (status.st_dev, status.st_ino))


def _hint(name: str, error: OSError) -> str | None:
    if not isinstance(error, FileNotFoundError):
        return None
    beside = sorted(shown(path.name) for path in Path(name).parent.glob("*") if is_log(Path(path.name)))[:3]
    return f"there is {', '.join(beside)}" if beside else None
