"""What must hold of files and runs. It knows the file formats and the promises, and nothing of the program.

Each question returns what is wrong, in words; nothing where all is well.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import zstandard

from tests.faults.running import Ended, Seen

_ERROR = re.compile(r"^(?:\S*: )?error: ", re.MULTILINE)
LEFT = "temporary file left"
_TEMPORARY = re.compile(r"^\..*(\.part|\.[0-9a-f]{12}(\.wal)?)$")


def ended_well(ended: Ended, statuses: Iterable[int] = (0, 1, 3), is_killed: bool = False) -> list[str]:
    """No hang, no traceback, no internal error, a status that is documented, and a message where it says trouble."""
    wrong: list[str] = []
    if ended.hung:
        return [f"hangs; it said {ended.said[-300:]!r}"]
    if "Traceback" in ended.said or "Exception ignored" in ended.said or "internal error" in ended.said:
        wrong.append(f"traceback or internal error: {ended.said[-1500:]!r}")
    if is_killed and ended.status in (-9, 137):
        return wrong
    if ended.status not in statuses:
        wrong.append(f"status {ended.status}: {ended.said[-300:]!r}")
    if ended.status == 3:
        errors = len(_ERROR.findall(ended.said))
        if errors < 1:
            wrong.append(f"status 3 without a message: {ended.said[-300:]!r}")
    return wrong


def no_temporary_files(home: Path) -> list[str]:
    """A run that ended itself leaves none."""
    left = [path for path in home.rglob(".*") if _TEMPORARY.match(path.name)]
    left += list((home / "tmp").glob("*"))
    return [f"{LEFT}: {path.relative_to(home)}" for path in left]


def content(path: Path) -> bytes:
    """A file, decompressed. ValueError where a compressed one is not whole."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        try:
            return gzip.decompress(data)
        except (OSError, EOFError) as error:
            raise ValueError(f"{path.name} is no whole gzip file: {error}") from None
    if path.suffix == ".zst":
        try:
            reader = zstandard.ZstdDecompressor().decompressobj()
            text = reader.decompress(data)
        except zstandard.ZstdError as error:
            raise ValueError(f"{path.name} is no whole zstd file: {error}") from None
        if not reader.eof:
            raise ValueError(f"{path.name} ends in the middle")
        return text
    return data


def stored_once(
    home: Path, seen: Seen, before: Sequence[str], rejects: Mapping[str, int], is_crash: bool = False
) -> list[str]:
    """What was answered 200 is in the logs once and whole; what was refused is not there; no line is partial.

    `before`: callbacks that were in the logs already. `rejects`: markers of what is no callback, with their statuses.
    A log that lies there compressed and as it was is one log. After a crash the rejects may have a line that is not
    whole: nobody was told that it is there, and it is ended, not dropped.
    """
    try:
        logs = {path: content(path) for path in sorted(home.glob("log*.jsonl*")) if is_log(path)}
    except ValueError as error:
        return [str(error)]
    wrong: list[str] = []
    counts: Counter[str] = Counter()
    for path, text in logs.items():
        plain = path.with_suffix("") if path.suffix in (".zst", ".gz") else None
        if plain in logs:
            if logs[plain] != text:
                wrong.append(f"{path.name} is another log than {plain.name}")
            continue
        counts.update(_names(path, text, wrong))
    expected = {**dict.fromkeys(before, 200), **seen.answers}
    for name, status in expected.items():
        found = counts.pop(name, 0)
        if status == 200 and found != 1:
            wrong.append(f"{name} was answered 200 and is in the logs {found} times")
        elif status in (400, 503) and found:
            wrong.append(f"{name} was answered {status} and is in the logs {found} times")
        elif found > 1:
            wrong.append(f"{name} is in the logs {found} times")
    wrong += [f"nobody posted {name}" for name in counts]
    return wrong + _rejected(home, rejects, is_crash)


def is_log(path: Path) -> bool:
    """Whether a file of the directory holds callbacks."""
    return not path.name.endswith((".lock", ".shipped")) and ".rejects" not in path.name and ".replay" not in path.name


def _names(path: Path, text: bytes, wrong: list[str]) -> list[str]:
    names: list[str] = []
    if text and not text.endswith(b"\n"):
        wrong.append(f"{path.name} ends with a partial line: {text[-60:]!r}")
    for line in text.splitlines():
        try:
            names.append(json.loads(line)["bulkId"])
        except (ValueError, KeyError, TypeError):
            wrong.append(f"{path.name} has a line that is not whole: {line[:80]!r}")
    return names


def _rejected(home: Path, rejects: Mapping[str, int], is_crash: bool) -> list[str]:
    wrong: list[str] = []
    text = b"".join(path.read_bytes() for path in sorted(home.glob("log.rejects*.jsonl")))
    for line in text.splitlines() if not is_crash else ():
        try:
            json.loads(line)
        except ValueError:
            wrong.append(f"the rejects have a line that is not whole: {line[:80]!r}")
    for marker, status in rejects.items():
        found = text.count(marker.encode())
        if status == 200 and found != 1:
            wrong.append(f"{marker} was answered 200 and is in the rejects {found} times")
    return wrong


def delivered(seen: Seen, lanes: Sequence[Sequence[str]], most_twice: int, left_out: int = 0) -> list[str]:
    """Every callback arrived, but for `left_out` that were named; at most `most_twice` twice; in order in each lane."""
    wrong: list[str] = []
    counts = Counter(seen.arrivals)
    everything = [name for lane in lanes for name in lane]
    missing = [name for name in everything if not counts[name]]
    if len(missing) > left_out:
        wrong.append(f"never arrived: {missing}, and {left_out} were named")
    twice = [name for name in everything if counts[name] > 1]
    extra = sum(counts[name] - 1 for name in twice)
    if extra > most_twice:
        wrong.append(f"arrived again: {twice}, {extra} times, where {most_twice} may")
    for lane in lanes:
        order = [lane.index(name) for name in seen.arrivals if name in lane]
        if order != sorted(order):
            wrong.append(f"out of order: {[lane[at] for at in order]}")
    return wrong


def old_or_new(path: Path, old: bytes | None, new: Iterable[bytes]) -> list[str]:
    """An output is the one before the run or the one after it, whole."""
    now = path.read_bytes() if path.exists() else None
    if now == old or now in list(new):
        return []
    return [f"{path.name} is neither the old file nor the new one: {now[:80] if now is not None else 'missing'!r}"]


def whole_json(text: bytes) -> list[str]:
    """A document, and nothing else."""
    try:
        json.loads(text)
    except ValueError:
        return [f"no whole JSON document: {text[:80]!r}"]
    return [] if text.endswith(b"\n") else ["no line end at its end"]


def whole_lines(text: bytes, is_torn: bool = False) -> list[str]:
    """Lines of JSON. The last may be partial where the process was killed."""
    lines = text.split(b"\n")
    if lines[-1] and not is_torn:
        return [f"ends with a partial line: {lines[-1][:80]!r}"]
    return [one for line in lines[:-1] for one in whole_json(line + b"\n")]
