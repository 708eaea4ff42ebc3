"""Fold the spans of the sources, one by one or in parallel, and merge what they hold in their order."""

from ses_cli.scan.parts import Part, Task
from ses_cli.scan.scan import Executor, Outcome, scan

__all__ = ["Executor", "Outcome", "Part", "Task", "scan"]
