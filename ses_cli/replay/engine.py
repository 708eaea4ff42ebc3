"""The loop: reads ahead a little, keeps lanes, pace and journal, sends, and settles what comes back."""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from math import inf
from random import random
from time import monotonic, sleep
from typing import NamedTuple

from ses_cli.replay.dead_letters import DeadLetters
from ses_cli.replay.deliveries import Delivery
from ses_cli.replay.intake import Intake
from ses_cli.replay.job import Attempt, Job, Sender
from ses_cli.replay.jsonl import Log
from ses_cli.replay.lanes import Lanes
from ses_cli.replay.result.report import End, Report, Snapshot
from ses_cli.replay.schedule.backoff import RETRY_ON, pause, retryable
from ses_cli.replay.schedule.breaker import Breaker
from ses_cli.replay.schedule.pace import Pace
from ses_cli.replay.schedule.throttle import Throttle

_AHEAD = 0.025  # seconds before it is due that an intent may be written: longer than an fsync takes
_SLACK = 0.001  # seconds that a callback may leave early, so that one turn can serve many
_DISK = 0.001  # seconds between looks whether the disk is done
_TICK = 0.1  # seconds between looks at stop signals, at a log that is followed, and of progress


class Policy(NamedTuple):
    """How to go about it. Times are seconds."""

    concurrency: int = 16
    pace: Pace = Pace()
    retries: int = 5
    retry_on: frozenset[int] = RETRY_ON
    give_up_after: int = 20
    give_up_time: float = 60.0
    grace: float = 10.0
    resend_unknown: bool = True
    is_endless: bool = False  # the log grows: at its end there is nothing just now


