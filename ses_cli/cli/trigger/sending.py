"""Sends callbacks that were made: as a replay does, without a journal."""

import os
import tempfile
import time
from collections.abc import Sequence

from ses_cli.batch.records import Lane
from ses_cli.cli.options import Printing, Reading
from ses_cli.cli.replay.options import Sending
from ses_cli.cli.replay.output import confirm, show
from ses_cli.cli.replay.running import send
from ses_cli.cli.replay.settings import Given, http_options
from ses_cli.errors import Exit, UsageError
from ses_cli.render.collisions import OutputFile, refuse_collisions
from ses_cli.replay.engine import ReplayPolicy
from ses_cli.replay.http.target import resolve_target
from ses_cli.replay.schedule.pace import Pace
from ses_cli.replay.session import ReplaySettings
from ses_cli.replay.trigger import make_callbacks, parse_setting
from ses_cli.sources import Source


def run(
    event: str,
    settings: Sequence[str],
    count: int,
    rate: float | None,
    sending: Sending,
    printing: Printing,
    dry_run: bool,
) -> Exit:
    """Makes the callbacks, sends them, and reports. Raises UsageError, TargetError."""
    if sending.to is None:
        raise UsageError("--to: missing", "see ses-events trigger --help")
    keys = [name for name in (sending.secret_file, sending.cacert, sending.cert, sending.key) if name]
    refuse_collisions(keys, [OutputFile("-o", printing.output)])
    lines = list(make_callbacks(event, dict(map(parse_setting, settings)), count, int(time.time())))
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as made:
        made.writelines(lines)
        made.flush()
        source = Source("made", made.name, os.fstat(made.fileno()).st_size, None, None)
        policy = ReplayPolicy(pace=Pace(rate))
        target = resolve_target(sending.to, os.environ)
        given = Given(ReplaySettings([source], target, http_options(sending, None), policy, lane=Lane.NONE), [])
        reading = Reading((), given.settings.checks.max_line, False, None, 1)
        if dry_run:
            return show(given, reading, printing)
        confirm(given.settings, sending.yes)
        return send(given, reading, printing)
