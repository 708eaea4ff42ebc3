"""Which sources a command reads: those named, else piped input, else the environment's, else the capture log."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from glob import glob
from pathlib import Path
from typing import NamedTuple

from ses_cli.errors import SourceError, UsageError
from ses_cli.sources.decompress import MAGIC_BYTES, codec_of

STDIN = "-"
ENVIRONMENT = "SES_EVENTS_LOG"
_LOGS = tuple(name + packed for name in (".jsonl", ".ndjson") for packed in ("", ".gz", ".zst", ".bz2", ".xz"))
_NOT_LOGS = (".rejects.", ".replay-")  # what this program itself leaves beside a log


class Source(NamedTuple):
    """One log. What is no regular file (standard input, a pipe) has no size and is read once, in one go."""

    name: str  # as named by the user, fit to be shown
    path: str
    size: int | None  # bytes at the start of the run
    codec: str | None  # gzip, zstd, bzip2, xz; None when plain, or not yet known
    identity: tuple[int, int] | None  # device and inode, to notice a file that was replaced


def find(names: Iterable[str]) -> tuple[list[Source], list[SourceError]]:
    """The sources, and what could not be opened. Raises UsageError where there is nothing to read at all."""
    sources: list[Source] = []
    errors: list[SourceError] = []
    for name in list(names) or _unnamed(os.environ):
        try:
            paths = list(_expand(name))
        except SourceError as error:
            errors.append(error)
            continue
        for path in paths:
            try:
                sources.append(_open(path))
            except OSError as error:
                errors.append(SourceError(f"{shown(path)}: {reason(error)}", _hint(path, error)))
    return sources, errors


def shown(path: str) -> str:
    """A path as one line of text: bytes in it that are no UTF-8 become question marks in a diamond."""
    return os.fsencode(path).decode(errors="replace").replace("\n", "␊")


def reason(error: OSError) -> str:
    """The system's reason in lower case, without numbers and names."""
    return (error.strerror or type(error).__name__).lower()


def default_log(environment: Mapping[str, str] = os.environ) -> Path:
    """Where captured callbacks go, and are looked for, when nothing is named."""
    data = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "ses-events" / "callbacks.jsonl"


def _unnamed(environment: Mapping[str, str]) -> list[str]:
    if _is_piped():
        return [STDIN]
    named = [name for name in environment.get(ENVIRONMENT, "").split(os.pathsep) if name]
    if named:
        return [path for name in named for path in (sorted(glob(name, recursive=True)) or [name])]
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


def _expand(name: str) -> Iterator[str]:
    if name == STDIN or not Path(name).is_dir():
        yield name
        return
    logs = sorted(str(path) for path in Path(name).rglob("*") if is_log(path.relative_to(name)) and path.is_file())
    if not logs:
        raise SourceError(
            f"{shown(name)}: a directory without logs", f"logs are named {', '.join(_LOGS[::5])}, packed or not"
        )
    yield from logs


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
        codec = codec_of(file.read(MAGIC_BYTES))
    return Source(shown(path), path, status.st_size, codec, (status.st_dev, status.st_ino))


def _hint(name: str, error: OSError) -> str | None:
    if not isinstance(error, FileNotFoundError):
        return None
    beside = sorted(shown(path.name) for path in Path(name).parent.glob("*") if is_log(Path(path.name)))[:3]
    return f"there is {', '.join(beside)}" if beside else None
