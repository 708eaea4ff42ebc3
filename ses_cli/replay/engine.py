"""The engine: reads ahead a little, keeps lanes, pace and journal, sends, and settles what comes back.

What becomes of a job, which is one callback on its way:

    read from the log
      |
      v
    QUEUED    in its lane, until the former callback of that lane is final       lanes
      |
      v
    READY     may go when it is due, there is room and nothing holds             lanes.ready
      |       its intent is written
      v
    INTENDED  until the intent is durable                                        _intended
      |       the request leaves
      v
    IN FLIGHT ---- 2xx ----------------------------------------> DELIVERED
      |  ^
      |  '--- RETRYING, after a pause: no answer, 408, 425, 429, 5xx             _retries
      |
      |------- refused, or no retries left --------------------> FAILED
      |------- the same, where an attempt may have arrived
      |        though it had no answer ------------------------> UNKNOWN
      '------- the run ends first -----------------------------> UNKNOWN

    INTENDED when the run ends: the intent is withdrawn, and the job is as if it had not been read.

INTENDED and IN FLIGHT together are at most `--concurrency`: of a killed run no more is unknown.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from itertools import groupby
from math import inf
from random import random
from time import monotonic, sleep
from typing import NamedTuple

from ses_cli.errors import TargetError
from ses_cli.replay.dead_letters import DeadLetters
from ses_cli.replay.intake import Intake, Log
from ses_cli.replay.job import Attempt, Job, Sender
from ses_cli.replay.journal import Journal
from ses_cli.replay.lanes import Lanes
from ses_cli.replay.outcomes import Outcomes
from ses_cli.replay.result.report import ReplayReport, RunEnd, Snapshot
from ses_cli.replay.results import Results
from ses_cli.replay.schedule.backoff import RETRY_ON, pause, proves_alive, retryable
from ses_cli.replay.schedule.breaker import Breaker
from ses_cli.replay.schedule.pace import Pace
from ses_cli.replay.schedule.throttle import Throttle
from ses_cli.replay.schedule.wakeup import AHEAD, TICK, Waiting, next_wakeup

_SLACK = 0.001  # seconds that a callback may leave early, so that one turn can serve many
_COUNTING = 1.0  # seconds that are spent on counting what is left of a log
_BY_ITSELF = (RunEnd.GAVE_UP, RunEnd.GONE, RunEnd.REDIRECTED)  # ends after which all that is left is undelivered


class ReplayPolicy(NamedTuple):
    """How to go about it. Times are seconds."""

    concurrency: int = 16
    pace: Pace = Pace()
    retries: int = 5
    retry_on: frozenset[int] = RETRY_ON
    give_up_after: int = 20
    give_up_time: float = 60.0
    shutdown_timeout: float = 10.0
    resend_unknown: bool = True
    is_endless: bool = False  # the log grows: at its end there is nothing just now


class Replay:
    """One run over a log. `run` is called once; `stop` from a signal handler, say.

    `progress` gets a snapshot about ten times a second. The sender and the journal are closed when the run ends,
    however it ends.
    """

    def __init__(
        self,
        log: Log,
        sender: Sender,
        journal: Journal,
        policy: ReplayPolicy,
        *,
        dead_letters: DeadLetters | None = None,
        results: Results | None = None,
        progress: Callable[[Snapshot], None] | None = None,
        now: Callable[[], float] = monotonic,
        chance: Callable[[], float] = random,
    ) -> None:
        pace = policy.pace
        self.report = ReplayReport(paced=pace.rate is not None or pace.speed is not None)
        self._sender, self._journal, self._policy = sender, journal, policy
        self._dead_letters, self._progress = dead_letters, progress
        self._outcomes = Outcomes(journal, self.report, dead_letters, results)
        self._now, self._chance = now, chance
        self._throttle = Throttle(Breaker(policy.concurrency, policy.give_up_after, policy.give_up_time), pace.rate)
        self._intake = Intake(log, journal, self.report, pace, policy.resend_unknown)
        self._lanes: Lanes[Job] = Lanes()
        self._intended: deque[Job] = deque()  # intents are written, perhaps not yet durable
        self._uncounted: list[Attempt] = []  # in the report, of the turn before
        self._retries: list[tuple[float, int, Job]] = []  # a heap by time
        # the clock: seconds from the start, as of this turn
        self._start = self._clock = self._told = self._committed = 0.0
        self._stops = 0
        self._stopped: float | None = None  # when sending stopped

    def stop(self) -> None:
        """Once: send no more, wait for what is in flight. Twice: leave it."""
        self._stops += 1

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stops > 0

    def run(self) -> ReplayReport:
        """Send until all is final, or the end comes early.

        The report names what went wrong with the log or the journal. If the journal cannot be written nothing is
        claimed but what `snapshot` has as delivered, and a run that resumes finds out the rest.
        """
        self._start = self._now()
        try:
            while self._turn():
                pass
            self._abandon()
            self.report.seconds = self._now() - self._start
            if self.report.end is not RunEnd.DONE:
                self._commit_all()
                self._count_rest()
        finally:
            self._sender.close()
            self._close()
        return self.report

    def snapshot(self) -> Snapshot:
        """How it stands. What it has as delivered is on disk in the journal."""
        clock, since = self._clock, self._throttle.breaker.failing_since
        held = max(0.0, self._throttle.until - clock)
        next_retry = self._retries[0][0] - clock if self._retries and not self._sender.in_flight else 0.0
        return Snapshot(
            seconds=clock,
            skipped=self.report.skipped,
            delivered=self._outcomes.confirmed(),
            failed=self.report.failed,
            retries=self.report.retries,
            in_flight=self._sender.in_flight,
            held=held,
            waiting=self._lanes.held + self._intake.ahead,
            failing=None if since is None else clock - since,
            retry_in=max(held, next_retry),
            p99=self.report.latency.quantile(0.99),
            cause=self.report.reason,
        )

    def _turn(self) -> bool:
        """Once around; whether there is anything left to do."""
        self._clock = self._now() - self._start
        self._watch()
        may_send = self._stopped is None and not self._throttle.holds(self._clock)
        if may_send:
            self._read(self._throttle.breaker.limit)
            self._intend()
        self._commit()
        # what is to be done anyway is done while the disk works
        self._count()
        if may_send:
            self._sender.prepare(self._intended)
            self._read(2 * self._throttle.breaker.limit)
        self._await_commit()
        self._send()
        if not self._sender.in_flight and (self._stopped is not None or self._all_final()):
            return False
        if self._stopped is not None and self._clock >= self._stopped + self._patience():
            return False
        if attempts := self._sender.poll(self._wait()):
            self._settle(attempts)
        return True

    def _watch(self) -> None:
        """Notice reasons to stop; tell how it goes."""
        if self._stops:
            self._end(RunEnd.INTERRUPTED)
        elif self._throttle.breaker.gave_up:
            self._end(RunEnd.GAVE_UP)
        if self._progress is not None and self._clock >= self._told:
            self._told = self._clock + TICK
            self._progress(self.snapshot())

    def _end(self, end: RunEnd) -> None:
        """Stop sending, once; intents whose requests never left are withdrawn."""
        if self._stopped is not None:
            return
        self._stopped = self._clock
        self.report.end = end
        self._outcomes.withdraw(self._intended)

    def _patience(self) -> float:
        """Seconds to wait for what is in flight; without a signal, until its own time-out."""
        if self._stops:
            return self._policy.shutdown_timeout if self._stops == 1 else 0.0
        return inf

    def _all_final(self) -> bool:
        return not self._lanes.held and self._intake.peek() is None and self._intake.over

    def _read(self, wanted: int) -> None:
        """Bring into the window what is due, until so many are ready."""
        ready = self._lanes.ready
        while self._retries and self._retries[0][0] <= self._clock:
            ready.appendleft(heapq.heappop(self._retries)[2])
        until = self._throttle.schedule(self._clock) + AHEAD
        while len(ready) < wanted and self._lanes.room:
            items, size = self._lanes.free
            jobs = self._intake.take(until, min(wanted - len(ready), items), size)
            if not jobs:
                if not self._lanes.held and not self._intake.over and self._intake.peek() is None:
                    self._throttle.rest(self._clock)  # a pace must not save up what it may send later at once
                return
            self._lanes.offer(jobs)

    def _intend(self) -> None:
        """Write intents, no more than may be in flight: of a killed run all of them are unknown."""
        ready, throttle = self._lanes.ready, self._throttle
        room = throttle.breaker.limit - self._sender.in_flight - len(self._intended)
        if room <= 0 or not ready or self._clock < throttle.rate.next - AHEAD:
            return
        jobs = [ready.popleft() for _ in range(min(room, len(ready)))]
        for job in jobs:
            job.attempt += 1
        commit = self._journal.intend([(job.entry, job.attempt) for job in jobs])
        for job in jobs:
            job.commit = commit
        self._intended.extend(jobs)

    def _commit(self) -> None:
        """Have the disk work while the target does: one sync for many intents and outcomes.

        What is written gets to the disk in its order, so no intent is ever there without the outcome that freed
        its lane: a resumed run cannot turn the order of a lane.
        """
        if self._is_waiting() or self._clock >= self._committed + TICK:
            try:
                self._outcomes.commit()
                self._committed = self._clock
            except TargetError as error:
                self._lose_journal(error)

    def _await_commit(self) -> None:
        """Wait for the disk where there is nothing else to wait for."""
        if self._is_waiting() and not self._sender.in_flight:
            try:
                self._journal.flush()
            except TargetError as error:
                self._lose_journal(error)

    def _is_waiting(self) -> bool:
        """Whether an intent is not on disk."""
        return bool(self._intended) and self._intended[-1].commit > self._journal.durable

    def _send(self) -> None:
        """Send what is due and whose intent is on disk."""
        # looked at again: a sync may have taken long, and a rate that goes by the time before would make up for it too
        clock = self._clock = self._now() - self._start
        throttle, intended = self._throttle, self._intended
        if self._stopped is not None or throttle.holds(clock) or not intended:
            return  # what is intended was withdrawn, or waits
        durable, successes = self._journal.durable, throttle.breaker.successes
        rate = throttle.rate if throttle.rate.is_limited else None
        schedule, is_paced = throttle.schedule(clock), self.report.paced
        until, room = schedule + _SLACK, min(throttle.breaker.limit - self._sender.in_flight, len(intended))
        jobs: list[Job] = []
        while len(jobs) < room:
            job = intended[0]
            if job.commit > durable or job.due > until or (rate and not rate.allows(clock)):
                break
            jobs.append(intended.popleft())
            job.successes = successes
            if rate:
                rate.take(clock)
            if is_paced and job.attempt == 1:
                self.report.lateness.add([max(0.0, schedule - job.due)])
        if jobs:
            self._sender.send(jobs)

    def _settle(self, attempts: Sequence[Attempt]) -> None:
        """Take in how attempts ended, and what follows from it."""
        self._uncounted += attempts
        statuses = [attempt.status for attempt in attempts]
        if min(statuses) >= 200 and max(statuses) < 300:
            self._deliver(attempts)
            return
        for is_delivered, group in groupby(attempts, key=_is_delivered):  # in their order: the breaker counts streaks
            if is_delivered:
                self._deliver(list(group))
            else:
                for attempt in group:
                    self._go_on(attempt)

    def _count(self) -> None:
        if self._uncounted:
            self.report.count(self._uncounted)
            self._uncounted.clear()

    def _deliver(self, attempts: Sequence[Attempt]) -> None:
        self._throttle.breaker.success(len(attempts))
        self._outcomes.deliver(attempts)
        self._lanes.finish([attempt.job for attempt in attempts])

    def _go_on(self, attempt: Attempt) -> None:
        """After an attempt that delivered nothing: another one later, or none."""
        job, breaker = attempt.job, self._throttle.breaker
        self._clock = self._now() - self._start
        # who never gives up does not use up retries while the target takes nothing at all
        is_free = self._policy.give_up_time == inf and breaker.successes == job.successes
        job.spent += not is_free
        if 300 <= attempt.status < 400 and breaker.open:
            self._end(RunEnd.REDIRECTED)
        if proves_alive(attempt.status):
            breaker.success()
        else:
            breaker.failure(self._clock)
        if attempt.retry_after:
            self._throttle.ask(self._clock, attempt.retry_after)
        if job.spent <= self._policy.retries and self._may_repeat(attempt):
            self._outcomes.repeat(attempt)
            # out of the way, but still in the window: its lane waits, the others do not
            when = self._clock + pause(job.attempt, self._chance())
            job.due = 0.0
            heapq.heappush(self._retries, (when, job.number, job))
        else:
            self._outcomes.fail(attempt, self._policy.resend_unknown)
            self._lanes.finish([job])
        if attempt.status == 410:
            self._end(RunEnd.GONE)

    def _may_repeat(self, attempt: Attempt) -> bool:
        if attempt.is_unknown and not self._policy.resend_unknown:
            return False  # at most once
        return retryable(attempt.status, self._policy.retry_on)

    def _wait(self) -> float:
        """Seconds until there is something to do but for an answer."""
        if self._stopped is not None:
            return TICK
        throttle, behind = self._throttle, self._clock - self._throttle.schedule(self._clock)
        head = self._intended[0] if self._intended else None
        unread = self._intake.peek() if head is None and self._lanes.room else None
        waiting = Waiting(
            held_until=throttle.until,
            retry_at=self._retries[0][0] if self._retries else inf,
            rate_at=throttle.rate.next,
            has_room=self._sender.in_flight < throttle.breaker.limit,
            intent_due=head.due + behind if head else inf,
            is_durable=head is None or head.commit <= self._journal.durable,
            unread_due=unread.due + behind if unread else inf,
            is_skipping=self._intake.is_skipping and self._lanes.room,
        )
        return max(0.0, next_wakeup(self._clock, waiting) - (self._now() - self._start))

    def _abandon(self) -> None:
        """What is still in flight gets no answer any more: its outcome is unknown."""
        for job in self._sender.close():
            self._outcomes.abandon(job)
            self._lanes.finish([job])
        self.report.unsent = self._lanes.held

    def _lose_journal(self, error: TargetError) -> None:
        """Nothing more can be remembered, so nothing more is sent."""
        if self.report.end is not RunEnd.JOURNAL:
            self.report.errors.append(error)
        self._end(RunEnd.JOURNAL)
        self.report.end = RunEnd.JOURNAL

    def _commit_all(self) -> None:
        try:
            self._journal.commit()
            self._journal.flush()
        except TargetError as error:
            self._lose_journal(error)

    def _close(self) -> None:
        try:
            self._outcomes.close()
        except TargetError as error:
            self._lose_journal(error)

    def _count_rest(self) -> None:
        """Count what is left of the log, for a second at most, or write all of it to the dead letters.

        A stop ends this too.
        """
        report, intake = self.report, self._intake
        dead_letters = self._dead_letters if report.end in _BY_ITSELF else None
        if dead_letters:
            for job in self._window():
                dead_letters.write(job.body)
        self._journal.look_only()
        stops, until = self._stops, inf if dead_letters else self._now() + _COUNTING
        while not intake.over and self._stops == min(stops, 1) and self._now() < until:
            if jobs := intake.take(inf, 1, 1):
                report.unsent += 1
                if dead_letters:
                    dead_letters.write(jobs[0].body)
            elif not (intake.is_skipping or intake.over):
                if dead_letters is None or self._policy.is_endless:
                    break  # nothing just now
                sleep(TICK)
        report.is_counted = intake.over
        if dead_letters and self._stops > stops:
            report.end = RunEnd.INTERRUPTED

    def _window(self) -> list[Job]:
        """What is in the window and not final, in log order."""
        jobs = [*self._intended, *self._lanes.waiting(), *(job for _, _, job in self._retries)]
        return sorted(jobs, key=lambda job: job.number)


def _is_delivered(attempt: Attempt) -> bool:
    return 200 <= attempt.status < 300
