"""Which engine checks the lines."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import compress, count
from typing import TYPE_CHECKING, NamedTuple

from ses_cli.errors import UsageError

if TYPE_CHECKING:
    from ses_cli.batch import Batch, Checks, Engine, Key, Kinds, Piece, Value
    from ses_cli.batch.collected import BounceColumns, Collected, CollectedBounces
    from ses_cli.message.counting import MessageCounter
    from ses_cli.message.ends import Ends
    from ses_cli.sources import Span

ENVIRONMENT = "SES_EVENTS_ENGINE"
_NAMES = ("native", "python")


def engine(checks: Checks) -> Engine:
    """An engine for these checks. Each thread and each process makes its own. Raises UsageError."""
    if engine_name() == "python":
        from ses_cli.schema import PythonEngine  # start-up

        return PythonEngine(checks)
    from ses_cli.native.engine import NativeEngine  # start-up, and not there everywhere

    return NativeEngine(checks)


def engine_name(environment: Mapping[str, str] = os.environ) -> str:
    """The engine that is used: what the environment asks for, else the native one where it was built."""
    wanted = environment.get(ENVIRONMENT)
    if wanted and wanted not in _NAMES:
        raise UsageError(f'{ENVIRONMENT}: expected {" or ".join(_NAMES)}, got "{wanted}"')
    if wanted == "native" and not is_built():
        raise UsageError(
            f"{ENVIRONMENT}=native: the native engine was not built",
            "install Rust (https://rustup.rs) and install ses-events again, or use a wheel",
        )
    return wanted or ("native" if is_built() else "python")


def describe_engine() -> str:
    """The engine that is used, in words, and why it is not the native one where that was not built."""
    name = engine_name()
    reason = "" if is_built() else _why_unbuilt()
    return f"{name} engine" + (f"; the native one was not built: {reason}" if reason else "")


def _why_unbuilt() -> str:
    """What the build said, "" where it did not say anything."""
    try:
        with open(os.path.join(os.path.dirname(__file__), "native", "unbuilt.txt"), encoding="utf-8") as said:
            return said.read().strip()
    except FileNotFoundError:
        return ""


@cache
def is_built() -> bool:
    """Whether the native engine is there."""
    return find_spec("ses_cli.native._engine") is not None


def marks(recipients: Sequence[str], is_local: bool) -> bytes:
    """What stands for each recipient, 8 bytes: `identity.marks`, or where it is local what is quicker to make.

    Local marks are under a key that this process draws: they mean nothing to another one.
    """
    if not is_local or engine_name() == "python":
        from ses_cli.identity import marks as marks_for_all  # start-up

        return marks_for_all(recipients)
    from ses_cli.native import _engine

    return _engine.local_marks(recipients)


def matching(marks: array[int], wanted: array[int]) -> Iterable[int]:
    """The places of the marks that are wanted."""
    if engine_name() == "python":
        return compress(count(), map(frozenset(wanted).__contains__, marks))
    from ses_cli.native import _engine

    return _engine.matching(marks.tobytes(), wanted.tobytes())


def collected_bounces(event: str, bounce_type: str | None, columns: BounceColumns) -> CollectedBounces | None:
    """What was collected elsewhere; None where this engine does not collect. Raises ValueError."""
    if engine_name() == "python":
        return None
    from ses_cli.native.batch import NativeBounces

    bounces = NativeBounces(event, bounce_type)
    bounces.add_columns(columns)
    return bounces


def collected_counts(
    keys: Sequence[Key], values: Sequence[Sequence[Value]], counts: Kinds[list[int]]
) -> Collected | None:
    """Groups by keys that were counted elsewhere: see `Collected`. None and ValueError as above."""
    if engine_name() == "python":
        return None
    from ses_cli.native.batch import NativeCounts

    collected = NativeCounts(keys)
    collected.add_columns(values, counts)
    return collected


def threads(jobs: int | None) -> int:
    """How many threads this engine's work is worth, where so many workers are wanted, or None for one a core."""
    return 1 if engine_name() == "python" else jobs or cores()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def message_counter(labels: Sequence[tuple[int, int]] = ()) -> MessageCounter:
    """An empty counter of messages; groups that have a label are counted by that."""
    if engine_name() == "python":
        from ses_cli.message.counting import PythonCounter

        return PythonCounter(labels)
    from ses_cli.native.messages import NativeCounter

    return NativeCounter(labels)


def message_ends() -> Ends:
    """An empty count of what became of messages."""
    if engine_name() == "python":
        from ses_cli.message.ends import PythonEnds

        return PythonEnds()
    from ses_cli.native.messages import NativeEnds

    return NativeEnds()


class Checked(NamedTuple):
    """A batch of a span."""

    batch: Batch
    size: int  # bytes of its lines
    bytes_read: int  # of the source as it lies on disk, 0 where that is not known


Feed = Callable[[Iterator["Piece"]], Iterable["Piece"]]


def checked(engine: Engine, span: Span, max_line: int, line: Callable[[], int], feed: Feed = iter) -> Iterator[Checked]:
    """The batches of a span; `line` tells the number of the next one's first line. Raises SourceError at the end.

    An engine that can reads a plain file itself, up to what takes a closer look. `feed` may read pieces ahead.
    """
    from ses_cli.sources import read  # start-up: `--version` needs none of it

    start = span.start
    if engine.is_threaded and span.end is not None and span.source.codec is None:
        from ses_cli.native.engine import NativeEngine

        if isinstance(engine, NativeEngine):
            for batch, end in engine.read(span.source, start, span.end, line):
                yield Checked(batch, end - start, end)
                start = end
    if start != span.start and start >= (span.end or 0):
        return
    for piece in feed(read(span._replace(start=start), max_line, engine.piece_size, numbered=False)):
        yield Checked(engine.check(piece._replace(line=line())), len(piece.data), piece.bytes_read)
