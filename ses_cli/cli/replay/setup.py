"""What the options of `replay` mean to the library, looked up and checked before anything is sent."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ses_cli.batch import Piece
from ses_cli.cli import scanning
from ses_cli.cli.live import followed, refuse
from ses_cli.cli.options import Printing, Reading, Selecting
from ses_cli.cli.replay.options import Pacing, Remembering, Sending
from ses_cli.cli.stream import Stream
from ses_cli.errors import SourceError, SourcesError, UsageError
from ses_cli.render import messages
from ses_cli.render.collisions import OutputFile
from ses_cli.render.output import Output
from ses_cli.replay.deliveries import Delivery, Lane, deliveries, raw_deliveries
from ses_cli.replay.engine import Policy
from ses_cli.replay.http.client import HttpOptions
from ses_cli.replay.http.signing import parse_secrets
from ses_cli.replay.http.target import Target, resolve_target
from ses_cli.replay.schedule.backoff import parse_statuses
from ses_cli.replay.schedule.pace import Pace
from ses_cli.selection import EVERYTHING, Selection
from ses_cli.sources import Source, find
from ses_cli.sources.series import Series

SECRET = "SES_EVENTS_SECRET"


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run is about."""

    reading: Reading
    selection: Selection
    sources: list[Source]
    errors: list[SourceError]  # what could not be opened
    is_followed: bool  # the one source, as it grows
    parent: int | None  # the process without which the run ends
    begin_fd: int | None  # the open file with which a log is begun to be followed; None: the one of its name
    lane: Lane | None  # None: every line as it is
    target: Target
    wire: HttpOptions
    rules: Policy

    def series(self, unblocking: bool = False) -> Series:
        """The logs as they are now."""
        return Series(self.sources, self.reading.max_line, unblocking)

    def stream(self, pieces: Iterable[Piece | None], rejects: Output) -> Stream:
        """The lines of the logs, checked."""
        return Stream(pieces, self.reading, self.selection, rejects)

    def deliveries(self, stream: Stream) -> Iterator[Delivery | None]:
        """What is to be sent, in order."""
        if self.lane is None:
            return raw_deliveries(stream.raw_rows())
        return deliveries(stream.rows(), self.lane)

    @property
    def size(self) -> int | None:
        """Bytes of all sources, None where one has no size or grows."""
        if self.is_followed:
            return None
        sizes = [source.size for source in self.sources if source.size is not None]
        return sum(sizes) if len(sizes) == len(self.sources) else None


def setup(reading: Reading, selecting: Selecting, sending: Sending, pacing: Pacing, remembering: Remembering) -> Setup:
    """Raises UsageError, TargetError where there is no such host, SourcesError where no log can be opened."""
    selection = selecting.selection()
    if remembering.raw and selection != EVERYTHING:
        raise UsageError("--raw sends every line as it is, and what is no record cannot be selected")
    if pacing.follow:
        refuse((pacing.speed, "--speed"), (remembering.dry_run, "--dry-run"))
    wire, target = _wire(sending), resolve_target(sending.to, os.environ)
    sources, errors = ([followed(reading)], []) if pacing.follow else find(reading.files, messages.note)
    if not sources:
        raise SourcesError(errors)
    lane = None if remembering.raw else Lane(pacing.lane)
    rules = Policy(
        concurrency=pacing.concurrency,
        pace=Pace(pacing.rate, pacing.speed, pacing.max_gap),
        retries=pacing.retries,
        retry_on=parse_statuses(pacing.retry_on),
        give_up_after=pacing.give_up_after,
        give_up_time=pacing.give_up_time,
        grace=pacing.grace,
        resend_unknown=remembering.unknown == "resend",
        is_endless=pacing.follow,
    )
    return Setup(
        reading, selection, sources, errors, pacing.follow, pacing.parent, pacing.begin_fd, lane, target, wire, rules
    )


def check_outputs(
    setup: Setup, journal: Path | None, printing: Printing, sending: Sending, remembering: Remembering
) -> None:
    """UsageError where a file to be written is read, or written besides."""
    outputs = [OutputFile("-o", printing.output)]
    outputs += [OutputFile("--journal", str(journal))] if journal else []
    outputs += [OutputFile("--failed", remembering.failed)] if remembering.failed else []
    others = (sending.secret_file, sending.cacert, sending.cert, sending.key)
    scanning.check_outputs(setup.reading, setup.sources, outputs, *others)


def _wire(sending: Sending) -> HttpOptions:
    if sending.insecure:
        messages.note("--insecure: the target's certificate is not checked")
    return HttpOptions(
        method=sending.method,
        headers=list(map(_header, sending.headers)),
        keys=_keys(sending.secret_file),
        timeout=sending.timeout,
        connect_timeout=sending.connect_timeout,
        cacert=sending.cacert,
        cert=sending.cert,
        key=sending.key,
        insecure=sending.insecure,
        http2=sending.http2,
    )


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError("no header: a name, a colon and a value", "like -H 'Authorization: Bearer ...'")
    return name.strip(), value.strip()


def _keys(file: str | None) -> tuple[bytes, ...]:
    secret = os.environ.get(SECRET, "")
    if file:
        try:
            secret = Path(file).read_text()
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"{file}: the secret cannot be read") from None
    return parse_secrets(secret) if secret else ()