class Replay:
    """One run over deliveries. `run` is called once; `stop` from a signal handler, say.

    `deliveries` may give None for "nothing just now". `progress` gets a snapshot about ten times a
    second. The sender and the journal are closed when the run ends, however it ends.
    """

    def __init__(
        self,
        deliveries: Iterable[Delivery | None],
        sender: Sender,
        journal: Log,
        rules: Policy,
        *,
        letters: DeadLetters | None = None,
        progress: Callable[[Snapshot], None] | None = None,
        now: Callable[[], float] = monotonic,
        chance: Callable[[], float] = random,
    ) -> None:
        self.report = Report(paced=rules.pace.rate is not None or rules.pace.speed is not None)
        self._sender, self._journal, self._rules = sender, journal, rules
        self._letters, self._progress = letters, progress
        self._now, self._chance = now, chance
        self._throttle = Throttle(Breaker(rules.concurrency, rules.give_up_after, rules.give_up_time))
        self._intake = Intake(deliveries, journal, self.report, rules.pace, rules.resend_unknown)
        self._lanes: Lanes[Job] = Lanes(urgent=self.report.paced)
        # Jobs whose intents are written, perhaps not yet on disk: a heap by due time; unpaced, a queue.
        self._staged: list[tuple[float, int, Job]] = []
        self._tickets = count()
        self._retries: list[tuple[float, int, Job]] = []  # a heap by time
        self._claims: deque[tuple[int, int]] = deque()  # batch of the journal -> delivered up to it
        self._confirmed = 0
        self._start = self._clock = self._told = self._committed = (
            0.0  # the clock: seconds from the start, as of this turn
        )
        self._stops = 0
        self._stopped: float | None = None  # when sending stopped

    def stop(self) -> None:
        """Once: send no more, wait for what is in flight. Twice: leave it."""
        self._stops += 1

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stops > 0

    def run(self) -> Report:
        """Send until all is final, or the end comes early.

        TargetError if the journal cannot be written: then nothing is claimed but what `snapshot`
        has as delivered, and a run that resumes finds out the rest.
        """
        self._start = self._now()
        try:
            while self._turn():
                pass
            self._abandon()
        finally:
            self._sender.close()
            self._journal.close()
            self.report.seconds = self._now() - self._start
        if self._letters is not None and self.report.end in (End.GAVE_UP, End.GONE):
            self.report.unsent += self._letters.rest(self._pending(), self._remaining())
        return self.report

    def snapshot(self) -> Snapshot:
        """How it stands. What it has as delivered is on disk in the journal."""
        while self._claims and self._claims[0][0] <= self._journal.durable:
            self._confirmed = self._claims.popleft()[1]
        held = max(0.0, self._throttle.until - self._clock)
        return self.report.snapshot(self._clock, self._confirmed, self._sender.in_flight, held)

    def _turn(self) -> bool:
        """Once around; whether there is anything left to do."""
        self._clock = self._now() - self._start
        self._watch()
        if self._stopped is None and not self._throttle.holds(self._clock):
            self._fill()
            self._stage()
        self._send()
        self._commit()
        if not self._sender.in_flight and (self._stopped is not None or self._all_final()):
            return False
        if self._stopped is not None and self._clock >= self._stopped + self._patience():
            return False
        for answer in self._sender.poll(self._wait()):
            self._settle(answer)
        return True

    def _watch(self) -> None:
        """Notice reasons to stop; tell how it goes."""
        if self._stops:
            self._end(End.INTERRUPTED)
        elif self._throttle.breaker.gave_up:
            self._end(End.GAVE_UP)
        if self._progress is not None and self._clock >= self._told:
            self._told = self._clock + _TICK
            self._progress(self.snapshot())

    def _end(self, end: End) -> None:
        """Stop sending, once; intents whose requests never left are withdrawn."""
        if self._stopped is not None:
            return
        self._stopped = self._clock
        self.report.end = end
        for _, _, job in self._staged:
            # if it was unknown before and nothing left since, unknown it stays
            self._journal.outcome(job, "unknown" if job.again and job.attempt == 1 else "unsent")

    def _patience(self) -> float:
        """Seconds to wait for what is in flight; without a signal, until its own time-out."""
        if self._stops:
            return self._rules.grace if self._stops == 1 else 0.0
        return float("inf")

    def _all_final(self) -> bool:
        return not self._lanes.held and self._intake.peek() is None and self._intake.over

    def _fill(self) -> None:
        """Bring into the window what is due, as much as the next turns can use."""
        ready = self._lanes.ready
        while self._retries and self._retries[0][0] <= self._clock:
            ready.appendleft(heapq.heappop(self._retries)[2])
        until = self._throttle.schedule(self._clock) + _AHEAD
        wanted = 2 * self._throttle.breaker.limit
        while len(ready) < wanted and self._lanes.room:
            job = self._intake.peek()
            if job is None and not self._lanes.held and not self._intake.over:
                self._throttle.rest(self._clock)  # a pace must not save up what it may send later at once
            if job is None or job.due > until:
                return
            self._lanes.offer(self._intake.take())

    def _stage(self) -> None:
        """Write intents ahead: a crash leaves unknown three times what may be in flight, at most."""
        ready, limit = self._lanes.ready, self._throttle.breaker.limit
        schedule = self._throttle.schedule(self._clock)
        while ready and len(self._staged) < (limit if ready[0].due > schedule else 2 * limit):
            job = ready.popleft()
            job.attempt += 1
            job.batch = self._journal.intent(job)
            heapq.heappush(self._staged, (job.due, next(self._tickets), job))

    def _commit(self) -> None:
        """Have the disk work while the target does: one fsync for many intents, and soon when short of them.

        Lines get to the disk in the order in which they were written, so no intent is ever there without
        the outcome that freed its lane: a resumed run cannot turn the order of a lane.
        """
        durable, soon = self._journal.durable, self._throttle.schedule(self._clock) + _AHEAD / 2
        starved = (
            self._sender.in_flight < self._throttle.breaker.limit
            and bool(self._staged)
            and self._staged[0][2].batch > durable
            and self._staged[0][0] <= soon
        )
        if starved or self._clock >= self._committed + _TICK:
            self._journal.commit()
            self._committed = self._clock
            if starved and not self._sender.in_flight:
                self._journal.flush()  # there is nothing else to wait for
                self._send()

    def _send(self) -> None:
        """Send what is due and whose intent is on disk."""
        durable, limit = self._journal.durable, self._throttle.breaker.limit
        schedule = self._throttle.schedule(self._clock)
        if self._stopped is not None or self._throttle.holds(self._clock):
            return  # what is staged was withdrawn, or waits
        while self._staged and self._sender.in_flight < limit:
            due, _, job = self._staged[0]
            if job.batch > durable or due > schedule + _SLACK:
                return
            heapq.heappop(self._staged)
            self._sender.send(job)
            if self.report.paced and job.attempt == 1:
                self.report.lateness.add(max(0.0, schedule - due))

    def _settle(self, answer: Attempt) -> None:
        """Take in how an attempt ended, and what follows from it."""
        job, report = answer.job, self.report
        report.count(answer)
        if 200 <= answer.status < 300:
            self._throttle.breaker.success()
            batch = self._journal.outcome(job, "delivered", answer)
            report.delivered += 1
            if self._claims and self._claims[-1][0] == batch:
                self._claims.pop()
            self._claims.append((batch, report.delivered))
            self._lanes.finish(job)
            return
        self._clock = self._now() - self._start
        # who never gives up does not use up retries on a target that is down
        is_free = self._throttle.breaker.open and self._rules.give_up_time == inf
        self._throttle.breaker.failure(self._clock)
        if answer.retry_after:
            self._throttle.ask(self._clock, answer.retry_after)
        if (is_free or job.attempt <= self._rules.retries) and retryable(answer.status, self._rules.retry_on):
            self._journal.outcome(job, "retry", answer)
            # out of the way, but still in the window: its lane waits, the others do not
            when = self._clock + pause(job.attempt, self._chance())
            job.due = 0.0
            heapq.heappush(self._retries, (when, job.number, job))
        else:
            self._journal.outcome(job, "failed", answer)
            report.fail(job, answer)
            if self._letters is not None:
                self._letters.write(job.delivery.body)
            self._lanes.finish(job)
        if answer.status == 410:
            self._end(End.GONE)

    def _wait(self) -> float:
        """Seconds until there is something to do but for an answer or the disk."""
        if self._stopped is not None:
            return _TICK
        times = [self._clock + _TICK]
        if self._throttle.holds(self._clock):
            times.append(self._throttle.until)
        else:
            behind = self._clock - self._throttle.schedule(self._clock)  # of the schedule against the clock
            if self._retries:
                times.append(self._retries[0][0])
            if self._sender.in_flight < self._throttle.breaker.limit:
                if self._staged:
                    due, _, head = self._staged[0]
                    due += behind
                    fresh = head.batch > self._journal.durable
                    times.append(max(due - _AHEAD / 2, self._clock + _DISK) if fresh else due)
                elif (job := self._intake.peek()) is not None and self._lanes.room:
                    times.append(job.due + behind - _AHEAD)
                elif self._intake.is_skipping and self._lanes.room:
                    return 0.0
        return max(0.0, min(times) - (self._now() - self._start))

    def _abandon(self) -> None:
        """What is still in flight gets no answer any more: its fate is unknown."""
        for job in self._sender.close():
            self._journal.outcome(job, "unknown")
            self._lanes.finish(job)
            self.report.unknown += 1
        self.report.unsent = self._lanes.held

    def _remaining(self) -> Iterator[Job]:
        """What the log still has, once sending has ended by itself. A stop ends this too."""
        while not self._intake.over and not self._stops:
            if self._intake.peek() is not None:
                yield self._intake.take()
            elif self._intake.is_skipping:
                continue
            elif self._rules.is_endless:
                return
            else:
                sleep(_TICK)
        if not self._intake.over:
            self.report.end = End.INTERRUPTED

    def _pending(self) -> list[Job]:
        """What is in the window and not final, in log order."""
        jobs = [
            *(job for _, _, job in self._staged),
            *self._lanes.waiting(),
            *(job for _, _, job in self._retries),
        ]
        return sorted(jobs, key=lambda job: job.number)
