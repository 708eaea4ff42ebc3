"""Check, summarise, replay and capture the callbacks of Tencent Cloud SES."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ses_cli.batch import Checks
    from ses_cli.callback import Callback
    from ses_cli.events import Problem
    from ses_cli.pipeline import Reader
    from ses_cli.reports.summary import Summary
    from ses_cli.reports.validation import Validation
    from ses_cli.scan import Outcome, Task
    from ses_cli.selection import Selection
    from ses_cli.sources import Source, find

__version__ = "0.1.0"

__all__ = [
    "Callback",
    "Checks",
    "Outcome",
    "Problem",
    "Reader",
    "Selection",
    "Source",
    "Summary",
    "Task",
    "Validation",
    "find",
]

_HOMES = {
    "Callback": "callback",
    "Checks": "batch",
    "Outcome": "scan",
    "Problem": "events",
    "Reader": "pipeline",
    "Selection": "selection",
    "Source": "sources",
    "Summary": "reports.summary",
    "Task": "scan",
    "Validation": "reports.validation",
    "find": "sources",
}


def __getattr__(name: str) -> object:
    """Imports what is asked for: the command line starts without what it does not need."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
