"""The coverage-guided fuzzer: inputs that reach new lines of code are kept, and changed further.

    python -m tests.fuzz.guided line --seconds 3600      the definition, and both engines beside it
    python -m tests.fuzz.guided http --seconds 3600      the connection of `listen`, whole and cut in two

What is kept stands in `corpus/` as hexadecimal lines. It is the start of the next run, and the suite tries it all. An
input that shows a defect is printed, and the status is 1 then.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random, randrange
from types import FrameType
from typing import Any

from tests.fuzz import edge, parsing

CORPUS = Path(__file__).with_name("corpus")
TARGETS = {"line": parsing, "http": edge}
_LONGEST = 4096  # bytes
Place = tuple[int, int, int]  # code, line before, line


class Coverage:
    """Which steps from line to line of some files are taken."""

    def __init__(self, files: tuple[str, ...]) -> None:
        self.places: set[Place] = set()
        self._files = files
        self._found: set[Place] = set()
        self._last = 0

    def new(self, act: Callable[[], object]) -> bool:
        """Whether something takes a step that none took before."""
        self._found, self._last = set(), 0
        sys.settrace(self._call)
        try:
            act()
        finally:
            sys.settrace(None)
        is_new = not self._found <= self.places
        self.places |= self._found
        return is_new

    def _call(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        return self._line if frame.f_code.co_filename.endswith(self._files) else None

    def _line(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            self._found.add((id(frame.f_code), self._last, frame.f_lineno))
            self._last = frame.f_lineno
        return self._line


def load(name: str) -> list[bytes]:
    """What is kept of a target's runs."""
    path = CORPUS / f"{name}.txt"
    return [bytes.fromhex(line) for line in path.read_text().split()] if path.exists() else []


def change(random: Random, data: bytes, other: bytes, words: tuple[bytes, ...]) -> bytes:
    """Another input that resembles one or two."""
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randint(0, len(data))
        end = min(len(data), at + random.choice((1, 1, 2, 8, 64)))
        data = random.choice(_CHANGES)(random, data, at, end, other, words)
    return data[:_LONGEST]


_CHANGES: tuple[Callable[[Random, bytes, int, int, bytes, tuple[bytes, ...]], bytes], ...] = (
    lambda random, data, at, end, _o, _w: data[:at] + random.randbytes(end - at) + data[end:],
    lambda _r, data, at, end, _o, _w: data[:at] + data[end:],
    lambda _r, data, at, end, _o, _w: data[:end] + data[at:],
    lambda random, data, at, _e, other, _w: data[:at] + other[random.randint(0, len(other)) :],
    lambda random, data, at, _e, _o, words: data[:at] + random.choice(words) + data[at:],
    lambda random, data, at, end, _o, words: data[:at] + random.choice(words) + data[end:],
    lambda random, data, at, _e, _o, _w: data[:at] + bytes([random.choice(b'"\\{}[]:,0-9 \t\r\n\0\xff')]) + data[at:],
)


def inputs(random: Random, kept: list[bytes], words: tuple[bytes, ...]) -> Iterator[bytes]:
    """One after another, the later kept ones more often."""
    while True:
        first = kept[max(random.randrange(len(kept)), random.randrange(len(kept)))]
        yield change(random, first, random.choice(kept), words)


def main() -> int:
    """Fuzzes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=randrange(1 << 32))
    options = parser.parse_args()
    target = TARGETS[options.target]
    random, coverage = Random(options.seed), Coverage(target.FILES)
    first = [*load(options.target), *target.beginnings()]
    kept = [data for data in first if coverage.new(partial(target.traced, data))]
    began, count, found = time.monotonic(), 0, 0
    for data in inputs(random, kept, target.WORDS):
        count += 1
        if coverage.new(partial(target.traced, data)):
            kept.append(data)
        if said := target.defect(data):
            found += 1
            print(f"{said}: {data!r}", flush=True)
        if time.monotonic() - began > options.seconds or found > 5:
            break
    CORPUS.mkdir(exist_ok=True)
    (CORPUS / f"{options.target}.txt").write_text("".join(f"{data.hex()}\n" for data in kept))
    print(f"{count:,} inputs, {len(kept):,} kept, {len(coverage.places):,} steps, {found} defects, seed {options.seed}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
