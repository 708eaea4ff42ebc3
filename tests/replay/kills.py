"""Replays that are killed at random moments, against a server that resets, dies and stalls.

`python -m tests.replay.kills KILLS CONCURRENCY SEED` prints what came of it. Where the machine is so busy that
an answer takes longer than the client's time-out, arrivals of one run count as doubled and not announced.
"""

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from ses_cli.replay.journal import read_status
from ses_cli.replay.journal.opening import closing_base, snapshot
from ses_cli.replay.journal.sqlite import FLIGHT
from tests.replay.logs import lines
from tests.replay.servers import CLOSE, OK, RESET, Request, serve, status

LIMIT = 60.0  # seconds that any wait may take
_TIMEOUT = 3.0  # seconds that the client waits for an answer
_FAULTS = {"reset": 0.02, "close": 0.01, "half": 0.01, "stall": 0.005, "busy": 0.02}  # and how likely


@dataclass
class Findings:
    """What a run of the experiment showed."""

    kills: int = 0
    arrivals: int = 0
    lost: int = 0
    out_of_order: int = 0  # callbacks that were accepted before a former one of their lane
    doubled: int = 0  # callbacks that came again after an answer of 200
    unannounced: int = 0  # of them, those that no journal had as unknown before
    most_unknown: int = 0  # because of one kill: in flight, as far as the disk tells
    ended: list[str] = field(default_factory=list)  # what runs said that ended by themselves and wrongly


class Target:
    """A server's answers, by chance, and what arrived."""

    def __init__(self, chance: random.Random, raws: list[bytes]) -> None:
        self.arrived: list[int] = []
        self.accepted: list[int] = []  # those answered 200, and so handled for good
        self.stalled: set[int] = set()  # those answered 200 so late that the client may have taken it or not
        self.unannounced: set[int] = set()
        self.doubled: set[int] = set()
        self.announced: Counter[int] = Counter()  # how often a line was said to be unknown
        self.is_faulty = True
        self.goal = 0
        self.is_reached = threading.Event()
        self._chance = chance
        self._lock = threading.Lock()
        self._lines = {raw: number for number, raw in enumerate(raws, 1)}
        self._allowed: Counter[int] = Counter()

    def answer(self, _number: int, request: Request) -> bytes | None:
        """To one request."""
        with self._lock:
            line = self._lines[request.body]
            self.arrived.append(line)
            fault = self._fault()
            if line in self.accepted:
                self.doubled.add(line)
                if self.announced[line] <= self._allowed[line]:
                    self.unannounced.add(line)
                self._allowed[line] += not fault  # after a fault it comes again in any case
            if not fault:
                self.accepted.append(line)
            elif fault == "stall":
                self.stalled.add(line)
            if len(self.arrived) >= self.goal:
                self.is_reached.set()
        match fault:
            case "reset":
                return RESET
            case "close":
                return CLOSE
            case "half":
                return OK[:12] + CLOSE
            case "stall":
                time.sleep(2 * _TIMEOUT)
                return OK
            case "busy":
                return status(503)
            case _:
                return OK

    def _fault(self) -> str:
        at = self._chance.random() if self.is_faulty else 1.0
        for name, share in _FAULTS.items():
            if at < share:
                return name
            at -= share
        return ""


def experiment(folder: Path, kills: int, concurrency: int, seed: int) -> Findings:
    """A log that is replayed to its end, killed so many times on the way."""
    chance, lanes = random.Random(seed), max(7, 2 * concurrency)
    raws = lines(kills * (2 * concurrency + 40), lanes)
    log, journal = folder / "log.jsonl", folder / "journal"
    log.write_bytes(b"".join(raw + b"\n" for raw in raws))
    target, found = Target(chance, raws), Findings()
    with serve(target.answer) as server:
        program = [sys.executable, "-m", "ses_cli", "replay", "--to", server.url, "--journal", str(journal), str(log)]
        program += ["-c", str(concurrency), "--timeout", f"{_TIMEOUT}s", "--retries", "50", "--give-up-time", "never"]
        while found.kills < kills:
            target.goal = len(target.arrived) + chance.randint(1, 3 * concurrency + 40)
            target.is_reached.clear()
            if not _run_and_kill(program, target, chance.uniform(0, 0.02), found):
                break
            found.kills += 1
            if journal.exists():
                target.announced.update(line for one in read_status(journal).logs for line in one.unknown)
                found.most_unknown = max(found.most_unknown, _in_flight(journal))
        target.is_faulty = False
        done = subprocess.run(program, capture_output=True, timeout=LIMIT, check=False)
        if done.returncode:
            found.ended.append(done.stderr.decode())
    found.arrivals, found.doubled, found.unannounced = len(target.arrived), len(target.doubled), len(target.unannounced)
    found.lost = len(raws) - len({*target.accepted, *target.stalled})
    for lane in range(lanes):
        own = [line for line in dict.fromkeys(target.accepted) if line % lanes == lane]
        found.out_of_order += sum(line > after for line, after in pairwise(own))
    return found


def _in_flight(journal: Path) -> int:
    """Of a killed run. What had no answer before is unknown as well, and not because of the kill."""
    copy = journal.with_name("copy")
    snapshot(journal, copy)
    with closing_base(str(copy)) as base:
        row = base.execute("SELECT length(entries) FROM flight").fetchone()
    for file in journal.parent.glob("copy*"):
        file.unlink()
    return int(row[0]) // FLIGHT.size


def _run_and_kill(program: list[str], target: Target, delay: float, found: Findings) -> bool:
    """Whether it could be killed before it was done."""
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    end = time.monotonic() + LIMIT
    while not target.is_reached.wait(0.05) and process.poll() is None:
        assert time.monotonic() < end, "it stands still"
    time.sleep(delay)  # to any moment of a turn
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate(timeout=LIMIT)
    if process.returncode not in (0, -signal.SIGKILL):
        found.ended.append(said.decode())
    return process.returncode != 0


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        print(experiment(Path(place), *map(int, sys.argv[1:])))
