"""What is written down of how attempts ended: in the journal, the report, the results and the dead letters."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from ses_cli.errors import TargetError
from ses_cli.replay.dead_letters import DeadLetters
from ses_cli.replay.job import Attempt, Job
from ses_cli.replay.journal import Journal, State
from ses_cli.replay.result.report import ReplayReport
from ses_cli.replay.results import Results


class Outcomes:
    """The journal must take them, or nothing more is sent; where the results cannot be written that is told of."""

    def __init__(
        self, journal: Journal, report: ReplayReport, dead_letters: DeadLetters | None, results: Results | None
    ) -> None:
        self._journal, self._report, self._dead_letters, self._results = journal, report, dead_letters, results
        self._claims: deque[tuple[int, int]] = deque()  # commit of the journal -> delivered up to it
        self._confirmed = 0

    def confirmed(self) -> int:
        """How many are delivered by what is on disk in the journal."""
        while self._claims and self._claims[0][0] <= self._journal.durable:
            self._confirmed = self._claims.popleft()[1]
        return self._confirmed

    def deliver(self, attempts: Sequence[Attempt]) -> None:
        """These were answered 2xx."""
        commit = self._journal.deliver([attempt.job.entry for attempt in attempts])
        self._report.delivered += len(attempts)
        if self._claims and self._claims[-1][0] == commit:
            self._claims.pop()
        self._claims.append((commit, self._report.delivered))
        if self._results is not None:
            for attempt in attempts:
                self._keep(attempt.job, "delivered", attempt)

    def repeat(self, attempt: Attempt) -> None:
        """It delivered nothing, and is not the last one."""
        self._journal.outcome(attempt.job.entry, _state(attempt), is_final=False)

    def fail(self, attempt: Attempt, resend_unknown: bool) -> None:
        """There is no further attempt."""
        job = attempt.job
        self._journal.outcome(job.entry, _state(attempt))
        is_unknown = job.entry.state is State.UNKNOWN  # an attempt before may have arrived
        self._report.fail(attempt, is_unknown)
        self._keep(job, "unknown" if is_unknown else "failed", attempt)
        if self._dead_letters is not None and (resend_unknown or not is_unknown):
            self._dead_letters.write(job.body)

    def abandon(self, job: Job) -> None:
        """It gets no answer any more."""
        self._journal.outcome(job.entry, State.UNKNOWN)
        self._keep(job, "unknown")
        self._report.unknown += 1

    def withdraw(self, jobs: Iterable[Job]) -> None:
        """Their intents are written, and the requests never left."""
        for job in jobs:
            self._journal.outcome(job.entry, State.NEVER, is_final=False)

    def commit(self) -> None:
        """Begins a commit of the journal. TargetError where that cannot be written."""
        self._journal.commit()
        if self._results is not None:
            self._write(self._results.flush)

    def close(self) -> None:
        """The run is over. TargetError where the journal cannot be written."""
        if self._results is not None:
            self._write(self._results.close)
        self._report.skipped = self._journal.delivered
        self._journal.close()

    def _keep(self, job: Job, outcome: str, attempt: Attempt | None = None) -> None:
        if self._results is not None:
            self._write(partial(self._results.write, job, outcome, attempt))

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except TargetError as error:
            self._report.errors.append(error)
            self._results = None


def _state(attempt: Attempt) -> State:
    return State.UNKNOWN if attempt.is_unknown else State.FAILED
