"""What has to hold of a log in every world, told from the trace and the files. It shares no code with the program."""

import gzip
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from .judge import Broken
from .storing import Storing

_LINE = re.compile(rb'\{"n":(\d+)\}')
_ROTATED = re.compile(r"log-\d{8}T\d{6}Z\.jsonl")


def judge_storing(plan: Storing, trace: Sequence[tuple[Any, ...]]) -> None:
    """Raises Broken at the first thing that does not hold."""
    promised: dict[int, str] = {}  # line -> where
    refused: set[int] = set()
    open_lines: set[int] = set()
    is_clean = True  # whether the run ended by itself
    is_undone = True  # whether what was refused can have been taken back
    for event in trace:
        kind, facts = event[1], event[2:]
        if kind == "stores":
            open_lines = {*facts[0], *facts[1]}
        elif kind == "stored":
            promised |= dict.fromkeys(facts[0], "log") | dict.fromkeys(facts[1], "rejects")
            open_lines = set()
        elif kind == "failed":
            refused |= open_lines
            open_lines = set()
        elif kind == "hung":
            raise Broken(f"at {event}: it hangs")
        elif kind == "begins":
            is_clean, is_undone = False, True
        elif kind == "fails":
            is_undone &= facts[0] != "ftruncate"
        elif kind == "ends":
            is_clean = True
        elif kind == "holds":
            _hold_files(plan, facts[0], promised, refused if is_undone else set(), is_clean)
            refused = refused if is_clean and is_undone else set()  # what could not be taken back may stand there
            open_lines = set()


def _hold_files(
    plan: Storing, contents: dict[str, bytes], promised: dict[int, str], refused: set[int], is_clean: bool
) -> None:
    logs, rejects = Counter[int](), Counter[int]()
    for name, data in contents.items():
        if name.endswith(".part"):
            if is_clean and not plan.fails:
                raise Broken(f"{name} is left")
            continue
        if f"{name}.gz" in contents and _ROTATED.fullmatch(name):
            continue  # compressed, and not yet deleted
        where = rejects if "rejects" in name else logs
        # of a file that others renamed, or that could not be given its name, nobody repairs the end
        whole = _unpacked(name, data, contents) if name.endswith(".gz") else data
        may_be_cut = not is_clean or plan.fails > 0 or plan.renames
        where.update(_lines(name, whole, may_be_cut))
    for line, there in promised.items():
        count = logs[line] if there == "log" else rejects[line]
        if there == "log" and count != 1:
            raise Broken(f"line {line} was stored, and is in the log {count} times")
        if there == "rejects" and count != 1 and not (count == 0 and plan.max_rejects < 1000):
            raise Broken(f"line {line} was stored, and is in the rejects {count} times")
    doubled = [line for line, count in (logs + rejects).items() if count > 1]
    if doubled:
        raise Broken(f"lines {doubled} are there more than once")
    found = refused & {*logs, *rejects}
    if found and is_clean:
        raise Broken(f"lines {found} were refused, and are there")


def _unpacked(name: str, data: bytes, contents: dict[str, bytes]) -> bytes:
    try:
        unpacked = gzip.decompress(data)
    except (OSError, EOFError) as error:
        raise Broken(f"{name}: {error}") from None
    before = contents.get(name.removesuffix(".gz"))
    if before is not None and before != unpacked:
        raise Broken(f"{name} is not what it was")
    return unpacked


def _lines(name: str, data: bytes, may_be_cut: bool) -> list[int]:
    found = []
    *lines, tail = data.split(b"\n")
    if tail and not may_be_cut:
        raise Broken(f"{name} ends with half a line: {tail!r}")
    for line in lines:
        match = _LINE.fullmatch(line)
        if match:
            found.append(int(match[1]))
        elif not line.startswith(b"partial:") and "rejects" not in name:
            raise Broken(f"{name} holds what is no line: {line!r}")
    return found
