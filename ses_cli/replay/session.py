"""A replay from its settings to its report: logs, journal, client and engine put together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import NamedTuple

from ses_cli.batch import Checks
from ses_cli.batch.records import Lane
from ses_cli.errors import SourceError
from ses_cli.follow import Follower, OnChange
from ses_cli.pipeline import Reader, Rejects
from ses_cli.replay.content import content_of
from ses_cli.replay.dead_letters import DeadLetters
from ses_cli.replay.engine import Replay, ReplayPolicy
from ses_cli.replay.generations import follow
from ses_cli.replay.http.client import Client
from ses_cli.replay.http.options import HttpOptions
from ses_cli.replay.http.target import Target
from ses_cli.replay.intake import Intake, Log
from ses_cli.replay.journal import Journal, JournalSubject, NoJournal, Opened, Scope, journals_of, look, open_journal
from ses_cli.replay.logs import Logs
from ses_cli.replay.result.forecast import Forecast
from ses_cli.replay.result.report import ReplayReport, Snapshot
from ses_cli.replay.results import Results
from ses_cli.sources import Source

_POLICY = ReplayPolicy()
_PIECE = 256 << 10  # bytes, at most: while a piece is checked nothing is sent


def _ignore(_: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """What is sent where, and how."""

    sources: Sequence[Source]
    target: Target
    http: HttpOptions = field(default_factory=HttpOptions)
    policy: ReplayPolicy = _POLICY
    checks: Checks = field(default_factory=Checks)
    lane: Lane | None = Lane.MESSAGE  # None: every line as it is
    journal: Path | None = None
    is_same_target: bool = False  # the journal's target is called something else by now
    begin_fd: int | None = None  # with a log that is followed: the open file to begin with

    @property
    def size(self) -> int | None:
        """Bytes of all sources, None where one has no size or grows."""
        if self.policy.is_endless:
            return None
        sizes = [source.size for source in self.sources if source.size is not None]
        return sum(sizes) if len(sizes) == len(self.sources) else None

    @property
    def sent(self) -> JournalSubject:
        """What the journal is about."""
        checks = self.checks
        scope = Scope(checks.selection, checks.max_line, checks.strict, raw=self.lane is None)
        return JournalSubject(self.target.url, self.target.masked, scope, self.is_same_target)


@dataclass(frozen=True, slots=True)
class Session:
    """A replay that is ready to run."""

    settings: ReplaySettings
    reader: Reader
    pieces: Logs | Follower
    journal: Journal
    found: Sequence[tuple[str, Opened]]  # what the journal knows of each log, by its name
    run: Replay

    @property
    def errors(self) -> list[SourceError]:
        """What could not be read."""
        return self.pieces.errors

    @property
    def is_waiting(self) -> bool:
        """Whether all that has come was read."""
        return isinstance(self.pieces, Follower) and self.pieces.is_waiting


def prepare(
    settings: ReplaySettings,
    *,
    rejects: Rejects | None = None,
    dead_letters: DeadLetters | None = None,
    results: Results | None = None,
    progress: Callable[[Snapshot], None] | None = None,
    on_change: OnChange = _ignore,
) -> Session:
    """Opens logs and journal. `run.run()` sends; until then nothing leaves.

    UsageError where the settings make no sense; SourceError where the journal is another one's, or cannot tell what
    was sent; TargetError where it cannot be written.
    """
    policy = settings.policy
    sender = Client(settings.target, settings.http, policy.concurrency)
    reader = Reader(settings.checks, rejects)
    with ExitStack() as stack:
        stack.callback(sender.close)
        journal: Journal = NoJournal()
        if settings.journal is not None:
            journal = open_journal(settings.journal, settings.sent, policy.concurrency, sender.wake)
        stack.callback(journal.close)
        pieces, numbers, found = _open(settings, journal, reader, on_change)
        log = Log(pieces, reader, numbers, settings.lane)
        run = Replay(log, sender, journal, policy, dead_letters=dead_letters, results=results, progress=progress)
        stack.pop_all()
    return Session(settings, reader, pieces, journal, found, run)


def _open(
    settings: ReplaySettings, journal: Journal, reader: Reader, on_change: OnChange
) -> tuple[Logs | Follower, Mapping[str, int], list[tuple[str, Opened]]]:
    if settings.policy.is_endless:
        (source,) = settings.sources
        followed = follow(source, journal, settings.checks.max_line, on_change, settings.begin_fd)
        return followed.follower, followed.tracker.numbers, [(source.name, one) for one in followed.tracker.found]
    logs = Logs(settings.sources, journal, settings.checks.max_line, _piece_size(reader), waits=False)
    return logs, logs.numbers, [(found.source.name, found.opened) for found in logs.found]


class OtherJournal(NamedTuple):
    """A journal beside a log that knows it."""

    log: str
    path: Path
    target: str  # masked
    is_same_target: bool  # whether that is the one that is sent to


def other_journals(settings: ReplaySettings) -> list[OtherJournal]:
    """The journals beside the logs that know one of them, each once. A log that cannot be read is told of later."""
    found: dict[Path, OtherJournal] = {}
    for source in settings.sources:
        if settings.journal is None or source.size is None or source.is_object:
            continue
        content = content_of(source)
        with suppress(SourceError, OSError):
            for path, target, is_same in journals_of(Path(source.path), content, settings.sent, settings.journal):
                beside = Path(source.path).parent / path.name
                found.setdefault(path, OtherJournal(source.name, beside, target, is_same))
        content.close()
    return list(found.values())


def _piece_size(reader: Reader) -> int:
    return min(reader.engine.piece_size, _PIECE)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a replay would send, and what was read to find that out."""

    forecast: Forecast
    reader: Reader
    errors: Sequence[SourceError]


def forecast(
    settings: ReplaySettings, *, rejects: Rejects | None = None, progress: Callable[[int], None] = _ignore
) -> Outlook:
    """Reads the logs and the journal, and sends and writes nothing. Raises as `prepare` does.

    `progress` is told how many bytes of the logs are read.
    """
    reader, report = Reader(settings.checks, rejects), ReplayReport()
    found = Forecast(report)
    with _looked_at(settings) as journal:
        journal.look_only()
        logs = Logs(settings.sources, journal, settings.checks.max_line, _piece_size(reader))
        policy = settings.policy
        intake = Intake(
            Log(logs, reader, logs.numbers, settings.lane), journal, report, policy.pace, policy.resend_unknown
        )
        while not intake.over:
            for job in intake.take(inf, 1000, 1 << 20):
                found.add(job)
            progress(logs.done)
        report.skipped = journal.delivered
    return Outlook(found, reader, [*logs.errors, *(error for error in report.errors if isinstance(error, SourceError))])


@contextmanager
def _looked_at(settings: ReplaySettings) -> Iterator[Journal]:
    if settings.journal is None:
        yield NoJournal()
        return
    with look(settings.journal, settings.sent) as journal:
        yield journal
