"""`listen`: rotation, compression, rejects, SIGHUP, and a start on a log that ends in the middle of a line."""

import signal
import time
from dataclasses import dataclass
from pathlib import Path

import zstandard

from tests.faults import judge
from tests.faults.running import Process, Run, Seen, get, post
from tests.faults.scenario import callback

_BEFORE = ["before-0", "before-1"]
_ARCHIVED = "archived-0"
_STAMP = "20990101T000000Z"  # later ones follow it, so that the names of rotated files are known
_REJECT = "reject-marker-{}"
_TORN = b'{"event": "torn", "email": "to'
_SETTLED = 1.5  # seconds that compressing may take until all is ended


@dataclass(frozen=True)
class Listen:
    """Receives callbacks and rejects one after another."""

    name: str = "listen"
    compress: str = "zstd"
    is_renamed: bool = True  # by somebody else, who sends SIGHUP
    pad: int = 0  # bytes that a callback is larger by
    bound: tuple[str, ...] = ()

    def prepare(self, run: Run) -> None:
        """A rotated log, and a log whose last line is partial."""
        archived = zstandard.ZstdCompressor().compress(callback(_ARCHIVED) + b"\n")
        (run.home / f"log-{_STAMP}.jsonl.zst").write_bytes(archived)
        whole = b"".join(callback(name) + b"\n" for name in _BEFORE)
        (run.home / "log.jsonl").write_bytes(whole + _TORN)

    def _arguments(self, run: Run) -> list[str | Path]:
        log = run.home / "log.jsonl"
        return ["listen", "--port", "0", "--log", log, "--rotate", str(450 + 3 * self.pad), "--compress", self.compress]

    def drive(self, run: Run) -> None:
        """Posts, renames the log, posts on, and stops it."""
        process = run.start(*self._arguments(run))
        if port := port_of(process):
            get(port, 50)  # so that the loop has written more often than any other thread ever will
            post_all(run, port, ["first-0", "first-1", "first-2"], self.pad)
            _post_reject(run, port, 0)
            if self.is_renamed:
                _rename(run)
                process.signal(signal.SIGHUP)
            post_all(run, port, [f"second-{n}" for n in range(9)], self.pad)
            _post_reject(run, port, 1)
            _settle(run.home, process)
            process.signal(signal.SIGTERM)
        run.end(process)

    def judge(self, run: Run, is_killed: bool) -> list[str]:
        """It ends well, and has what it acknowledged."""
        ended = run.seen.runs[-1]
        wrong = judge.ended_well(ended, (0, 3), is_killed)
        if is_killed:
            return wrong
        return wrong + judge.no_temporary_files(run.home) + self._stored(run, is_repaired=_TORN not in _tail(run))

    def again(self, run: Run, is_crash: bool = False) -> list[str]:
        """Starts, takes a callback more, and stops."""
        process = run.start(*self._arguments(run))
        port = port_of(process)
        if port:
            name = f"again-{len(run.seen.runs)}"
            post_all(run, port, [name])
            _settle(run.home, process)
            process.signal(signal.SIGTERM)
        ended = run.end(process)
        wrong = judge.ended_well(ended, (0,))
        if not port:
            return [*wrong, f"did not start again: {ended.said[-300:]!r}"]
        if run.seen.answers[name] != 200:
            wrong.append(
                f"a callback after the next start was answered {run.seen.answers[name]}: {ended.said[-300:]!r}"
            )
        return wrong + judge.no_temporary_files(run.home) + self._stored(run, is_repaired=True, is_crash=is_crash)

    def _stored(self, run: Run, is_repaired: bool, is_crash: bool = False) -> list[str]:
        if not is_repaired:  # the program has not come so far
            return []
        rejects = {name: status for name, status in run.seen.answers.items() if name.startswith("reject")}
        answers = {name: status for name, status in run.seen.answers.items() if name not in rejects}
        return judge.stored_once(run.home, Seen(answers), [*_BEFORE, _ARCHIVED], rejects, is_crash)


def port_of(process: Process) -> int:
    """Where it listens, 0 where it does not."""
    found = process.until(r"listening on \w+://[^/]*?:(\d+)/")
    return int(found[1]) if found else 0


def post_all(run: Run, port: int, names: list[str], pad: int = 0) -> None:
    """Posts callbacks, one after another."""
    for name in names:
        run.seen.answers[name] = post(port, callback(name, pad=pad))


def _post_reject(run: Run, port: int, number: int) -> None:
    marker = _REJECT.format(number)
    run.seen.answers[marker] = post(port, b'{"event": "no such", "x": "%b"}' % marker.encode())


def _rename(run: Run) -> None:
    """As logrotate does."""
    if (run.home / "log.jsonl").exists():
        run.others.rename("log.jsonl", "log.moved.jsonl")


def _settle(home: Path, process: Process) -> None:
    """Until all that was rotated is compressed, or that will not come about."""
    end = time.monotonic() + _SETTLED
    while time.monotonic() < end and not process.is_over and any(home.glob("log-2*.jsonl")):
        time.sleep(0.02)


def _tail(run: Run) -> bytes:
    log = run.home / "log.jsonl"
    return log.read_bytes().rpartition(b"\n")[2] if log.exists() else b""
