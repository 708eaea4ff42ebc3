"""Which of the files of a log comes after the one that is open."""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from ses_cli.follow.generations import Generation, generations
from ses_cli.follow.logfile import LogFile
from ses_cli.sources.decompress import Damaged


def place_behind(file: LogFile, found: Sequence[Generation], log: Path) -> tuple[int, str]:
    """Where in the list what is later than an open file begins, and why something may be missing before it, or ""."""
    live = len(found) - 1 if found and found[-1].path == log else len(found)
    at = _find(file, found)
    if at is not None:
        return at + 1, _gap(found[at], found[at + 1 :], log)
    if _is_named(file):  # the log is a symbolic link, which names another file now
        return live, ""
    modified = file.modified
    begin = next((at for at, one in enumerate(found) if one.modified > modified), live)
    return begin, "the file that was read before is not beside it any more" if begin < len(found) else ""


def _find(file: LogFile, found: Sequence[Generation]) -> int | None:
    for at, generation in enumerate(found):
        if generation.identity == file.identity:
            return at
    # compressing keeps the time of the last write, to the second at least; it decides between equals (empty ones)
    modified = file.modified
    apart = {at: abs(one.modified - modified) for at, one in enumerate(found) if one.is_compressed}
    return next((at for at in sorted(apart, key=lambda at: (apart[at], at)) if _is_copy(found[at], file)), None)


def _is_copy(generation: Generation, file: LogFile) -> bool:
    """Whether a compressed file is what became of an open one."""
    with suppress(FileNotFoundError, Damaged), LogFile.open(generation.path) as compressed:
        return compressed.codec is not None and compressed.is_copy_of(file)
    return False


def _is_named(file: LogFile) -> bool:
    try:
        status = file.real_path.stat()
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == file.identity


def _gap(file: Generation, later: Sequence[Generation], log: Path) -> str:
    """What the numbers of files that are named by age leave out between one and the next."""
    if file.age is None or not later:
        return ""
    following = later[0]
    next_age = file.age - 1 if following.age is None else following.age
    is_next = file.age <= 1 if following.path == log else file.age - next_age == 1
    return "" if is_next else f"no file stands between {file.path.name} and {following.path.name}"


def open_generations(log: Path) -> list[LogFile]:
    """All files of a log as they are at one moment, oldest first, opened: nobody can exchange them any more.

    Raises OSError; where one cannot be opened the others are closed.
    """
    real = log.resolve()
    while True:
        with ExitStack() as stack, suppress(FileNotFoundError):
            found = generations(real)
            paths = [log if one.path == real else one.path for one in found]
            files = [stack.enter_context(LogFile.open(path)) for path in paths]
            if [file.identity for file in files] == [one.identity for one in found]:
                stack.pop_all()
                return files
