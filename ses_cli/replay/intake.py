"""What is still to be sent: callbacks of the log that the journal does not say are done, with their due times."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ses_cli.batch import Piece
from ses_cli.batch.records import Lane
from ses_cli.errors import SesEventsError
from ses_cli.pipeline import Reader, raw_rows
from ses_cli.replay.job import Job
from ses_cli.replay.journal import Journal, State
from ses_cli.replay.result.report import ReplayReport
from ses_cli.replay.schedule.pace import Pace, schedule

_SLICE = 1024  # callbacks that may be left out in a row before the engine has its turn


class Log(NamedTuple):
    """What is sent: pieces of one log or many, and how they are read. A None is "nothing just now"."""

    pieces: Iterable[Piece | None]
    reader: Reader
    numbers: Mapping[str, int]  # of the logs in the journal, by the name of the source, as of the piece that came last
    lane: Lane | None = Lane.MESSAGE  # None: every line as it is, without order


class Intake:
    """Jobs in log order, read one ahead; counts in the report what it leaves out.

    What keeps the log from being read on ends it, and stands in the report's errors.
    """

    def __init__(
        self, log: Log, journal: Journal, report: ReplayReport, pace: Pace, resend_unknown: bool = True
    ) -> None:
        self.over = False  # the log was read to its end
        self.is_skipping = False  # there is nothing just now because much was left out: ask again at once
        self._journal = journal
        self._report = report
        self._resend = resend_unknown
        self._jobs = self._scheduled(log, pace)
        self._next: Job | None = None
        self._ledger = log.reader.ledger
        self._rows = 0  # that were looked at

    @property
    def ahead(self) -> int:
        """Callbacks that were read and not taken yet."""
        return max(self._ledger.counted - self._rows, 0) + (self._next is not None)

    def peek(self) -> Job | None:
        """The next job. None if the log is over, or has nothing just now."""
        if self._next is None and not self.over:
            self.is_skipping = False
            try:
                self._next = next(self._jobs)
            except StopIteration:
                self.over = True
                return None
            except SesEventsError as error:
                self._report.errors.append(error)
                self.over = True
                return None
        return self._next

    def take(self, until: float, most: int, most_bytes: int) -> list[Job]:
        """The next jobs that are due `until` then. Of the bytes one job may have more."""
        taken: list[Job] = []
        while len(taken) < most and most_bytes > 0:
            job = self.peek()
            if job is None or job.due > until:
                break
            self._next = None
            taken.append(job)
            most_bytes -= job.size
        return taken

    def _scheduled(self, log: Log, pace: Pace) -> Iterator[Job | None]:
        """The jobs with their due times."""
        if pace.rate is None and pace.speed is None:
            return self._admit(log)
        return (_due(pair) for pair in schedule(self._admit(log), pace))

    def _admit(self, log: Log) -> Iterator[Job | None]:
        journal, never, left_out, number = self._journal, State.NEVER, 0, 0
        read: int | None = None  # the log that is read
        for piece in log.pieces:
            if piece is None:
                self._finish(read)
                read = None
                yield None
                continue
            source = log.numbers[piece.source]
            if source != read:
                self._finish(read)
                read = source
            journal.feed(source, piece)
            batch = log.reader.read(piece)
            rows = list(raw_rows(piece)) if log.lane is None else batch.rows(log.lane)
            needs_records = log.lane is not None and journal.needs_records(source)
            entries = journal.admit(source, rows, batch.callbacks() if needs_records else None)
            for row, entry in zip(rows, entries, strict=True):
                self._rows += 1
                if entry.state is not never and self._is_left_out(entry.state):
                    if entry.state is State.UNKNOWN:
                        journal.leave(entry)
                    left_out += 1
                    if left_out % _SLICE == 0:
                        self.is_skipping = True
                        yield None
                    continue
                yield Job(piece, row, entry, number)
                number += 1
        self._finish(read)

    def _finish(self, log: int | None) -> None:
        if log is not None:
            self._journal.finish(log)

    def _is_left_out(self, state: State) -> bool:
        """Whether a callback of an earlier run is not sent again."""
        report = self._report
        if state is State.FAILED:
            report.failed_before += 1
            return False
        if state is State.UNKNOWN:
            report.resent += self._resend
            report.unknown += not self._resend
            return not self._resend
        return True


def _due(pair: tuple[float, Job] | None) -> Job | None:
    if pair is None:
        return None
    pair[1].due = pair[0]
    return pair[1]
