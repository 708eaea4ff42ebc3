"""System calls of a run, recorded and made to fail by strace."""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

FILE_CALLS = (
    *("openat", "read", "pread64", "write", "pwrite64", "fsync", "fdatasync", "rename", "link", "unlink", "ftruncate"),
    *("mkdir", "rmdir", "close", "flock"),
)
NET_CALLS = ("sendto", "recvfrom", "connect", "accept4")
CALLS = (*FILE_CALLS, *NET_CALLS)
_BEGINNINGS = ("clone", "clone3", "fork", "vfork")  # of a thread or a process

_WHOLE = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+|\?)(.*)", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)", re.DOTALL)
_FD = re.compile(r"(\d+)<((?:\\x[0-9a-f]{2})+|[A-Zv0-9]+:\[[^\]]*\]|[^>]*)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_EVENT = "".join(f"\\x{byte:02x}" for byte in b"anon_inode")
_TRACE_DATA = 1 << 20  # bytes of an argument


KILL = "signal=KILL"


@dataclass(frozen=True, slots=True)
class Fault:
    """The n-th call of a name in a thread, of those that name a path where one is given, and what becomes of it."""

    call: str
    path: str | None
    n: int
    action: str  # error=EIO, signal=KILL

    def __str__(self) -> str:
        return f"{self.call}#{self.n}{f' {self.path}' if self.path else ''} {self.action}"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a record."""

    thread: int
    name: str
    fd: int | None
    paths: tuple[str, ...]  # of the descriptor, or those that it names; a socket's as `TCP:[...]`
    data: bytes | None  # what was read or written
    flags: str  # the arguments as they were printed
    result: int
    extra: str  # what stands behind the result
    begun: int  # the number of its line in the record, from 0
    ended: int
    at: float  # when, in seconds since 1970
    process: int

    @property
    def is_socket(self) -> bool:
        """Whether it is about a TCP connection."""
        return bool(self.paths) and self.paths[0].startswith("TCP")


@cache
def unavailable() -> str | None:
    """Why nothing can be traced here."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    tried = subprocess.run([strace, "-f", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"strace cannot trace: {tried.stderr.strip()}"


def command(record: Path, fault: Fault | None, program: Sequence[str]) -> list[str]:
    """The command that runs a program traced: all its calls with their data, or only those that the fault is about."""
    strace = ["strace", "-f", "-yy", "-xx", "-e", "signal=none", "-o", str(record)]
    if fault is None or fault.action != KILL:  # with a filter in the kernel no signal is sent
        strace.append("--seccomp-bpf")
    if fault is None:
        traced = ",".join((*CALLS, *_BEGINNINGS))
        return [*strace, "-ttt", "-s", str(_TRACE_DATA), "-e", f"trace={traced}", *program]
    where = ["-P", fault.path] if fault.path else []
    inject = f"inject={fault.call}:{fault.action}:when={fault.n}"
    return [*strace, "-s", "0", "-e", f"trace={fault.call}", *where, "-e", inject, *program]


def parse(record: Path) -> list[Call]:
    """The calls of a record, in the order in which they ended."""
    calls: list[Call] = []
    begun: dict[int, tuple[int, str]] = {}
    processes: dict[int, int] = {}  # by thread
    for number, line in enumerate(record.read_text(errors="replace").splitlines()):
        head, at, text = line.split(maxsplit=2)
        thread, text, first = int(head), text.strip(), number
        if text.endswith("<unfinished ...>"):
            begun[thread] = number, text.removesuffix("<unfinished ...>").rstrip()
            continue
        if found := _RESUMED.match(text):
            first, start = begun.pop(thread, (number, ""))
            text = start + found[1]
        if (found := _WHOLE.fullmatch(text)) and found[3] != "?":
            process = processes.setdefault(thread, thread)
            if found[1] in _BEGINNINGS:
                processes[int(found[3])] = process if "CLONE_THREAD" in found[2] else int(found[3])
            else:
                calls.append(_call((thread, process), found, (first, number), float(at)))
    return calls


def injected(record: Path) -> bool | None:
    """Whether the fault of a run came about; None where it met something else, as a number in another order may.

    A pipe between two threads never fails.
    """
    text = record.read_text(errors="replace")
    hit = [line for line in text.splitlines() if "(INJECTED)" in line or line.endswith("= ?")]
    if any("UNIX" in line or _EVENT in line for line in hit):
        return None
    return bool(hit) or "killed by SIGKILL" in text


def _call(by: tuple[int, int], found: re.Match[str], lines: tuple[int, int], at: float) -> Call:
    name, arguments, result, extra = found.groups()
    texts = [_unhex(text) for text in _TEXT.findall(arguments)]
    fd: int | None = None
    data: bytes | None = None
    paths: tuple[str, ...] = ()
    if name == "openat":
        opened = _FD.search(extra)
        paths = (_decoded(opened[2]) if opened else texts[0].decode(errors="replace"),)
        fd = int(result)
    elif name in ("rename", "link", "unlink", "mkdir", "rmdir"):
        paths = tuple(text.decode(errors="replace") for text in texts)
    elif named := _FD.match(arguments):
        fd, paths = int(named[1]), (_decoded(named[2]),)
        data = texts[0] if texts else None
    return Call(by[0], name, fd, paths, data, arguments, int(result), extra, *lines, at, by[1])


def _decoded(path: str) -> str:
    return _unhex(path).decode(errors="replace") if path.startswith("\\x") else path


def _unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


class Point(NamedTuple):
    """A call that can be made to fail alone."""

    call: str
    path: str | None  # None: it is told by its number among all calls of its name
    n: int
    is_socket: bool


def points(calls: Iterable[Call], home: str) -> tuple[set[Point], int]:
    """What can be made to fail of a record, and how many calls cannot, since no number tells them apart.

    Only what is about the files below `home` and about connections. strace counts for each thread by itself: a call
    without a path is told by its number only where no other thread gets so far.
    """
    of_name: Counter[tuple[str, int]] = Counter()
    of_path: Counter[tuple[int, str, str]] = Counter()
    found: set[Point] = set()
    unnamed: list[tuple[Call, int]] = []
    for call in sorted(calls, key=lambda call: call.begun):
        of_name[call.name, call.thread] += 1
        path = call.paths[0] if call.paths else ""
        is_below = path == home or path.startswith(f"{home}/")
        if call.is_socket or (is_below and is_random(path)):
            unnamed.append((call, of_name[call.name, call.thread]))
        elif is_below:
            of_path[call.thread, call.name, path] += 1
            found.add(Point(call.name, path, of_path[call.thread, call.name, path], False))
    ambiguous = 0
    for call, n in unnamed:
        if any(count >= n for (name, thread), count in of_name.items() if name == call.name and thread != call.thread):
            ambiguous += 1
        else:
            found.add(Point(call.name, None, n, call.is_socket))
    return found, ambiguous


def is_random(path: str) -> bool:
    """Whether a name is another one in each run."""
    return re.search(r"[./-][0-9a-f]{12,16}(\.wal|/|$)", path) is not None
