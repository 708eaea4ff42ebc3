"""The files below a directory, and those a pattern with `**` names, whatever links and pipes lie about there.

A link to a directory is not followed: it may lead back to where it stands.
"""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from glob import glob, has_magic
from pathlib import PurePath

LeftOut = Callable[[str, OSError | None], object]
"""Told of a path that is left out: unreadable, or (None) a link to a directory, a pipe or a device."""


def walk(directory: str, left_out: LeftOut) -> Iterator[str]:
    """The paths of all regular files below a directory, sorted, hidden ones left out."""
    try:
        with os.scandir(directory) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        left_out(directory, error)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from walk(entry.path, left_out)
        elif os.path.isdir(entry.path):  # is_dir() raises where a link leads to itself
            left_out(entry.path, None)
        else:
            yield entry.path


def matches(pattern: str, left_out: LeftOut) -> list[str]:
    """The paths that a shell pattern names; with `**`, which stands for any directories, the files among them.

    What matches nothing is handed back as it is. Pipes and devices are left out: to open one may wait for ever.
    """
    parts = PurePath(pattern).parts
    if not has_magic(pattern):
        return [pattern]
    if "**" not in parts:
        found = [path for path in sorted(glob(pattern)) if _is_readable(path, left_out)]
    else:
        at = parts.index("**")
        bases = sorted(glob(os.path.join(*parts[:at]))) if at else ["."]
        found = [path for base in bases for path in _below(base, parts[at:], left_out)]
    return found or [pattern]


def _below(base: str, parts: Sequence[str], left_out: LeftOut) -> Iterator[str]:
    for path in walk(base, left_out):
        names = PurePath(path).relative_to(base).parts
        if is_named(names, parts) and _is_readable(path, left_out):
            yield path


def is_named(names: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether the parts of a pattern match the names of a path one by one, `**` any number of them."""
    if not parts:
        return not names
    if parts[0] == "**":
        return any(is_named(names[at:], parts[1:]) for at in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], parts[0]) and is_named(names[1:], parts[1:])


def _is_readable(path: str, left_out: LeftOut) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return True  # opened, it is told of
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return True
    left_out(path, None)
    return False
