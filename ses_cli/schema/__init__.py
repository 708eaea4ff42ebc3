"""One line becomes a record, or problems that say exactly why not."""

from ses_cli.schema.check import DEFAULT_MAX_LINE, Checker

__all__ = ["DEFAULT_MAX_LINE", "Checker"]
