"""The memory of a replay: an intent before each request leaves, an outcome after it, on disk in time."""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Protocol

import orjson

from ses_cli.errors import TargetError
from ses_cli.replay.deliveries import Delivery
from ses_cli.replay.job import Attempt, Job
from ses_cli.replay.past import NOTHING, Kept, Known, Source
from ses_cli.replay.states import State

# The order of lines in the file is the order in which things became true: a batch is on disk whole
# before a request of its intents leaves, so whatever was appended before that intent (the outcome of
# the lane's former callback, say) is on disk too. Nothing but append and truncate of a torn tail.


class Log(Protocol):
    """What the loop asks of a journal. Numbers of batches rise; `durable` is the last one on disk."""

    @property
    def durable(self) -> int: ...

    def locate(self, delivery: Delivery, /) -> tuple[int, State]: ...
    def intent(self, job: Job, /) -> int: ...
    def outcome(self, job: Job, outcome: str, answer: Attempt | None = None, /) -> int: ...
    def commit(self) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


class NoJournal:
    """Remembers nothing: everything is new, and as durable as it will get."""

    durable = 0

    def locate(self, _delivery: Delivery, /) -> tuple[int, State]:
        """Every line is new."""
        return 0, State.NEVER

    def intent(self, _job: Job, /) -> int:
        """Not kept."""
        return 0

    def outcome(self, _job: Job, _outcome: str, _answer: Attempt | None = None, /) -> int:
        """Not kept."""
        return 0

    def commit(self) -> None:
        """Nothing to do."""

    def flush(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class Journal:
    """A journal file, locked, with what it says of the runs before. One thread uses it; its own writes.

    Names, numbers, hashes and times only: no body, no address, no secret. Readable by its owner
    alone all the same, for it says what was sent where and when.
    """

    def __init__(self, path: Path, fd: int, known: Known) -> None:
        self.known = known
        self._path = path
        self._fd = fd
        self._lines: list[str] = []
        self._time = _now()
        self._batch = 1  # the number of the batch that is being collected
        self._size = os.fstat(fd).st_size
        self._writer = ThreadPoolExecutor(1, "journal")
        self._writing: Future[None] | None = None  # the latest batch; once one has failed, that one for good
        self.durable = 0  # the number of the last batch on disk; the writer alone sets it

    def locate(self, delivery: Delivery) -> tuple[int, State]:
        """The number of its source, and what is known of its line. SourceError if that line was another."""
        return self.known.locate(delivery)

    def begin(self, source: Source, kept: Kept = NOTHING) -> None:
        """From now on `source.name` means a new log, but for what it kept: it took the place of another."""
        self._lines.append(orjson.dumps(self.known.begin(source, kept)).decode() + "\n")

    def resume(self, name: str, number: int) -> None:
        """From now on a name means a log of the runs before."""
        self.known.resume(name, number)

    def cut(self, name: str, lines: int) -> None:
        """Of the log that a name means, only so many lines are left: what follows them from now on is new."""
        number = self.known.numbers[name]
        self.begin(self.known.past.sources[number]._replace(name=name), Kept(number, lines))

    def intent(self, job: Job, /) -> int:
        """Say that an attempt is about to leave; the number of the batch to be durable before it may."""
        line = job.delivery
        job.place = f'"source":{job.source},"line":{line.line},"offset":{line.offset},"id":"{line.id}"'
        self._lines.append(f'{{"intent":{job.attempt},{job.place}{self._time}')
        return self._batch

    def outcome(self, job: Job, outcome: str, answer: Attempt | None = None, /) -> int:
        """Say how an attempt ended, in a word of OUTCOMES; the number of its batch."""
        status, error, seconds = (answer.status, answer.error, answer.seconds) if answer else (0, "", 0.0)
        cause = f'"error":"{error}",' if error else ""
        self._lines.append(
            f'{{"outcome":"{outcome}",{job.place},"attempt":{job.attempt},"status":{status},{cause}'
            f'"ms":{seconds * 1000:.1f}{self._time}'
        )
        return self._batch

    def commit(self) -> None:
        """Begin to write what was said so far, in one batch, unless one is still being written.

        TargetError if one before could not be written: then nothing after it ever is.
        """
        if self._writing is not None:
            if not self._writing.done():
                return
            self._writing.result()
        if self._lines:
            data = "".join(self._lines).encode()
            self._lines.clear()
            self._writing = self._writer.submit(self._write, data, self._batch)
            self._batch += 1
        self._time = _now()

    def flush(self) -> None:
        """Wait for the batch that is being written. TargetError if it cannot be."""
        if self._writing is not None:
            self._writing.result()

    def close(self) -> None:
        """Write all and unlock. TargetError if that fails; closed all the same."""
        try:
            self.flush()
            self.commit()
            self.flush()
        finally:
            self._writer.shutdown()
            os.close(self._fd)

    def _write(self, data: bytes, batch: int) -> None:
        """To the disk, with one sync, whole or not at all."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
            os.fdatasync(self._fd)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise TargetError(
                f"{self._path}: the journal cannot be written: {error.strerror}",
                "nothing more was sent; make room and run again: it resumes where the journal ends",
            ) from None
        self._size += len(data)
        self.durable = batch


def _now() -> str:
    """The end of a line, with the time to the turn of the loop: formatting it anew for each costs."""
    return f',"time":{time():.3f}}}\n'
