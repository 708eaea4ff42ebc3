"""No output is ever an input: files to be written are compared with files to be read before anything is opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

from ses_cli.errors import UsageError
from ses_cli.render.output import STDOUT
from ses_cli.sources.names import is_log
from ses_cli.sources.source import STDIN, is_address, shown


class OutputFile(NamedTuple):
    """A file to be written, and the option that names it. None and "-" are standard output."""

    option: str
    path: str | None


def refuse_collisions(inputs: Iterable[str], outputs: Iterable[OutputFile]) -> None:
    """UsageError where an output is an input or another output, whatever the names: links and directories count.

    `inputs` are paths of files and directories, "-" is standard input. Call it before anything is opened for writing.
    """
    inputs, outputs = list(inputs), list(outputs)
    for target in outputs:
        if target.path and is_address(target.path):
            raise UsageError(f"{_named(target)}: only files are written", "write a file, and copy it there")
    read = {key: path for path in inputs for file in _files(path) for key in _keys(file, 0)}
    directories = [path for path in inputs if os.path.isdir(path)]
    written: dict[Hashable, OutputFile] = {}
    for target in outputs:
        path = STDOUT if target.path is None else target.path
        for key in _keys(path, 1):
            if key in read:
                raise UsageError(f"{_named(target)}: {_same(path, read[key])}", "choose another output file")
        for key in [*_keys(path, 1), *([STDOUT] if path == STDOUT else [])]:
            if key in written:
                raise UsageError(f"{_named(target)}: {_taken(written[key])}", "choose another output file")
            written[key] = target
        for directory in directories:
            if _is_member(path, directory):
                raise UsageError(
                    f"{_named(target)}: the next run would read this file as a log in {shown(directory)}",
                    "write it to another directory, or give it a name that does not end in .jsonl or .ndjson",
                )


def _files(path: str) -> Iterator[str]:
    """A path itself, or the files in a directory, whether they look like logs or not."""
    if path == STDIN or not os.path.isdir(path):
        yield path
        return
    from pathlib import Path  # start-up, here and below

    for parent, _, names in os.walk(path, followlinks=False):
        yield from (os.path.join(parent, name) for name in names if is_log(Path(parent, name).relative_to(path)))


def _keys(path: str, descriptor: int) -> list[Hashable]:
    """What is the same for all names of a file. Devices and pipes hold nothing that could be lost."""
    try:
        status = os.fstat(descriptor) if path == STDIN else os.stat(path)
    except OSError:
        return [] if path == STDIN else [os.path.realpath(path)]
    return [(status.st_dev, status.st_ino)] if stat.S_ISREG(status.st_mode) else []


def _is_member(path: str, directory: str) -> bool:
    if path == STDOUT or (os.path.exists(path) and not os.path.isfile(path)):
        return False
    from pathlib import Path

    file, parent = Path(os.path.realpath(path)), Path(os.path.realpath(directory))
    return file.is_relative_to(parent) and is_log(file.relative_to(parent))


def _named(target: OutputFile) -> str:
    if target.path in (None, STDOUT):
        return f"{target.option} -" if target.option != "-o" else "standard output"
    return f"{target.option} {shown(str(target.path))}"


def _same(path: str, read: str) -> str:
    if read == STDIN:
        return "this file is standard input"
    return "this file is an input" if path == read else f"the same file as {shown(read)}, which is an input"


def _taken(other: OutputFile) -> str:
    return (
        f"the same output as {_named(other)}" if other.path not in (None, STDOUT) else "standard output has the report"
    )
