"""The memory of a replay: an intent before each request leaves, an outcome after it, on disk in time."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Protocol

import orjson

from ses_cli.errors import SourceError, TargetError
from ses_cli.replay.exchange import Answer, Job
from ses_cli.replay.past import Past, Source
from ses_cli.replay.plan import Delivery
from ses_cli.replay.states import State
from ses_cli.replay.writer import Writer

# The order of lines in the file is the order in which things became true: a batch is on disk whole
# before a request of its intents leaves, so whatever was appended before that intent (the outcome of
# the lane's former callback, say) is on disk too. Nothing but append and truncate of a torn tail.


class Log(Protocol):
    """What the loop asks of a journal. Numbers of batches rise; `durable` is the last one on disk."""

    @property
    def durable(self) -> int: ...

    def fileno(self) -> int: ...
    def locate(self, delivery: Delivery, /) -> tuple[int, State]: ...
    def intent(self, job: Job, /) -> int: ...
    def outcome(self, job: Job, outcome: str, answer: Answer | None = None, /) -> int: ...
    def commit(self) -> None: ...
    def close(self) -> None: ...


class NoJournal:
    """Remembers nothing: everything is new, and as durable as it will get."""

    durable = 0

    def fileno(self) -> int:
        """No descriptor."""
        return -1

    def locate(self, _delivery: Delivery, /) -> tuple[int, State]:
        """Every line is new."""
        return 0, State.NEVER

    def intent(self, _job: Job, /) -> int:
        """Not kept."""
        return 0

    def outcome(self, _job: Job, _outcome: str, _answer: Answer | None = None, /) -> int:
        """Not kept."""
        return 0

    def commit(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class Journal:
    """A journal file, locked, with what it says of the runs before. One thread uses it.

    Names, numbers, hashes and times only: no body, no address, no secret. Readable by its owner
    alone all the same, for it says what was sent where and when.
    """

    def __init__(self, path: Path, fd: int, past: Past, numbers: dict[str, int]) -> None:
        self.past = past
        self._path = path
        self._fd = fd
        self._numbers = numbers  # of the sources by name
        self._lines: list[bytes] = []
        self._batch = 1  # the number of the batch that is being collected
        self._writer = Writer(fd, str(path))

    @property
    def durable(self) -> int:
        """The number of the last batch on disk."""
        return self._writer.durable

    def fileno(self) -> int:
        """Readable when a batch got to the disk."""
        return self._writer.fileno()

    def locate(self, delivery: Delivery) -> tuple[int, State]:
        """The number of its source, and what is known of its line. SourceError if that line was another."""
        number = self._numbers[delivery.source]
        known = self.past.ids[number].get(delivery.line)
        # the hash alone: the count behind it depends on what else was selected
        if known is not None and known[:32] != delivery.id[:32]:
            raise SourceError(
                f"{self._path}: of another log: line {delivery.line} of {delivery.source} is not what it was",
                "name a new --journal",
            )
        return number, self.past.states[number][delivery.line]

    def unknown(self) -> Iterator[tuple[str, int]]:
        """Source and line of all that was in flight when a run before ended."""
        for source, states in zip(self.past.sources, self.past.states, strict=True):
            for line in states.lines(State.UNKNOWN):
                yield source.name, line

    def add_source(self, source: Source) -> None:
        """From now on `source.name` means this log: one more, or one that took the place of a rotated one."""
        known = self.past.find(source)
        if known is not None:
            self._numbers[source.name] = known
            return
        number = self._numbers[source.name] = self.past.add(source)
        row = {"source": number, "name": source.name, "first": source.first}
        self._lines.append(orjson.dumps(row) + b"\n")

    def intent(self, job: Job, /) -> int:
        """Say that an attempt is about to leave; the number of the batch to be durable before it may."""
        delivery = job.delivery
        self._lines.append(
            b'{"intent":%d,"source":%d,"line":%d,"offset":%d,"id":"%s","time":%.3f}\n'
            % (job.attempt, job.source, delivery.line, delivery.offset, delivery.id.encode(), time())
        )
        return self._batch

    def outcome(self, job: Job, outcome: str, answer: Answer | None = None, /) -> int:
        """Say how an attempt ended, in a word of OUTCOMES; the number of its batch."""
        delivery = job.delivery
        status, error, seconds = answer[1:4] if answer else (0, "", 0.0)
        self._lines.append(
            b'{"outcome":"%s","source":%d,"line":%d,"offset":%d,"id":"%s","attempt":%d,"status":%d,%s"ms":%.1f,'
            b'"time":%.3f}\n'
            % (
                outcome.encode(),
                job.source,
                delivery.line,
                delivery.offset,
                delivery.id.encode(),
                job.attempt,
                status,
                b'"error":"%s",' % error.encode() if error else b"",
                seconds * 1000,
                time(),
            )
        )
        return self._batch

    def commit(self) -> None:
        """Give what was collected to the disk, once it is free: one fsync for all. TargetError if full."""
        self._writer.drain()
        self._writer.check()
        if self._lines and not self._writer.busy:
            self._give()

    def _give(self) -> None:
        self._writer.give(b"".join(self._lines))
        self._lines.clear()
        self._batch += 1

    def close(self) -> None:
        """Everything to the disk, and unlock. TargetError if that fails; closed all the same."""
        if self._lines:
            with suppress(TargetError):  # told below
                self._give()
        self._writer.close()
        os.close(self._fd)
        self._writer.check()
