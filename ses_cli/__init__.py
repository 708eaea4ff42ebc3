"""Summarize, validate, replay and receive the callbacks of Tencent Cloud SES.

What the commands do, as a library: `find` logs and fold them with `scan_sources` into a `Summary`, a `Validation`, a
`Listing`, `Health` or `Bounces`, of which a `SuppressionList` is made; follow one with `LiveReport`; send it with
`prepare_replay`; receive one with `serve`. `read` has the records themselves, as columns for DuckDB, Polars and pandas.
"""

TYPE_CHECKING = False  # as in typing, which takes a while to import: until `__main__` runs, Ctrl-C is a traceback
if TYPE_CHECKING:
    from ses_cli.batch import Checks
    from ses_cli.batch.records import Lane
    from ses_cli.callback import Callback
    from ses_cli.capture.access import Access
    from ses_cli.capture.handler import ReceiverPolicy
    from ses_cli.capture.pool import Limits
    from ses_cli.capture.rotation import Rotation
    from ses_cli.capture.server import ReceiverSettings, serve
    from ses_cli.errors import SesEventsError
    from ses_cli.events import Problem
    from ses_cli.export.stream import Records, read
    from ses_cli.follow import Follower, LogChange
    from ses_cli.live import LiveReport, Period
    from ses_cli.pipeline import Reader
    from ses_cli.reasons import Classifier, load_rules
    from ses_cli.reasons.decisions import read_decisions
    from ses_cli.reasons.learning import learn as learn_rules
    from ses_cli.reasons.learning import write_rules
    from ses_cli.replay.engine import ReplayPolicy
    from ses_cli.replay.http.options import HttpOptions
    from ses_cli.replay.http.target import resolve_target
    from ses_cli.replay.schedule.pace import Pace
    from ses_cli.replay.session import ReplaySettings
    from ses_cli.replay.session import forecast as forecast_replay
    from ses_cli.replay.session import prepare as prepare_replay
    from ses_cli.reports.bounces import Bounces, BouncesWanted
    from ses_cli.reports.health.report import Asked as HealthAsked
    from ses_cli.reports.health.report import Health
    from ses_cli.reports.listing import Listing
    from ses_cli.reports.summary import Summary
    from ses_cli.reports.validation import Validation
    from ses_cli.scan import Outcome, Task
    from ses_cli.scan import scan as scan_sources
    from ses_cli.selection import Selection
    from ses_cli.sources import Source, find
    from ses_cli.suppression import FORMATS as SUPPRESSION_FORMATS
    from ses_cli.suppression import SuppressionList

__version__ = "0.1.0"

__all__ = [
    "SUPPRESSION_FORMATS",
    "Access",
    "Bounces",
    "BouncesWanted",
    "Callback",
    "Checks",
    "Classifier",
    "Follower",
    "Health",
    "HealthAsked",
    "HttpOptions",
    "Lane",
    "Limits",
    "Listing",
    "LiveReport",
    "LogChange",
    "Outcome",
    "Pace",
    "Period",
    "Problem",
    "Reader",
    "ReceiverPolicy",
    "ReceiverSettings",
    "Records",
    "ReplayPolicy",
    "ReplaySettings",
    "Rotation",
    "Selection",
    "SesEventsError",
    "Source",
    "Summary",
    "SuppressionList",
    "Task",
    "Validation",
    "find",
    "forecast_replay",
    "learn_rules",
    "load_rules",
    "prepare_replay",
    "read",
    "read_decisions",
    "resolve_target",
    "scan_sources",
    "serve",
    "write_rules",
]

# module -> its names that are handed on; `there=here` where the name is a different one here
_HOMES = {
    "batch": "Checks",
    "batch.records": "Lane",
    "callback": "Callback",
    "capture.access": "Access",
    "capture.handler": "ReceiverPolicy",
    "capture.pool": "Limits",
    "capture.rotation": "Rotation",
    "capture.server": "ReceiverSettings serve",
    "errors": "SesEventsError",
    "events": "Problem",
    "export.stream": "Records read",
    "follow": "Follower LogChange",
    "live": "LiveReport Period",
    "pipeline": "Reader",
    "reasons": "Classifier load_rules",
    "reasons.decisions": "read_decisions",
    "reasons.learning": "learn=learn_rules write_rules",
    "replay.engine": "ReplayPolicy",
    "replay.http.options": "HttpOptions",
    "replay.http.target": "resolve_target",
    "replay.schedule.pace": "Pace",
    "replay.session": "ReplaySettings forecast=forecast_replay prepare=prepare_replay",
    "reports.bounces": "Bounces BouncesWanted",
    "reports.health.report": "Asked=HealthAsked Health",
    "reports.listing": "Listing",
    "reports.summary": "Summary",
    "reports.validation": "Validation",
    "scan": "Outcome Task scan=scan_sources",
    "selection": "Selection",
    "sources": "Source find",
    "suppression": "FORMATS=SUPPRESSION_FORMATS SuppressionList",
}
_PLACES = {
    name.split("=")[-1]: (module, name.split("=")[0]) for module, names in _HOMES.items() for name in names.split()
}


def __getattr__(name: str) -> object:
    """Imports what is asked for: the command line starts without what it does not need."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, there = _PLACES[name]
    return getattr(import_module(f"{__name__}.{module}"), there)


def __dir__() -> list[str]:
    return __all__
