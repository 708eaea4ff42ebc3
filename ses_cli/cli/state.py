"""What `--state` keeps: read before a scan, and written after it."""

from pathlib import PurePosixPath

from ses_cli.cli.options import Reading, Selecting
from ses_cli.errors import SourceError, TargetError, UsageError
from ses_cli.render import messages
from ses_cli.render.output import Output
from ses_cli.render.text import safe
from ses_cli.scan import Outcome, Task
from ses_cli.scan.kept import Run, scan_on
from ses_cli.scan.parts import F
from ses_cli.scan.state import StateError
from ses_cli.sources import Source
from ses_cli.sources.names import is_log
from ses_cli.sources.source import is_address
from ses_cli.sources.whole import read_whole
from ses_cli.times import is_relative, zone_name


def refuse(reading: Reading, selecting: Selecting, task: Task[F], sources: list[Source]) -> None:
    """Raises UsageError, before anything is read, where a state would be none of what is asked for."""
    if task.keep is None:
        if reading.rejects:
            raise UsageError("--state does not go with --rejects: what was read before is not read again")
        hint = "validate takes it with --quiet"
        raise UsageError("--state does not go with what is printed line by line: it keeps totals", hint)
    if selecting.dedupe:
        raise UsageError("--state does not go with --dedupe: it does not keep which callbacks were counted")
    for option, text in (("--since", selecting.since), ("--until", selecting.until)):
        if text and is_relative(text):
            raise UsageError(f"--state does not go with {option} {text}, another time each run", "give a date")
    for source in sources:
        if source.size is None:
            raise UsageError(f"--state does not go with {source.name}, which can be read only once")
    state = str(reading.state)
    if is_address(state) and is_log(PurePosixPath(state.rpartition("/")[2])):
        raise UsageError(f"--state {state}: named like a log, and may be read as one", "name it callbacks.state")


def scan(reading: Reading, selecting: Selecting, task: Task[F], sources: list[Source], run: Run[F]) -> Outcome[F]:
    """What all sources hold, most of which the state may hold already. Raises SourceError where it does not fit."""
    name = str(reading.state)
    zone = None if selecting.tz else zone_name(None)
    try:
        found = scan_on(read_whole(name, reading.endpoint), sources, task, run, zone)
    except StateError as error:
        hint = "delete it to read everything again, or name another one"
        raise SourceError(f"{name}: this state does not fit: {error.message}", hint) from None
    if found.why:
        messages.note(safe(f"{found.why}: what follows it was read again"))
    if found.state is not None:
        try:
            _write(name, found.state, reading.endpoint)
        except TargetError as error:  # the report is there all the same
            found.outcome.errors.append(SourceError(error.message, error.hint))
    return found.outcome


def _write(name: str, state: bytes, endpoint: str | None) -> None:
    """Whole or not at all: it may hold addresses. Raises TargetError, UsageError."""
    if is_address(name):
        from ses_cli.sources.objects.upload import UploadTarget

        UploadTarget(name, endpoint).put(state)
        return
    with Output(name, 0o600) as output:
        output.write([state])
