"""`replay` and `listen --forward-to`: what arrives at a target, over runs that fail and runs that resume."""

import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from tests.faults import judge
from tests.faults.disk import names_in
from tests.faults.listening import port_of, post_all
from tests.faults.running import Process, Run, Seen
from tests.faults.scenario import callback

_CONCURRENCY = 2
_PATIENCE = 15.0  # seconds for what is to arrive
_INVALID = b'{"event": "no such"}\n'


def _names(first: int, last: int) -> list[str]:
    return [f"{lane}{number}" for number in range(first, last) for lane in "ab"]


def _lines(names: list[str]) -> bytes:
    return b"".join(callback(name, f"{name[0]}@example.com") + b"\n" for name in names)


def _lanes(names: list[str]) -> list[list[str]]:
    return [[name for name in names if name[0] == lane] for lane in "ab"]


@dataclass(frozen=True)
class Replay:
    """Sends a log, from the beginning or from where an earlier run has ended, with all its outputs."""

    name: str = "replay"
    resumed: bool = False
    unknown: str = "resend"
    outputs: bool = False  # --failed, --results, --rejects, -o
    refused: tuple[str, ...] = ()  # what the target answers 404
    bound: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The callbacks of the log."""
        return _names(0, 4)

    def prepare(self, run: Run) -> None:
        """A log; with `resumed`, half of it was sent before it grew."""
        run.serve(self.refused)
        log = run.home / "log.jsonl"
        if self.resumed:
            log.write_bytes(_lines(_names(0, 2)))
            ended = run.go(*self._arguments(run))
            assert ended.status == 0, ended.said
        log.write_bytes(_lines(self.names) + _INVALID)
        for name in ("rest.jsonl", "rejects.ndjson", "report.json") if self.outputs else ():
            (run.home / name).write_bytes(b"old\n")

    def _arguments(self, run: Run) -> list[str | Path]:
        home = run.home
        assert run.target
        given: list[str | Path] = ["replay", "--to", run.target.url, "--journal", home / "journal.db", "--same-target"]
        given += ["-c", str(_CONCURRENCY), "--lane", "email", "--give-up-time", "3s", "--unknown", self.unknown]
        if self.outputs:
            given += ["--failed", home / "rest.jsonl", "--results", home / "results.ndjson"]
            given += ["--rejects", home / "rejects.ndjson", "-o", home / "report.json"]
        return [*given, home / "log.jsonl"]

    def drive(self, run: Run) -> None:
        """Sends."""
        run.go(*self._arguments(run))

    def judge(self, run: Run, is_killed: bool) -> list[str]:
        """It ends well, and its outputs are whole."""
        wrong = judge.ended_well(run.seen.runs[-1], (0, 1, 3), is_killed)
        if not is_killed:
            wrong += judge.no_temporary_files(run.home)
        return wrong + self._outputs(run, run.seen.runs[-1].status)

    def again(self, run: Run, is_crash: bool = False) -> list[str]:
        """Sends what is left."""
        if is_crash:
            run.serve(self.refused)
        ended = run.go(*self._arguments(run), *(() if self.outputs else ("--json",)))
        wrong = judge.ended_well(ended, (0, 1))
        named = _count(ended.out, "unknown") if self.unknown == "skip" and not self.outputs else 0
        most = 0 if self.unknown == "skip" else _CONCURRENCY
        seen = Seen(arrivals=[name for name in run.seen.arrivals if name not in self.refused])
        lanes = _lanes([name for name in self.names if name not in self.refused])
        wrong += judge.delivered(seen, lanes, most, named)
        return wrong + self._outputs(run, ended.status, is_crash)

    def _outputs(self, run: Run, status: int, is_crash: bool = False) -> list[str]:
        if not self.outputs:
            return []
        rest = _lines(list(self.refused))
        wrong = judge.old_or_new(run.home / "rest.jsonl", b"old\n", [rest, b""] if status not in (0, 1) else [rest])
        report = (run.home / "report.json").read_bytes()
        if report != b"old\n" or status in (0, 1):
            wrong += judge.whole_json(report)
        for name in ("rejects.ndjson", *(() if is_crash else ("results.ndjson",))):  # of which nothing is promised
            path = run.home / name
            text = path.read_bytes() if path.exists() else b""
            if text != b"old\n":
                wrong += [f"{name}: {one}" for one in judge.whole_lines(text, is_torn=status < 0)]
        return wrong


def _count(out: bytes, name: str) -> int:
    try:
        return int(json.loads(out)["replay"][name])
    except (ValueError, KeyError, TypeError):
        return 0


@dataclass(frozen=True)
class Follow:
    """Sends a log as it grows and is renamed, until Ctrl-C."""

    name: str = "follow"
    bound: tuple[str, ...] = ()

    def prepare(self, run: Run) -> None:
        """The first half."""
        run.serve(())
        (run.home / "log.jsonl").write_bytes(_lines(_names(0, 2)))

    def _arguments(self, run: Run) -> list[str | Path]:
        assert run.target
        given: list[str | Path] = ["replay", "--follow", "--to", run.target.url, "--journal", run.home / "journal.db"]
        given += ["-c", str(_CONCURRENCY), "--lane", "email", "--give-up-time", "3s", "--same-target"]
        return [*given, run.home / "log.jsonl"]

    def drive(self, run: Run) -> None:
        """Lets the log grow, renames it, and begins another."""
        process = run.start(*self._arguments(run))
        _arrive(run, process, _names(0, 2))
        run.others.append("log.jsonl", _lines(_names(2, 3)))
        _arrive(run, process, _names(0, 3))
        if run.seen.arrivals:  # before the first it has not begun, and begins with what is written to at its next start
            run.others.rename("log.jsonl", "log.jsonl.1")
        run.others.append("log.jsonl", _lines(_names(3, 4)))
        _arrive(run, process, _names(0, 4))
        process.signal(signal.SIGINT)
        run.end(process)

    def judge(self, run: Run, is_killed: bool) -> list[str]:
        """It ends well."""
        wrong = judge.ended_well(run.seen.runs[-1], (0, 1, 3, 130), is_killed)
        return wrong if is_killed else wrong + judge.no_temporary_files(run.home)

    def again(self, run: Run, is_crash: bool = False) -> list[str]:
        """Sends what is left, and one more, until all has arrived."""
        if is_crash:
            run.serve(())
        run.others.append("log.jsonl", _lines(_names(4, 5)))
        logs = [run.home / "log.jsonl.1", run.home / "log.jsonl"]
        names = names_in(b"".join(log.read_bytes() for log in logs if log.exists()))
        process = run.start(*self._arguments(run))
        _arrive(run, process, names)
        process.signal(signal.SIGINT)
        wrong = judge.ended_well(run.end(process), (0, 1, 130))
        return wrong + judge.delivered(run.seen, _lanes(names), _CONCURRENCY)


@dataclass(frozen=True)
class Forward:
    """Receives, and forwards what is stored."""

    name: str = "forward"
    bound: tuple[str, ...] = ()

    def prepare(self, run: Run) -> None:
        """An empty directory."""
        run.serve(())

    def _arguments(self, run: Run) -> list[str | Path]:
        assert run.target
        given: list[str | Path] = ["listen", "--port", "0", "--log", run.home / "log.jsonl", "--rotate", "400"]
        return [*given, "--forward-to", run.target.url]

    def drive(self, run: Run) -> None:
        """Posts some, and stops it when they have arrived."""
        process = run.start(*self._arguments(run))
        if port := port_of(process):
            post_all(run, port, [f"f{number}" for number in range(6)])
            _arrive(run, process, _stored(run), 3.0)
            process.signal(signal.SIGTERM)
        run.end(process)

    def judge(self, run: Run, is_killed: bool) -> list[str]:
        """It ends well, and has what it acknowledged."""
        wrong = judge.ended_well(run.seen.runs[-1], (0, 3), is_killed)
        if is_killed:
            return wrong
        return wrong + judge.no_temporary_files(run.home) + judge.stored_once(run.home, run.seen, [], {})

    def again(self, run: Run, is_crash: bool = False) -> list[str]:
        """Starts again, until all has arrived."""
        if is_crash:
            run.serve((), run.seen.port)  # whose journal lies there
        process = run.start(*self._arguments(run))
        if port := port_of(process):
            post_all(run, port, ["again"])
            _arrive(run, process, _stored(run))
            process.signal(signal.SIGTERM)
        wrong = judge.ended_well(run.end(process), (0,))
        wrong += judge.stored_once(run.home, run.seen, [], {})
        return wrong + judge.delivered(run.seen, [[name] for name in _stored(run)], 16)


def _stored(run: Run) -> list[str]:
    return [name for name, status in run.seen.answers.items() if status == 200]


def _arrive(run: Run, process: Process, names: list[str], seconds: float = _PATIENCE) -> None:
    """Until the target has all of these, or that will not come about."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not process.is_over and not set(names) <= set(run.seen.arrivals):
        time.sleep(0.02)
