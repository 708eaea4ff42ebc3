"""Whatever moment a run is killed at, the next one knows what is done, what may have arrived, and what was not sent."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ses_cli.replay.journal import Entry, Scope, SqliteJournal, State
from ses_cli.selection import Selection

from .logs import Log, admitted, crash, lines, opened, states

SCOPES = (
    Scope(),
    Scope(Selection(events=frozenset({"bounce"}))),
    Scope(Selection(events=frozenset({"open", "bounce"}))),
)


@dataclass
class Truth:
    """What really happened, told by a target and a disk that forget nothing."""

    arrived: dict[int, int] = field(default_factory=dict)  # line -> how often
    settled: dict[int, State] = field(default_factory=dict)  # by outcomes that are durable
    announced: set[int] = field(default_factory=set)  # lines that were told as unknown before they were sent again


@dataclass
class Run:
    """One run, to be killed: it keeps to the contract and is otherwise as unruly as can be."""

    journal: SqliteJournal
    chance: random.Random
    truth: Truth
    limit: int
    intended: list[tuple[int, Entry]] = field(default_factory=list)
    flying: list[Entry] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)  # to be tried again
    pending: list[tuple[int, int, State]] = field(default_factory=list)  # outcomes that are not durable yet

    def look(self) -> None:
        """Notice what is on disk; send what may be."""
        durable = self.journal.durable
        for batch, line, state in self.pending:
            if batch <= durable:
                self.truth.settled[line] = state
        self.pending = [row for row in self.pending if row[0] > durable]
        for _, entry in [row for row in self.intended if row[0] <= durable]:
            self.truth.arrived[entry.line] = self.truth.arrived.get(entry.line, 0) + 1
            self.flying.append(entry)
        self.intended = [row for row in self.intended if row[0] > durable]

    def intend(self, entry: Entry) -> None:
        """Another one is to leave."""
        if entry.state is State.UNKNOWN:
            self.truth.announced.add(entry.line)
        self.intended.append((self.journal.intend([(entry, 1)]), entry))

    def settle(self) -> None:
        """Some come back."""
        while self.flying and self.chance.random() < 0.8:
            entry = self.flying.pop(self.chance.randrange(len(self.flying)))
            state = self.chance.choices((State.DELIVERED, State.FAILED, State.UNKNOWN), weights=(16, 1, 1))[0]
            is_final = state is State.DELIVERED or self.chance.random() < 0.5
            if state is State.DELIVERED:
                batch = self.journal.deliver([entry])
            else:
                batch = self.journal.outcome(entry, state, is_final=is_final)
            if is_final or entry.state is State.UNKNOWN:
                self.pending.append((batch, entry.line, entry.state))
            if not is_final:
                self.waiting.append(entry)

    def go(self, entries: Iterator[Entry], turns: int) -> bool:
        """So many turns; whether there was nothing left to do."""
        unread = next(entries, None)
        for _ in range(turns):
            while len(self.intended) + len(self.flying) < self.limit and (self.waiting or unread):
                if self.waiting and (not unread or self.chance.random() < 0.1):
                    self.intend(self.waiting.pop(0))
                elif unread:
                    self.intend(unread)
                    unread = next(entries, None)
            self.journal.commit()
            if self.chance.random() < 0.7:
                self.journal.flush()
            self.look()
            self.settle()
            if not (unread or self.waiting or self.intended or self.flying or self.pending):
                return True
        return False


def unsettled(truth: Truth, entries: Iterator[Entry], seed: str) -> Iterator[Entry]:
    """What is still to be sent, held against the truth."""
    for entry in entries:
        line, settled = entry.line, truth.settled.get(entry.line)
        if entry.state is State.DELIVERED:
            assert truth.arrived.get(line), f"{seed}: line {line} is lost"
            continue
        assert settled is not State.DELIVERED, f"{seed}: line {line} is forgotten"
        if entry.state is State.NEVER:
            assert settled is not State.UNKNOWN, f"{seed}: line {line} is not announced"
        yield entry


@pytest.mark.parametrize("seed", range(8))
def test_killed_again_and_again(tmp_path: Path, seed: int) -> None:
    """Nothing is lost; what comes twice was announced; no more is unknown after a kill than was in flight."""
    chance = random.Random(seed)
    limit, log, truth = chance.choice((1, 4, 16, 64)), Log(lines(600)), Truth()
    path = tmp_path / "journal"
    told: set[int] = set()
    for _ in range(200):
        scope = chance.choice(SCOPES[: 1 + seed % 3])
        journal, found = opened(path, log, scope, limit)
        before = {line for line, state in truth.settled.items() if state is State.UNKNOWN}
        unknown = set(journal.unknown(found.log))
        assert before <= unknown, f"seed {seed}"
        assert len(unknown - before - told) <= limit, f"seed {seed}"
        told = unknown
        seeking = chance.random() < 0.7
        entries = unsettled(truth, admitted(journal, found.log, log, scope, seeking), f"seed {seed}")
        run = Run(journal, chance, truth, limit)
        is_over = run.go(entries, chance.randrange(1, 60))
        journal.flush()
        run.look()
        if is_over and scope is SCOPES[0] and set(truth.settled.values()) == {State.DELIVERED}:
            journal.close()
            break
        crash(path, tmp_path / "killed")
        journal.close()
        crash(tmp_path / "killed", path)
    else:
        pytest.fail(f"seed {seed}: not done after 200 runs")
    assert set(truth.arrived) == set(range(1, 601)), f"seed {seed}"


def test_what_follows_an_unknown_one_that_is_left_out_is_not_done(tmp_path: Path) -> None:
    """A stopped run looks through the rest and leaves out an unknown one: what follows it is still to be sent."""
    log, path, killed = Log(lines(9)), tmp_path / "journal", tmp_path / "killed"
    journal, found = opened(path, log)
    journal.intend([(next(admitted(journal, found.log, log)), 1)])
    journal.commit()
    journal.flush()
    crash(path, killed)
    journal.close()
    journal, found = opened(killed, log)
    journal.look_only()
    for entry in admitted(journal, found.log, log):
        if entry.state is State.UNKNOWN:
            journal.leave(entry)
    journal.close()
    left = states(killed, log)
    assert (left[State.UNKNOWN], left[State.NEVER], left[State.DELIVERED]) == ([1], list(range(2, 10)), [])
