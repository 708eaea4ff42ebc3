"""The files that a log was rotated to, whoever rotated it, in the order in which they were written."""

import os
import re
import stat
from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import NamedTuple

Identity = tuple[int, int]  # device and inode
_TRIES = 20  # listings until two in a row agree: logrotate renames file after file
_COMPRESSED = r"(?P<codec>\.(?:gz|zst|bz2|xz))?"
_AGE = r"\.(?P<age>\d{1,5})"
_TIME = r"[-T_.]?\d\d(?:[-:]?\d\d){0,2}"
_DATE = rf"[-._](?P<date>\d{{4}}-?\d\d-?\d\d(?:{_TIME})?Z?|\d{{9,11}})"


class Generation(NamedTuple):
    """One of the files. A file keeps its identity when it is renamed, and loses it when it is compressed."""

    path: Path
    identity: Identity
    modified: int  # ns
    is_compressed: bool  # by its name
    age: int | None = None  # n of NAME.n, where it is named so: the higher, the older


def generations(log: Path) -> list[Generation]:
    """All of them, oldest first, and the log itself last, where it is there. Raises OSError.

    They are named as `listen` (`log-20260101T000000Z.jsonl`) or logrotate names them: by age (`log.jsonl.1`, `.2.gz`),
    by date (`log.jsonl-20260101`), or with the extension kept at the end (`log.1.jsonl`, `log-20260101.jsonl.gz`).
    Names of one kind sort among themselves; where a log has both kinds, the times of the last write decide.
    """
    found = _listed(log)
    for _ in range(_TRIES):
        again = _listed(log)
        if [one[:2] for one in again] == [one[:2] for one in found]:
            break
        found = again
    return found


def _listed(log: Path) -> list[Generation]:
    by_age: dict[int, Generation] = {}
    by_date: dict[str, Generation] = {}
    for name, match in sorted(_matches(log)):
        generation = _generation(log.with_name(name), match)
        if generation is None:
            continue
        # of a file that is just being compressed, the copy that is not whole sorts behind it
        if generation.age is not None:
            by_age.setdefault(generation.age, generation)
        else:
            by_date.setdefault(re.sub(r"\D", "", match["date"]), generation)
    aged = [by_age[age] for age in sorted(by_age, reverse=True)]
    dated = [by_date[date] for date in sorted(by_date)]
    found = list(merge(aged, dated, key=lambda one: one.modified))
    last = _generation(log, None)
    unique = {one.identity: one for one in [*found, last] if one}  # hard links
    return list(unique.values())


def _matches(log: Path) -> Iterator[tuple[str, "re.Match[str]"]]:
    stem, suffix, mark = re.escape(log.stem), re.escape(log.suffix), f"(?:{_AGE}|{_DATE})"
    pattern = re.compile(rf"{stem}(?P<suffix>{suffix})?{mark}(?(suffix)|{suffix}){_COMPRESSED}", re.ASCII)
    for name in os.listdir(log.parent):
        if match := pattern.fullmatch(name):
            yield name, match


def _generation(path: Path, match: "re.Match[str] | None") -> Generation | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if match and not stat.S_ISREG(status.st_mode):  # no log, whatever its name
        return None
    identity, modified = (status.st_dev, status.st_ino), status.st_mtime_ns
    if match is None:
        return Generation(path, identity, modified, is_compressed=False)
    age = None if match["age"] is None else int(match["age"])
    return Generation(path, identity, modified, match["codec"] is not None, age)
