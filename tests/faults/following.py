"""`summarize --follow`: a report over a log that grows and is renamed, with its invalid lines in a file."""

import json
import signal
from dataclasses import dataclass

from tests.faults import judge
from tests.faults.running import Process, Run
from tests.faults.scenario import callback

_INVALID = b'{"event": "no such"}\n'
_OLD = b"old\n"
_PATIENCE = 10.0  # seconds for a document that is to come


@dataclass(frozen=True)
class SummaryFollow:
    """Counts a log as it grows, until Ctrl-C."""

    name: str = "summarize-follow"
    bound: tuple[str, ...] = ()

    def prepare(self, run: Run) -> None:
        """The first callbacks, a line that is none, and the rejects of another run."""
        (run.home / "log.jsonl").write_bytes(_lines(0, 4) + _INVALID)
        (run.home / "rejects.ndjson").write_bytes(_OLD)

    def _start(self, run: Run) -> Process:
        home = run.home
        return run.start("summarize", "--follow", "--json", "--rejects", home / "rejects.ndjson", home / "log.jsonl")

    def drive(self, run: Run) -> None:
        """Lets the log grow, renames it, and begins another."""
        process = self._start(run)
        if process.until_out(_valid(4), _PATIENCE):
            run.others.append("log.jsonl", _lines(4, 6))
            process.until_out(_valid(6), _PATIENCE)
            run.others.rename("log.jsonl", "log.jsonl.1")
            run.others.append("log.jsonl", _lines(6, 8) + _INVALID)
            process.until_out(_valid(8), _PATIENCE)
        process.signal(signal.SIGINT)
        run.end(process)

    def judge(self, run: Run, is_killed: bool) -> list[str]:
        """It ends well, its documents are whole and only grow, and the rejects are the old ones or the new ones."""
        ended = run.seen.runs[-1]
        wrong = judge.ended_well(ended, (3, 130), is_killed)
        if not is_killed:
            wrong += judge.no_temporary_files(run.home)
        return wrong + _documents(ended.out, is_killed) + self._rejects(run, ended.status == 130)

    def again(self, run: Run, is_crash: bool = False) -> list[str]:
        """All that is in the log now is counted."""
        wrong = self._rejects(run, False) if is_crash else []
        log = run.home / "log.jsonl"
        count = log.read_bytes().count(b"bulkId") if log.exists() else 0
        if not count:
            return wrong
        process = self._start(run)
        if not process.until_out(_valid(count), _PATIENCE):
            wrong.append(f"{count} callbacks were never counted")
        process.signal(signal.SIGINT)
        ended = run.end(process)
        return wrong + judge.ended_well(ended, (130,)) + _documents(ended.out, False) + self._rejects(run, True)

    def _rejects(self, run: Run, is_new: bool) -> list[str]:
        path = run.home / "rejects.ndjson"
        text = path.read_bytes() if path.exists() else None
        if text == _OLD and not is_new:
            return []
        if text is None or text == _OLD:
            return [f"the rejects are {text!r}"]
        wrong = [f"rejects: {one}" for one in judge.whole_lines(text)]
        return wrong if text.count(b"no such") >= is_new else [*wrong, f"the rejects miss a line: {text[-300:]!r}"]


def _lines(first: int, last: int) -> bytes:
    return b"".join(callback(f"n{number}") + b"\n" for number in range(first, last))


def _valid(count: int) -> bytes:
    return b'"valid": %d,' % count


def _documents(out: bytes, is_torn: bool) -> list[str]:
    """One after another, the last one torn where the process was killed."""
    decoder, text, at, counted = json.JSONDecoder(), out.decode(), 0, [0]
    while text[at:].strip():
        try:
            document, at = decoder.raw_decode(text, at + len(text[at:]) - len(text[at:].lstrip()))
        except ValueError:
            return [] if is_torn else [f"no whole JSON document: {text[at : at + 80]!r}"]
        counted.append(document["records"]["valid"])
    return [] if counted == sorted(counted) else [f"what was counted shrinks: {counted}"]
