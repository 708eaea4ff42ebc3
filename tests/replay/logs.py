"""Callbacks to replay, and replays of them."""

from collections.abc import Iterable, Iterator
from math import inf
from pathlib import Path

from ses_cli.batch import Checks, Piece
from ses_cli.batch.records import Lane
from ses_cli.pipeline import Reader
from ses_cli.replay.dead_letters import DeadLetters
from ses_cli.replay.engine import Replay, ReplayPolicy
from ses_cli.replay.http.client import Client
from ses_cli.replay.http.options import HttpOptions
from ses_cli.replay.http.target import resolve_target
from ses_cli.replay.intake import Intake, Log
from ses_cli.replay.job import Job
from ses_cli.replay.journal import Journal, JournalSubject, NoJournal, open_journal
from ses_cli.replay.result.report import ReplayReport
from ses_cli.replay.schedule.pace import Pace

NAME = "log.jsonl"


def lines(count: int, lanes: int = 7, begin: int = 1_700_000_000) -> list[bytes]:
    """Different callbacks of `lanes` messages in turn, one a second."""
    return [
        b'{"event":"delivered","email":"u%d@example.com","bulkId":"b","timestamp":%d, "n":%d}'
        % (n % lanes, begin + n, n)
        for n in range(count)
    ]


def pieces(raws: Iterable[bytes]) -> Iterator[Piece]:
    """One log, a line a piece."""
    offset = 0
    for number, raw in enumerate(raws, 1):
        yield Piece(NAME, offset, raw + b"\n", number)
        offset += len(raw) + 1


def log(raws: Iterable[bytes] | Iterable[Piece | None], lane: Lane | None = Lane.MESSAGE, number: int = 1) -> Log:
    """What a replay is of: lines, or pieces of them."""
    found = (raw if raw is None or isinstance(raw, Piece) else _piece(raw, place) for raw, place in _placed(raws))
    return Log(found, Reader(Checks(max_line=4 << 20)), {NAME: number}, lane)


def _placed(raws: Iterable[bytes] | Iterable[Piece | None]) -> Iterator[tuple[bytes | Piece | None, tuple[int, int]]]:
    offset, line = 0, 1
    for raw in raws:
        yield raw, (offset, line)
        if isinstance(raw, bytes):
            offset, line = offset + len(raw) + 1, line + 1


def _piece(raw: bytes, place: tuple[int, int]) -> Piece:
    return Piece(NAME, place[0], raw + b"\n", place[1])


def jobs(raws: Iterable[bytes], lane: Lane = Lane.MESSAGE) -> Iterator[Job]:
    """The jobs of one log, none of them sent before."""
    intake = Intake(log(raws, lane), NoJournal(), ReplayReport(), Pace())
    while jobs := intake.take(inf, 1, 1):
        yield from jobs


class Bytes:
    """A log's content."""

    def __init__(self, raws: Iterable[bytes]) -> None:
        self._data = b"".join(raw + b"\n" for raw in raws)

    def head(self) -> bytes:
        """Its beginning."""
        return self._data[: 64 << 10]

    def read(self, start: int, end: int) -> bytes:
        """A part of it."""
        return self._data[start:end]


def replay(
    raws: list[bytes],
    url: str,
    policy: ReplayPolicy | None = None,
    *,
    path: Path | None = None,
    options: HttpOptions | None = None,
    dead_letters: DeadLetters | None = None,
    environ: dict[str, str] | None = None,
    lane: Lane = Lane.MESSAGE,
) -> Replay:
    """A run, not yet begun."""
    policy = policy or ReplayPolicy()
    target = resolve_target(url, environ or {})
    sender = Client(target, options or HttpOptions(timeout=10, connect_timeout=5), policy.concurrency)
    journal: Journal = NoJournal()
    if path is not None:
        journal = open_journal(path, JournalSubject(url, target.masked), policy.concurrency)
    number = journal.open_log(NAME, Bytes(raws)).log
    return Replay(log(raws, lane, number), sender, journal, policy, dead_letters=dead_letters, chance=lambda: 0.01)
