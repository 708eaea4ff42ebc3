"""Which engine checks the lines."""

from ses_cli.batch import Checks, Engine
from ses_cli.schema.check import PythonEngine


def engine(checks: Checks) -> Engine:
    """An engine for these checks. Each thread and each process makes its own."""
    return PythonEngine(checks)
