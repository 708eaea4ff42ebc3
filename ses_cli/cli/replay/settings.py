"""What the options of `replay` mean to the library, looked up and checked before anything is sent."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from ses_cli.batch import Checks
from ses_cli.batch.records import Lane
from ses_cli.cli import scanning
from ses_cli.cli.live import followed, refuse
from ses_cli.cli.options import Printing, Reading, Selecting
from ses_cli.cli.replay.options import Pacing, Remembering, Sending
from ses_cli.errors import SourceError, SourcesError, UsageError
from ses_cli.render import messages
from ses_cli.render.collisions import OutputFile
from ses_cli.replay.engine import ReplayPolicy
from ses_cli.replay.http.options import HttpOptions
from ses_cli.replay.http.signing import parse_secrets
from ses_cli.replay.http.target import Target, resolve_target
from ses_cli.replay.journal import default_path
from ses_cli.replay.schedule.backoff import parse_statuses
from ses_cli.replay.schedule.pace import Pace
from ses_cli.replay.session import ReplaySettings, other_journals
from ses_cli.selection import EVERYTHING
from ses_cli.sources import Source

SECRET = "SES_EVENTS_SECRET"
_LOOKUP_PERIOD = 30.0  # seconds: a log may be followed for months, and the target moves meanwhile


@dataclass(frozen=True, slots=True)
class Given:
    """The command line, understood."""

    settings: ReplaySettings
    errors: list[SourceError]  # what could not be opened


def understand(
    reading: Reading,
    selecting: Selecting,
    printing: Printing,
    sending: Sending,
    pacing: Pacing,
    remembering: Remembering,
) -> Given:
    """Raises UsageError, TargetError where there is no such host, SourcesError where no log can be opened."""
    selection = selecting.selection()
    if remembering.raw and selection != EVERYTHING:
        raise UsageError("--raw sends every line as it is, so filters cannot be used")
    if pacing.follow:
        refuse((pacing.speed, "--speed"), (remembering.dry_run, "--dry-run"))
    if sending.to is None:
        raise UsageError("--to: missing", "see ses-events replay --help")
    http = http_options(sending, _LOOKUP_PERIOD if pacing.follow else None)
    target = resolve_target(sending.to, os.environ)
    sources, errors = ([followed(reading)], []) if pacing.follow else scanning.find_sources(reading)
    if not sources:
        raise SourcesError(errors)
    settings = ReplaySettings(
        sources=sources,
        target=target,
        http=http,
        policy=_policy(pacing, remembering),
        checks=Checks(reading.max_line, reading.strict, selection=selection),
        lane=None if remembering.raw else Lane(pacing.lane),
        journal=_journal(sources, target, remembering),
        is_same_target=remembering.same_target,
        begin_fd=pacing.begin_fd,
    )
    settings = _resumed(settings, remembering)
    _check_outputs(reading, settings, printing, sending, remembering)
    return Given(settings, errors)


def _policy(pacing: Pacing, remembering: Remembering) -> ReplayPolicy:
    return ReplayPolicy(
        concurrency=pacing.concurrency,
        pace=Pace(pacing.rate, pacing.speed, pacing.max_gap),
        retries=pacing.retries,
        retry_on=parse_statuses(pacing.retry_on),
        give_up_after=pacing.give_up_after,
        give_up_time=pacing.give_up_time,
        shutdown_timeout=pacing.shutdown_timeout,
        resend_unknown=remembering.unknown == "resend",
        is_endless=pacing.follow,
    )


def _journal(sources: list[Source], target: Target, remembering: Remembering) -> Path | None:
    """The journal's file, None where nothing is remembered."""
    if remembering.no_journal:
        return None
    if remembering.journal:
        return Path(remembering.journal)
    if any(source.size is None for source in sources):
        messages.note("piped input is sent without a journal; --journal FILE remembers what was delivered")
        return None
    if sources[0].is_object:
        hint = "--journal FILE remembers what was delivered, --no-journal sends without"
        raise UsageError(f"{sources[0].name}: a journal cannot lie beside an object", hint)
    return default_path(sources[0].path, target.url)


def _resumed(settings: ReplaySettings, remembering: Remembering) -> ReplaySettings:
    """With the journal to go on with, where there is none yet by this name: a note names those that know the logs."""
    if settings.journal is None or settings.journal.exists():
        return settings
    others = other_journals(settings)
    if remembering.same_target and not remembering.journal and others:
        if len(others) > 1:
            files = ", ".join(str(other.path) for other in others)
            raise UsageError("--same-target: more than one journal knows this log", f"name one with --journal: {files}")
        return replace(settings, journal=others[0].path)
    for other in others:
        how = f"--journal {other.path}" + ("" if other.is_same_target else " --same-target")
        messages.note(f"{other.log} was sent to {other.target} before: {how} skips what was delivered")
    return settings


def _check_outputs(
    reading: Reading, settings: ReplaySettings, printing: Printing, sending: Sending, remembering: Remembering
) -> None:
    """UsageError where a file to be written is read, or written besides."""
    outputs = [OutputFile("-o", printing.output)]
    outputs += [OutputFile("--journal", str(settings.journal))] if settings.journal else []
    outputs += [OutputFile("--failed", remembering.failed)] if remembering.failed else []
    outputs += [OutputFile("--results", remembering.results)] if remembering.results else []
    outputs += [OutputFile("--metrics", remembering.metrics)] if remembering.metrics else []
    others = (sending.secret_file, sending.cacert, sending.cert, sending.key)
    scanning.check_outputs(reading, settings.sources, outputs, *others)


def http_options(sending: Sending, lookup_period: float | None) -> HttpOptions:
    """What the options say of requests. Raises UsageError."""
    if sending.insecure:
        messages.note("--insecure: the target's certificate is not verified")
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
        lookup_period=lookup_period,
    )


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError("invalid header: expected a name, a colon and a value", "like -H 'Authorization: Bearer ...'")
    return name.strip(), value.strip()


def _keys(file: str | None) -> tuple[bytes, ...]:
    secret = os.environ.get(SECRET, "")
    if file:
        try:
            secret = Path(file).read_text()
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"{file}: cannot read the secret") from None
    return parse_secrets(secret) if secret else ()
