"""What is still to be sent: deliveries that the journal does not say are done, with their due times."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from ses_cli.replay.deliveries import Delivery
from ses_cli.replay.job import Job
from ses_cli.replay.result.report import Report
from ses_cli.replay.schedule.pace import Pace, schedule
from ses_cli.replay.states import State

_SLICE = 1024  # callbacks that may be left out in a row before the loop has its turn


class Memory(Protocol):
    """What is known of the runs before."""

    def locate(self, delivery: Delivery, /) -> tuple[int, State]:
        """The number of the delivery's source, and what became of it."""


class Intake:
    """Jobs in log order, read one ahead; counts in the report what it leaves out."""

    def __init__(
        self, deliveries: Iterable[Delivery | None], known: Memory, report: Report, pace: Pace, resend: bool
    ) -> None:
        self.over = False  # the log was read to its end
        self.is_skipping = False  # there is nothing just now because much was left out: ask again at once
        self._known = known
        self._report = report
        self._resend = resend
        self._jobs = schedule(self._admit(deliveries), pace)
        self._next: Job | None = None

    def peek(self) -> Job | None:
        """The next job. None if the log is over, or has nothing just now."""
        if self._next is None and not self.over:
            self.is_skipping = False
            try:
                pair = next(self._jobs)
            except StopIteration:
                self.over = True
                return None
            if pair is not None:
                pair[1].due = pair[0]
                self._next = pair[1]
        return self._next

    def take(self) -> Job:
        """The job that `peek` showed."""
        job = self._next
        assert job is not None
        self._next = None
        self._report.selected += 1  # here, for a pace reads further ahead than is sent
        return job

    def _admit(self, deliveries: Iterable[Delivery | None]) -> Iterator[Job | None]:
        report, left_out = self._report, 0
        never, delivered, unknown = State.NEVER, State.DELIVERED, State.UNKNOWN  # slow to look up
        for number, delivery in enumerate(deliveries):
            if delivery is None:
                yield None
                continue
            if left_out == _SLICE:
                self.is_skipping, left_out = True, 0
                yield None
            source, state = self._known.locate(delivery)
            if state is never:
                left_out = 0
                yield Job(delivery, number, source, again=False)
            elif state is delivered:
                report.selected += 1
                report.skipped += 1
                left_out += 1
            elif state is unknown and not self._resend:
                report.selected += 1
                report.unknown += 1
                left_out += 1
            else:
                left_out = 0
                report.resent += state is unknown
                report.failed_before += state is State.FAILED
                yield Job(delivery, number, source, again=state is unknown)
