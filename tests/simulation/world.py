"""A world from a seed: the engine and its journal run in it, again and again, until all is done."""

from collections.abc import Iterator
from random import Random
from typing import Any

from ses_cli.batch import Checks, Piece
from ses_cli.batch.records import Lane
from ses_cli.pipeline import Reader
from ses_cli.replay.dead_letters import DeadLetters
from ses_cli.replay.engine import Replay, ReplayPolicy
from ses_cli.replay.intake import Log
from ses_cli.replay.journal import Journal, Scope, SqliteJournal
from ses_cli.replay.journal.opening import landed
from ses_cli.replay.result.report import ReplayReport, Snapshot
from ses_cli.replay.schedule.pace import Pace

from .clock import Clock, Hung, Killed
from .disk import PATH, Disk, SimulatedDatabase
from .network import Network, Target
from .plan import Plan, Run, last

NAME = "log.jsonl"
_CHECKS = Checks(max_line=4 << 20)
_SCOPE = Scope(max_line=4 << 20)
_LAST = 12  # runs without a fault after which all has to be done
Trace = list[tuple[Any, ...]]


class Bytes:
    """What a log holds by now."""

    def __init__(self, lines: list[bytes]) -> None:
        self.count = len(lines)
        self.data = b"".join(lines)

    def head(self) -> bytes:
        """Its beginning."""
        return self.data[: 64 << 10]

    def read(self, start: int, end: int) -> bytes:
        """A part of it."""
        return self.data[start:end]


class World:
    """Played once."""

    lane: Lane | None = Lane.MESSAGE

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan = plan
        self.random = Random(seed + 1)
        self.clock = Clock(self.random, plan.step)
        self.disk = Disk()
        self.lines = [
            b'{"event":"delivered","email":"u%d@example.com","bulkId":"b","timestamp":%d, "n":%d}\n'
            % (n % plan.lanes, 1_700_000_000 + n, n)
            for n in range(1, plan.lines + 1)
        ]
        numbers = {line[:-1]: number for number, line in enumerate(self.lines, 1)}
        self.there = 0  # lines of the log by now
        self.target = Target(self.clock, plan, self.random, numbers)

    def play(self) -> Trace:
        """What happened."""
        for run in self.plan.runs:
            self._run(run)
        self.target.is_healthy = True
        for _ in range(_LAST):
            if self._run(last(self.plan.lines)) in ("done", "hung"):
                break
        self.clock.tell("rests", *self.disk.look())
        return self.clock.events

    def _run(self, run: Run) -> str:
        clock = self.clock
        self.there = max(self.there, run.lines)
        clock.tell("begins", self.there, bool(run.grows), *self.disk.look())
        clock.begin(run.kill)
        try:
            report, dead = self._replay(run)
        except Killed:
            if run.is_cut:
                self.disk.cut(self.random)
            end = "killed"
        except Hung:
            clock.tell("hung")
            return "hung"
        else:
            end = report.end.value
            numbers = [self.target.numbers[body] for body in dead]
            document = {**report.document(), "errors": len(report.errors)}
            clock.begin(0)
            clock.tell("ends", end, document, numbers)
        clock.drain()
        if end != "killed" or not run.is_cut:
            self.disk.settle()
        clock.time += 1
        return end

    def _replay(self, run: Run) -> tuple[ReplayReport, list[bytes]]:
        plan, clock = self.plan, self.clock
        database = self.open_database(run)
        if statements := landed(database.reader):
            self.disk.write(statements)
        journal = SqliteJournal(PATH, database, _SCOPE, self.policy(False).concurrency)

        def is_awake() -> bool:
            is_so, database.is_awake = database.is_awake, False
            return is_so

        dead: list[bytes] = []
        numbers: dict[str, int] = {}
        replay = Replay(
            Log(self._pieces(run, journal, numbers), Reader(_CHECKS), numbers, self.lane),
            Network(clock, self.target, plan, is_awake),
            journal,
            self.policy(bool(run.grows)),
            dead_letters=DeadLetters(lambda parts: dead.append(next(iter(parts)))),
            progress=self._claim if plan.claims else None,
            now=clock.now,
            chance=self.random.random,
        )
        for stop in run.stops:
            clock.at(stop, replay.stop)
        return replay.run(), dead

    def open_database(self, run: Run) -> SimulatedDatabase:
        """The journal's, as it was left."""
        return SimulatedDatabase(self.disk, self.clock, self.random, self.plan.sync, run.full, run.broken)

    def policy(self, is_endless: bool) -> ReplayPolicy:
        """How the plan says to go about it."""
        plan = self.plan
        return ReplayPolicy(
            concurrency=plan.concurrency,
            pace=Pace(plan.rate, plan.speed),
            retries=plan.retries,
            give_up_after=plan.give_up_after,
            give_up_time=plan.give_up_time,
            resend_unknown=plan.resend,
            shutdown_timeout=1.0,
            is_endless=is_endless,
        )

    def _claim(self, snapshot: Snapshot) -> None:
        self.clock.tell("claims", snapshot.delivered)

    def _pieces(self, run: Run, journal: Journal, numbers: dict[str, int]) -> Iterator[Piece | None]:
        log = numbers[NAME] = journal.open_log(NAME, Bytes(self.lines[: self.there])).log
        for offset, line, end in journal.ranges(log):
            place, after = offset, line
            while after <= self.there and (end is None or place < end):
                place, after = place + len(self.lines[after - 1]), after + 1
            yield from self._cut(offset, line, after - line, run.piece)
        first, begun = self.there, self.clock.time
        while run.grows:
            count, grown = self.there, int((self.clock.time - begun) / run.grows)
            self.there = max(count, min(first + grown, self.plan.lines))
            if self.there > count:
                yield from self._cut(sum(map(len, self.lines[:count])), count + 1, self.there - count, run.piece)
            yield None

    def _cut(self, offset: int, line: int, count: int, size: int) -> Iterator[Piece]:
        while count > 0:
            data = b"".join(self.lines[line - 1 : line - 1 + min(size, count)])
            yield Piece(NAME, offset, data, line)
            offset, line, count = offset + len(data), line + size, count - size
